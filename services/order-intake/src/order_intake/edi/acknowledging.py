"""The answers to what was read: TA1 with 997 or 999 for X12, CONTRL for EDIFACT. Pure: numbers and times are the caller's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from order_intake.edi import contrl
from order_intake.edi.faults import Fault, Level, Weight
from order_intake.edi.interchange import Interchange
from order_intake.edi.outgoing import Cover, Draft, write
from order_intake.edi.syntax import EDIFACT, X12
from order_intake.edi.verdicts import GroupVerdict, MessageVerdict, Outcome, Verdict
from order_intake.edi.writer import Element, Unwritable

ANSWERS = {"997", "999", "CONTRL"}
LETTERS = {Outcome.ACCEPTED: "A", Outcome.NOTED: "E", Outcome.PARTLY: "P", Outcome.REFUSED: "R"}
MOST_CODES = 5


class Wish(StrEnum):
    """When a partner wants to hear of the interchange's envelope: TA1 where ISA14 asks, CONTRL where UNB 0031 does. What is refused
    is always answered."""

    ALWAYS = "always"
    ASKED = "asked"
    NEVER = "never"


Row = tuple[Element, ...]


@dataclass(frozen=True)
class Reply:
    """What answers an interchange: rows that stand before the groups (TA1), and messages. Empty where nothing may be answered."""

    loose: tuple[Row, ...] = ()
    drafts: tuple[Draft, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.loose or self.drafts)


def reply(verdict: Verdict, kind: str = "997", wish: Wish | None = None) -> Reply:
    """For X12 TA1 (asked for, or for a fault of the interchange) and one `kind`, 997 or 999, a group; for EDIFACT a CONTRL, always
    unless `wish` says otherwise. An answer is never answered, and an interchange whose header cannot be read has nobody to answer to."""
    interchange = verdict.interchange
    if not (interchange.reference and interchange.sender.identifier) or _only_answers(interchange):
        return Reply()
    if interchange.syntax is EDIFACT:
        silent = not _wanted(interchange, wish or Wish.ALWAYS) and not _refuses(verdict)
        return Reply() if silent else Reply(drafts=(Draft("CONTRL", "D:3:UN", "1", tuple(contrl.rows(verdict))),))
    refused = verdict.outcome is Outcome.REFUSED
    wanted = _wanted(interchange, wish or Wish.ASKED) or verdict.outcome is not Outcome.ACCEPTED
    groups = [] if refused else [each for each in verdict.groups if each.group.header is not None and each.group.code != "FA"]
    drafts = tuple(_answer(each, kind, f"{number:04}") for number, each in enumerate(groups, 1))
    return Reply((_ta1(verdict),) if wanted else (), drafts)


def _wanted(interchange: Interchange, wish: Wish) -> bool:
    return wish is Wish.ALWAYS or (wish is Wish.ASKED and interchange.wants_acknowledgement)


def _refuses(verdict: Verdict) -> bool:
    inner = [each.outcome for each in verdict.groups] + [each.outcome for each in verdict.messages]
    return Outcome.REFUSED in (verdict.outcome, *inner)


def reply_bytes(
    verdict: Verdict, control: str, at: datetime, kind: str = "997", group_control: int = 1, wish: Wish | None = None
) -> bytes | None:
    """The whole answer, to the sender, in its own separators where they can carry it. None where there is none, or where the
    sender's identifiers fit into no envelope."""
    return enveloped(verdict.interchange, reply(verdict, kind, wish), control, at, group_control)


def enveloped(interchange: Interchange, answer: Reply, control: str, at: datetime, group_control: int = 1) -> bytes | None:
    """The same of an answer that is made already."""
    cover = reply_cover(interchange, answer, control, at, group_control)
    for attempt in (cover, replace(cover, delimiters=None), replace(cover, delimiters=None, charset="UNOY")) if answer else ():
        try:
            return write(attempt, answer.drafts)
        except Unwritable:
            continue
    return None


def reply_cover(interchange: Interchange, answer: Reply, control: str, at: datetime, group_control: int = 1) -> Cover:
    """The envelope back: sender and receiver change places."""
    heads = [each.header for each in interchange.groups if each.header is not None and interchange.syntax is X12]
    ours, theirs = (heads[0].text(3), heads[0].text(2)) if heads else ("", "")
    own = interchange.delimiters
    marks = own if own and own.component and own.all().isascii() else None
    return Cover(
        interchange.syntax, interchange.receiver, interchange.sender, control, at, group_control, ours, theirs, interchange.is_test,
        release=answer.drafts[0].release if answer.drafts else _envelope_release(interchange), delimiters=marks, loose=answer.loose,
    )  # fmt: skip


def _envelope_release(interchange: Interchange) -> str:
    return "005010" if interchange.header and interchange.header.text(12) >= "00501" else "004010"


def _only_answers(interchange: Interchange) -> bool:
    types = {message.type for message in interchange.messages}
    return (bool(types) and types <= ANSWERS) or (not types and any(each.tag == "TA1" for each in interchange.loose))


def _ta1(verdict: Verdict) -> Row:
    header = verdict.interchange.header
    assert header is not None
    serious = [fault for fault in verdict.interchange.faults if fault.weight is not Weight.REMARK]
    worst = next((fault for fault in serious if fault.weight is Weight.REFUSAL), serious[0] if serious else None)
    number = _number(header.text(13), 9).zfill(9)
    note = worst.rule.x12 if worst else "000"
    return "TA1", number, _moment(header.text(9), 6), _moment(header.text(10), 4), LETTERS[verdict.outcome], note


def _answer(verdict: GroupVerdict, kind: str, reference: str) -> Draft:
    group = verdict.group
    release = "005010" if kind == "999" or _release(group.header and group.header.text(8)) >= "005010" else "004010"
    code, number = _fit(group.code, 2, 2), _number(group.reference, 9)
    rows: list[Row] = [("AK1", code, number, group.header.text(8)[:12] if group.header and release == "005010" else None)]
    for each in verdict.messages:
        rows += _set(each, kind, release)
    said = _number(group.trailer.text(1), 6) if group.trailer else str(len(verdict.messages))
    rows.append(("AK9", LETTERS[verdict.outcome], said, len(verdict.messages), verdict.accepted, *_codes(group.faults)))
    return Draft(kind, release, reference, rows)


def _release(said: str | None) -> str:
    return (said or "")[:6]


def _set(verdict: MessageVerdict, kind: str, release: str) -> Iterator[Row]:
    header, letter = verdict.message.header, "AK" if kind == "997" else "IK"
    convention = header.text(3)[:35] if release == "005010" else ""
    yield "AK2", _fit(header.text(1), 3, 3), _fit(header.text(2), 4, 9, "0"), convention or None
    noted = [fault for fault in verdict.faults if fault.weight is not Weight.REMARK]
    body = [fault for fault in noted if fault.rule.level in (Level.SEGMENT, Level.ELEMENT) and fault.position]
    for position, found in groupby(sorted(body, key=lambda fault: fault.position), lambda fault: fault.position):
        yield from _segment(position, list(found), letter)
    outcome = LETTERS[verdict.outcome]
    yield f"{letter}5", outcome, *_codes([f for f in noted if f.rule.level is Level.MESSAGE], ["5"] if body else [])


def _segment(position: int, faults: Sequence[Fault], letter: str) -> Iterator[Row]:
    for fault in faults:
        if fault.rule.level is Level.SEGMENT:
            yield f"{letter}3", _fit(fault.tag, 2, 3), min(position, 999999), None, fault.rule.x12
    elements = [fault for fault in faults if fault.rule.level is Level.ELEMENT]
    if elements:
        yield f"{letter}3", _fit(elements[0].tag, 2, 3), min(position, 999999), None, "8"
    for fault in elements[:99]:
        code = fault.rule.x12 if letter == "IK" or len(fault.rule.x12) == 1 or fault.rule.x12 == "10" else "3"
        place = (min(fault.element, 99), fault.component or None)
        yield f"{letter}4", place, None, code, _shown(fault.value)


def _codes(faults: Sequence[Fault], more: Sequence[str] = ()) -> list[str]:
    codes = [fault.rule.x12 for fault in faults if fault.weight is not Weight.REMARK]
    return list(dict.fromkeys([*codes, *more]))[:MOST_CODES]


def _fit(text: str, least: int, most: int, fill: str = "?") -> str:
    """What came, in the width and with the characters that an answer may hold."""
    if text.isalnum() and text.isascii():
        return text[:most].ljust(least, fill)
    return "".join(each if each.isascii() and each.isalnum() else "?" for each in text)[:most].ljust(least, fill)


def _number(text: str, most: int) -> str:
    digits = "".join(each for each in text if each.isascii() and each.isdigit())
    return digits[-most:].lstrip("0") or "0"


def _moment(text: str, size: int) -> str:
    return text if len(text) == size and text.isascii() and text.isdigit() else "0" * size


def _shown(value: str) -> str | None:
    """The bad data, cut and without what could divide or control."""
    return "".join(each if each.isascii() and (each.isalnum() or each in " .,-/#") else "?" for each in value[:99]).strip() or None
