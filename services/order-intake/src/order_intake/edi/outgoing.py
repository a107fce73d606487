"""Whole interchanges to send: the envelope from a cover, the messages from drafts, every count and reference by us."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from order_intake.edi.delimiters import EDIFACT_USUAL, ISA_WIDTHS, X12_USUAL, X12_USUAL_5010, Delimiters
from order_intake.edi.interchange import Party
from order_intake.edi.syntax import EDIFACT, FUNCTIONAL_GROUPS, X12, Syntax
from order_intake.edi.writer import Element, Unwritable, Writer


@dataclass(frozen=True)
class Draft:
    """A message before it has an envelope. `release` is 004010, or D:96A:UN:EAN008 with the association; `segments` are rows of
    tag and elements, without header and trailer."""

    type: str
    release: str
    reference: str
    segments: Sequence[Sequence[Element]]


@dataclass(frozen=True)
class Cover:
    """What an envelope says. `control` is the interchange's number, `group_control` that of its first group; `loose` goes before the
    groups (TA1). Separators None: the usual ones, or for X12 others where the data holds one of them."""

    syntax: Syntax
    sender: Party
    receiver: Party
    control: str
    at: datetime
    group_control: int = 1
    application_sender: str = ""
    application_receiver: str = ""
    is_test: bool = False
    wants_acknowledgement: bool = False
    release: str = "004010"
    charset: str = "UNOC"
    delimiters: Delimiters | None = None
    line_end: str = ""
    loose: Sequence[Sequence[Element]] = field(default=())


def write(cover: Cover, drafts: Sequence[Draft]) -> bytes:
    """The interchange. Raises Unwritable for what its separators, widths or character set cannot carry."""
    if cover.syntax is EDIFACT:
        return b"".join(_edifact(cover, drafts))
    marks = cover.delimiters or _free(_usual(cover), [*cover.loose, *(row for draft in drafts for row in draft.segments)])
    return b"".join(_x12(cover, drafts, Writer(marks, "", cover.line_end)))


def _x12(cover: Cover, drafts: Sequence[Draft], writer: Writer) -> Iterable[bytes]:
    yield _isa(cover, writer.delimiters)
    yield writer.segments(cover.loose)
    groups = [(key, list(each)) for key, each in groupby(drafts, lambda draft: (FUNCTIONAL_GROUPS[draft.type], draft.release))]
    for number, ((code, release), members) in enumerate(groups, cover.group_control):
        sender, receiver = cover.application_sender or cover.sender.identifier, cover.application_receiver or cover.receiver.identifier
        yield writer.segment("GS", code, sender, receiver, f"{cover.at:%Y%m%d}", f"{cover.at:%H%M}", number, "X", release)
        for draft in members:
            convention = draft.release if len(draft.release) > 6 and draft.release >= "005" else ""
            yield writer.segment("ST", draft.type, draft.reference, convention)
            yield writer.segments(draft.segments)
            yield writer.segment("SE", len(draft.segments) + 2, draft.reference)
        yield writer.segment("GE", len(members), number)
    yield writer.segment("IEA", len(groups), cover.control.zfill(9))


def _isa(cover: Cover, marks: Delimiters) -> bytes:
    fields = [
        "00", " " * 10, "00", " " * 10, cover.sender.qualifier or "ZZ", cover.sender.identifier.ljust(15),
        cover.receiver.qualifier or "ZZ", cover.receiver.identifier.ljust(15), f"{cover.at:%y%m%d}", f"{cover.at:%H%M}",
        marks.repetition or "U", cover.release[:5], cover.control.zfill(9), "1" if cover.wants_acknowledgement else "0",
        "T" if cover.is_test else "P", marks.component or "",
    ]  # fmt: skip
    head = marks.element.join(["ISA", *fields])
    widths = tuple(map(len, fields)) if marks.component else ()
    if widths != ISA_WIDTHS or not head.isascii() or any(each in "".join(fields[:10]) for each in marks.all()):
        raise Unwritable("The identifiers or the control number do not fit into ISA.")
    return (head + marks.segment).encode("latin-1") + cover.line_end.encode()


def _usual(cover: Cover) -> Delimiters:
    return X12_USUAL_5010 if cover.release >= "00402" else X12_USUAL


def _free(marks: Delimiters, rows: Sequence[Sequence[Element]]) -> Delimiters:
    """The usual separators; one that the data holds gives way to a character that nothing holds."""
    text = "".join(str(each) if not isinstance(each, list | tuple) else "".join(map(str, each)) for row in rows for each in row)
    spare = iter([each for each in "|^\\`{}\x1d\x1e\x1f\x1c" if each not in text and each not in marks.all()])
    chosen = [next(spare, each) if each in text else each for each in (marks.element, marks.component or ">", marks.segment)]
    repetition = marks.repetition and (next(spare, marks.repetition) if marks.repetition in text else marks.repetition)
    return Delimiters(chosen[0], chosen[1], chosen[2], repetition)


def _edifact(cover: Cover, drafts: Sequence[Draft]) -> Iterable[bytes]:
    if not (cover.sender.identifier and cover.receiver.identifier and cover.control):
        raise Unwritable("UNB needs a sender, a receiver and a reference.")
    marks = cover.delimiters or EDIFACT_USUAL
    writer = Writer(marks, cover.charset, cover.line_end)
    una = (
        "UNA"
        + (marks.component or ":")
        + marks.element
        + marks.decimal
        + (marks.release or " ")
        + (marks.repetition or " ")
        + marks.segment
    )
    yield una.encode("latin-1") + cover.line_end.encode()
    flags = [None, None, None, 1 if cover.wants_acknowledgement else None, None, 1 if cover.is_test else None]
    moment = (f"{cover.at:%y%m%d}", f"{cover.at:%H%M}")
    version = "4" if marks.repetition else "3"
    yield writer.segment("UNB", (cover.charset, version), _party(cover.sender), _party(cover.receiver), moment, cover.control, *flags)
    for draft in drafts:
        yield writer.segment("UNH", draft.reference, (draft.type, *draft.release.split(":")))
        yield writer.segments(draft.segments)
        yield writer.segment("UNT", len(draft.segments) + 2, draft.reference)
    yield writer.segment("UNZ", len(drafts), cover.control)


def _party(party: Party) -> tuple[str, str, str]:
    return party.identifier, party.qualifier, party.internal


__all__ = ["EDIFACT", "X12", "Cover", "Draft", "write"]
