"""`read`: bytes in, tree out, never an exception."""

from collections.abc import Iterator

from order_intake.edi.charsets import CODECS, beyond, codec_of
from order_intake.edi.delimiters import EDIFACT_USUAL, ISA_LENGTH, Delimiters
from order_intake.edi.envelope import Envelope, compared
from order_intake.edi.faults import Fault, fault
from order_intake.edi.interchange import Group, Interchange, Transmission
from order_intake.edi.limits import LIMITS, Limits
from order_intake.edi.scanning import BOM, Block, blocks
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import EDIFACT, X12, Syntax
from order_intake.edi.tokens import Tokens, tokens

Seen = set[tuple[str, ...]]


def read(data: bytes, limits: Limits = LIMITS, usual: Delimiters = EDIFACT_USUAL) -> Transmission:
    """Every interchange of a body with every fault of its envelopes. What stands in the messages is `check`'s to judge. `usual` are
    the separators of EDIFACT without UNA; some partners end segments with lines (`EDIFACT_LINES`)."""
    if len(data) > limits.body_bytes:
        return Transmission(data, (), (fault("too-much", limits.body_bytes, f"{len(data)} bytes"),))
    faults = [fault("byte-order-mark", 0)] if data.startswith(BOM) else []
    found: list[Interchange] = []
    seen: Seen = set()
    for block in blocks(data, usual):
        if len(found) >= limits.interchanges:
            faults.append(fault("too-much", block.start, "interchanges"))
            break
        found.append(_interchange(data, block, limits, seen))
    return Transmission(data, tuple(found), tuple(faults) if found else (*faults, fault("unreadable", 0, "nothing but white space")))


def _interchange(data: bytes, block: Block, limits: Limits, seen: Seen) -> Interchange:
    raw = data[block.start : block.end]
    syntax, marks = block.syntax, block.opening.delimiters
    if syntax is None or marks is None:
        name = "unreadable" if syntax is None else "separators"
        odd = tuple(fault(each, block.start) for each in block.opening.odd)
        header = _legible(raw, block.start) if syntax is X12 else None
        return Interchange(syntax or X12, None, "", raw, block.start, header, faults=(*odd, fault(name, block.start)))
    charset = _charset(raw, syntax, marks)
    codec = codec_of(raw, charset)
    cut = tokens(raw[block.opening.begins :], block.start + block.opening.begins, marks, codec)
    envelope = Envelope(syntax, cut.segments, limits)
    envelope.read()
    faults = [fault(each, block.start, tag="ISA") for each in block.opening.odd]
    faults += [*envelope.faults, *_brackets(envelope, block.end), *_bytes(raw, block, cut, charset), *_again(envelope, seen)]
    return Interchange(
        syntax, marks, charset, raw, block.start, envelope.header, tuple(envelope.groups), envelope.trailer, tuple(envelope.loose),
        tuple(faults), codec,
    )  # fmt: skip


def _legible(raw: bytes, start: int) -> Segment | None:
    """What can be read of an ISA whose other separators cannot: enough to say in a TA1 whose it was."""
    text = raw[: 4 * ISA_LENGTH].decode("latin-1")
    fields = text.split(text[3:4] or " ", 15)[:15]
    if fields[0] != "ISA" or len(fields) < 15 or not (fields[13].isdigit() and fields[13].isascii()):
        return None
    return Segment("ISA", fields, start, 0, Delimiters(text[3], None, "~"))


def _charset(raw: bytes, syntax: Syntax, marks: Delimiters) -> str:
    """UNB 0001; X12 declares none."""
    if syntax is X12:
        return ""
    start = raw.find(b"UNB")
    head = raw[start : start + 64].decode("latin-1") if start >= 0 else ""
    said = head.split(marks.element, 2)[1] if marks.element in head else ""
    return said.split(marks.component or ":")[0].strip()


def _brackets(envelope: Envelope, end: int) -> Iterator[Fault]:
    header, trailer, syntax = envelope.header, envelope.trailer, envelope.syntax
    if header is None:
        yield fault("header-missing", end)
    elif trailer is None:
        yield fault("trailer-missing", end, tag=syntax.interchange.trailer)
    else:
        yield from compared(header, trailer, syntax.interchange, _counted(envelope.groups))
    if header is not None:
        yield from _versions(header, syntax)
    answers = syntax is X12 and any(each.tag == "TA1" for each in envelope.loose)
    if not answers and not any(group.messages for group in envelope.groups):
        yield fault("no-message", end)


def _counted(groups: list[Group]) -> int:
    """Groups where there are any with a header, else messages (EDIFACT only)."""
    headed = [group for group in groups if group.header is not None]
    edifact = groups and groups[0].syntax is EDIFACT and not headed
    return sum(len(group.messages) for group in groups) if edifact else len(headed)


def _versions(header: Segment, syntax: Syntax) -> Iterator[Fault]:
    if syntax is X12:
        control, version = header.text(13), header.text(12)
        if not (control.isdigit() and len(control) == 9):
            yield fault("reference-bad", header.offset, tag="ISA", element=13, value=control)
    else:
        version, name = header.value(1, 2), header.value(1)
        if name not in CODECS:
            yield fault("charset-unknown", header.offset, repr(name[:10]), tag="UNB", element=1, value=name)
    if not version.isdigit():
        yield fault("version-bad", header.offset, repr(version[:10]), tag=header.tag, element=12 if syntax is X12 else 1, value=version)


def _bytes(raw: bytes, block: Block, cut: Tokens, charset: str) -> Iterator[Fault]:
    marks = block.opening.delimiters
    if marks is None:
        return
    if cut.empty:
        yield fault("segment-empty", cut.first_empty, str(cut.empty))
    if not cut.terminated:
        name = "terminator-missing"
        if marks.release and raw.rstrip().endswith(marks.release.encode("latin-1")):
            name = "release-at-end"
        yield fault(name, block.end)
    if strange := beyond(raw[block.opening.begins :], charset, marks.all()):
        at = block.start + raw.find(strange[:1], block.opening.begins)
        yield fault("character", at, f"{len(strange)}, the first is 0x{strange[0]:02X}", value=strange[:1].decode("latin-1"))


def _again(envelope: Envelope, seen: Seen) -> Iterator[Fault]:
    """The same sender, receiver and control number twice in one body."""
    if envelope.header is None:
        return
    header, syntax = envelope.header, envelope.syntax
    texts, places = header.texts, (5, 6, 7, 8, 13) if syntax is X12 else (2, 3, 5)
    key = (syntax.name, *(texts[n] for n in places if n < len(texts)))
    if key in seen and key[-1]:
        name = "reference-repeated" if syntax is X12 else "reference-again"
        yield fault(name, header.offset, key[-1][:40], tag=header.tag, element=places[-1])
    seen.add(key)
