"""855, 865, ORDRSP and APERAK: what becomes of an order or of a wish to change it, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from order_intake.documents.facts import PartnerLine, PartnerOrder, Reader
from order_intake.documents.rows import (
    EACH,
    Row,
    cut,
    day,
    edifact_line,
    edifact_parties,
    edifact_quantity,
    edifact_references,
    period,
    x12_items,
    x12_parties,
    x12_references,
)
from order_intake.edi import X12, Draft

NOTES_SHOWN = 100


class AnswerKind(StrEnum):
    ACCEPTED = "accepted"
    BACKORDERED = "backordered"
    REFUSED = "refused"
    CHANGED = "changed"
    CHANGE_REFUSED = "change refused"
    CANCELLED = "cancelled"
    """As the partner wished."""
    NO_ORDER = "no order"
    """There is none that the message could mean: APERAK in EDIFACT."""


class LineReason(StrEnum):
    UNKNOWN_ITEM = "unknown item"
    QUANTITY = "quantity not possible"
    UNIT = "unit not possible"
    NO_STOCK = "no stock"
    OTHER = "not accepted"


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """Of what was ordered so much is promised by now; `reason` says why a line is refused."""

    line_no: int
    ordered: int
    promised: int
    reason: LineReason | None = None


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """`reason` is a sentence for the whole order; `number` our own number of the answer, the order's where it is empty."""

    kind: AnswerKind
    order: PartnerOrder
    at: datetime
    lines: tuple[AnswerLine, ...] = ()
    reason: str = ""
    promised_on: str = ""
    number: str = ""


ON_CHANGES = frozenset({AnswerKind.CHANGED, AnswerKind.CHANGE_REFUSED, AnswerKind.CANCELLED})
REFUSALS = frozenset({AnswerKind.REFUSED, AnswerKind.CHANGE_REFUSED, AnswerKind.NO_ORDER})


def order_responses(partner: Reader, answers: Sequence[OrderAnswer]) -> list[Draft]:
    """One document for each answer, without its reference number, which the outbox gives."""
    return [_draft(partner, answer) for answer in answers]


def response_type(partner: Reader, kind: AnswerKind) -> str:
    if partner.syntax is X12:
        return "865" if kind in ON_CHANGES else "855"
    return "APERAK" if kind is AnswerKind.NO_ORDER else "ORDRSP"


def _draft(partner: Reader, answer: OrderAnswer) -> Draft:
    build = {"855": _x855, "865": _x865, "ORDRSP": _ordrsp, "APERAK": _aperak}
    document = response_type(partner, answer.kind)
    return Draft(document, partner.release(document), "", build[document](answer))


def _x855(answer: OrderAnswer) -> list[Row]:
    order = answer.order
    rows: list[Row] = [("BAK", "00", _outcome(answer), order.number, order.dated_on or day(answer.at), *(None,) * 4, day(answer.at))]
    rows += [*x12_references(order.references), *_notes(answer), *x12_parties(order.places)]
    for line in answer.lines:
        rows += [_po1(order.line(line.line_no), line), *_acks(answer, line)]
    return [*rows, ("CTT", len(answer.lines))] if answer.lines else rows


def _outcome(answer: OrderAnswer) -> str:
    """BAK02 and BCA02: with or without detail, with or without change."""
    if answer.kind in REFUSALS:
        return "RD" if answer.lines else "RJ"
    if answer.kind is AnswerKind.CANCELLED:
        return "AT"
    if not answer.lines:
        return "AK"
    return "AD" if all(line.promised == line.ordered for line in answer.lines) else "AC"


def _po1(line: PartnerLine, answered: AnswerLine) -> Row:
    quantity, unit = line.said(answered.ordered, EACH)
    return ("PO1", line.number, quantity, unit, _price(line, unit), None, *x12_items(line.items))


def _price(line: PartnerLine, unit: str) -> str | None:
    """As the partner wrote it, where it is that of the unit which we say."""
    is_number = line.price.replace(".", "", 1).isdecimal() and line.price.isascii()
    return line.price if is_number and unit == line.unit else None


def _acks(answer: OrderAnswer, line: AnswerLine) -> list[Row]:
    """The parts of a line, each with its status: promised, on backorder, refused."""
    ordered = answer.order.line(line.line_no)
    if line.reason or answer.kind in REFUSALS:
        return [("ACK", "R2" if line.reason is LineReason.UNKNOWN_ITEM else "IR", *ordered.said(line.ordered, EACH))]
    when = ("067", answer.promised_on) if answer.promised_on else ()
    rest = line.ordered - line.promised
    if answer.kind is AnswerKind.BACKORDERED:
        parts = (("IA", line.promised, when), ("IB", rest, ()))
    else:
        parts = (("IQ" if rest else "IA", line.promised, when), ("", 0, ()))
    said: list[Row] = [("ACK", status, *ordered.said(quantity, EACH), *when) for status, quantity, when in parts if quantity]
    return said or [("ACK", "IR", *ordered.said(rest, EACH))]


def _notes(answer: OrderAnswer) -> list[Row]:
    lines = [f"line {answer.order.line(line.line_no).number or line.line_no}: {line.reason}" for line in answer.lines if line.reason]
    return [("N9", "ZZ", None, cut(text, 45)) for text in [answer.reason, *lines[:NOTES_SHOWN]] if text]


def _x865(answer: OrderAnswer) -> list[Row]:
    order = answer.order
    purpose = "01" if answer.kind is AnswerKind.CANCELLED else "04"
    rows: list[Row] = [("BCA", purpose, _outcome(answer), order.number, None, None, order.dated_on or day(answer.at))]
    rows += [*x12_references(order.references), *_notes(answer), *x12_parties(order.places)]
    for line in answer.lines:
        ordered = order.line(line.line_no)
        quantity, unit = ordered.said(line.ordered, EACH)
        rows.append(("POC", ordered.number, "CA", quantity, 0, (unit,), _price(ordered, unit), None, *x12_items(ordered.items)))
        rows += _acks(answer, line)
    return [*rows, ("CTT", len(answer.lines))] if answer.lines else rows


ORDRSP_OUTCOMES = {AnswerKind.ACCEPTED: "29", AnswerKind.CANCELLED: "29", AnswerKind.CHANGED: "4", AnswerKind.BACKORDERED: "4"}


def _ordrsp(answer: OrderAnswer) -> list[Row]:
    order = answer.order
    changed = any(line.promised != line.ordered for line in answer.lines)
    code = ORDRSP_OUTCOMES.get(answer.kind, "27")
    rows: list[Row] = [
        ("BGM", "231", answer.number or order.number, "4" if code == "29" and changed else code),
        period("137", day(answer.at)),
    ]
    rows += [("FTX", "AAO", None, None, cut(text, 70)) for text in [answer.reason] if text]
    rows += [("RFF", ("ON", order.number)), *edifact_references(order.references), *edifact_parties(order.places)]
    for number, line in enumerate(answer.lines, 1):
        rows += _ordrsp_line(answer, number, line)
    return [*rows, ("UNS", "S"), ("CNT", ("2", len(answer.lines)))]


def _ordrsp_line(answer: OrderAnswer, number: int, line: AnswerLine) -> list[Row]:
    ordered = answer.order.line(line.line_no)
    refused = bool(line.reason) or answer.kind in REFUSALS
    action = "7" if refused else "5" if line.promised == line.ordered else "3"
    rows: list[Row] = [*edifact_line(number, ordered, action), edifact_quantity("21", line.ordered, ordered)]
    rows.append(edifact_quantity("113", 0 if refused else line.promised, ordered))
    if answer.kind is AnswerKind.BACKORDERED and line.promised < line.ordered:
        rows.append(edifact_quantity("83", line.ordered - line.promised, ordered))
    if answer.promised_on and line.promised and not refused:
        rows.append(period("69", answer.promised_on))
    return [*rows, ("FTX", "AAO", None, None, line.reason)] if line.reason else rows


def _aperak(answer: OrderAnswer) -> list[Row]:
    rows: list[Row] = [("BGM", "305", answer.number or answer.order.number, "27"), period("137", day(answer.at))]
    rows += [("RFF", ("ON", answer.order.number)), *edifact_parties(answer.order.places)]
    return [*rows, ("ERC", ("42", "", "9")), ("FTX", "AAO", None, None, cut(answer.reason or "not accepted", 70))]
