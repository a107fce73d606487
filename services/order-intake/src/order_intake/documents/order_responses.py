"""855, 865, ORDRSP and APERAK: what becomes of an order or of a wish to change it, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from order_intake.documents.facts import PartnerLine, PartnerOrder, Reader
from order_intake.documents.incoming import LineWish
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
    OTHER = "not accepted"


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """Of what was ordered so much is promised by now; `reason` says why a line is refused, `change` what was wished of it."""

    line_no: int
    ordered: int
    promised: int
    reason: LineReason | None = None
    change: LineWish | None = None


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """`reason` is a sentence for the whole order; `number` our own number of the answer, the order's where it is empty. `change` is the
    partner's number of the change that is answered; `replaces`: it was the whole order anew."""

    kind: AnswerKind
    order: PartnerOrder
    at: datetime
    lines: tuple[AnswerLine, ...] = ()
    reason: str = ""
    promised_on: str = ""
    number: str = ""
    change: str = ""
    replaces: bool = False


REPLACED = "05"
X12_CHANGES = {LineWish.ADD: "AI", LineWish.DELETE: "DI", LineWish.MORE: "QI", LineWish.LESS: "QD", LineWish.KEEP: "NC"}
EDIFACT_CHANGES = {LineWish.ADD: "1", LineWish.DELETE: "2", LineWish.KEEP: "5"}
"""All else is a change of the line: CA, 3."""
MOST_OF_A_SEQUENCE = 8
MOST_DIGITS_LEFT = 9
ON_CHANGES = frozenset({AnswerKind.CHANGED, AnswerKind.CHANGE_REFUSED, AnswerKind.CANCELLED})
REFUSALS = frozenset({AnswerKind.REFUSED, AnswerKind.CHANGE_REFUSED, AnswerKind.NO_ORDER})


def order_responses(partner: Reader, answers: Sequence[OrderAnswer]) -> list[Draft]:
    """One document for each answer, without its reference number, which the outbox gives."""
    return [_draft(partner, answer) for answer in answers]


def _type(partner: Reader, answer: OrderAnswer) -> str:
    """A whole order that came anew is answered as a new one is."""
    if partner.syntax is X12:
        return "865" if answer.kind in ON_CHANGES and not answer.replaces else "855"
    return "APERAK" if answer.kind is AnswerKind.NO_ORDER else "ORDRSP"


def _draft(partner: Reader, answer: OrderAnswer) -> Draft:
    build = {"855": _x855, "865": _x865, "ORDRSP": _ordrsp, "APERAK": _aperak}
    document = _type(partner, answer)
    return Draft(document, partner.release(document), "", build[document](answer))


def _x855(answer: OrderAnswer) -> list[Row]:
    order, purpose = answer.order, REPLACED if answer.replaces else "00"
    rows: list[Row] = [("BAK", purpose, _outcome(answer), order.number, order.dated_on or day(answer.at), *(None,) * 4, day(answer.at))]
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
        quantity = ordered.said(line.ordered, EACH) if line.ordered or not line.change else ()
        return [("ACK", "R2" if line.reason is LineReason.UNKNOWN_ITEM else "IR", *quantity)]
    if line.change is LineWish.DELETE:
        return [("ACK", "ID")]
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
    sequence = answer.change if len(answer.change) <= MOST_OF_A_SEQUENCE else None
    rows: list[Row] = [("BCA", purpose, _outcome(answer), order.number, None, sequence, order.dated_on or day(answer.at))]
    rows += [*x12_references(order.references), *_notes(answer), *x12_parties(order.places)]
    for line in answer.lines:
        rows += [_poc(order.line(line.line_no), line), *_acks(answer, line)]
    return [*rows, ("CTT", len(answer.lines))] if answer.lines else rows


def _poc(line: PartnerLine, answered: AnswerLine) -> Row:
    """Nothing was received of it yet: all is left to receive."""
    code, items = X12_CHANGES.get(answered.change or LineWish.SET, "CA"), x12_items(line.items)
    if not answered.ordered and answered.change:
        return ("POC", line.number, code, None, None, None, None, None, *items)
    quantity, unit = line.said(answered.ordered, EACH)
    left = quantity if quantity < 10**MOST_DIGITS_LEFT else None
    return ("POC", line.number, code, quantity, left, (unit,), _price(line, unit), None, *items)


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
    rows += [("RFF", ("ON", order.number)), *([("RFF", ("PP", answer.change))] if answer.change else [])]
    rows += [*edifact_references(order.references), *edifact_parties(order.places)]
    for number, line in enumerate(answer.lines, 1):
        rows += _ordrsp_line(answer, number, line)
    return [*rows, ("UNS", "S"), ("CNT", ("2", len(answer.lines)))]


def _ordrsp_line(answer: OrderAnswer, number: int, line: AnswerLine) -> list[Row]:
    ordered = answer.order.line(line.line_no)
    refused = bool(line.reason) or answer.kind in REFUSALS
    rows: list[Row] = [*edifact_line(number, ordered, "7" if refused else _action(line))]
    if line.change and not line.ordered:
        return [*rows, ("FTX", "AAO", None, None, line.reason)] if line.reason else rows
    rows.append(edifact_quantity("21", line.ordered, ordered))
    rows.append(edifact_quantity("113", 0 if refused else line.promised, ordered))
    if answer.kind is AnswerKind.BACKORDERED and line.promised < line.ordered:
        rows.append(edifact_quantity("83", line.ordered - line.promised, ordered))
    if answer.promised_on and line.promised and not refused:
        rows.append(period("69", answer.promised_on))
    return [*rows, ("FTX", "AAO", None, None, line.reason)] if line.reason else rows


def _action(line: AnswerLine) -> str:
    """LIN 1229 of what is not refused."""
    if line.change:
        return EDIFACT_CHANGES.get(line.change, "3")
    return "5" if line.promised == line.ordered else "3"


def _aperak(answer: OrderAnswer) -> list[Row]:
    rows: list[Row] = [("BGM", "305", answer.number or answer.order.number, "27"), period("137", day(answer.at))]
    rows += [("RFF", ("ON", answer.order.number)), *edifact_parties(answer.order.places)]
    return [*rows, ("ERC", ("42", "", "9")), ("FTX", "AAO", None, None, cut(answer.reason or "not accepted", 70))]
