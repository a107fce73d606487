"""What we write, read by others: mock-edi (structure, elements, envelope) and x12-tidy (envelope), where they know it."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from mockedi import edifact as mock_edifact
from mockedi import validate as mock_validate
from mockedi import x12 as mock_x12
from order_intake.edi import X12, Cover, Draft, Interchange, Message, judge, read, reply_bytes, write
from x12_tidy import tidy

from tests.order_intake.edi.documents import sample

AT = datetime(2026, 1, 15, 9, 30)  # noqa: DTZ001 - an envelope knows no zone
KNOWN = ["850", "855", "856", "860", "865", "orders", "ordrsp", "ordchg", "desadv", "997-partial", "contrl-refused"]
ENVELOPES = ["940", "945", "846", "214", "180", "999"]
ANSWERED = ["850", "850-unpadded", "850-count", "850-no-line", "850-group", "orders", "orders-count", "orders-no-date", "desadv-long"]


def written_anew(name: str) -> tuple[Interchange, bytes]:
    """The sample's rows in an envelope of ours."""
    [interchange] = read(sample(f"{name}.edi")).interchanges
    drafts = [Draft(each.type, _release(each), each.reference, [_row(s.texts, each) for s in each.body]) for each in interchange.messages]
    release = drafts[0].release if interchange.syntax is X12 else "004010"
    cover = Cover(interchange.syntax, interchange.sender, interchange.receiver, "17", AT, release=release)
    return interchange, write(cover, drafts)


def _release(message: Message) -> str:
    return message.release if message.syntax is X12 else ":".join(message.header.components(2)[1:])


def _row(texts: Sequence[str], message: Message) -> list[str | list[str]]:
    marks = message.header.delimiters
    return [texts[0], *(each.split(marks.component) if marks.component else each for each in texts[1:])]


def opinion(data: bytes) -> mock_validate.InterchangeReport:
    parse = mock_x12.parse if data.startswith(b"ISA") else mock_edifact.parse
    return mock_validate.validate(parse(data.decode()))


@pytest.mark.parametrize("name", KNOWN)
def test_mock_edi_accepts_what_we_write(name: str) -> None:
    _, data = written_anew(name)

    found = opinion(data)

    assert (found.envelope_errors, found.group_errors, found.interchange_findings) == ([], {}, [])
    assert [(each.known, each.accepted) for each in found.messages] == [(True, True)] * len(found.messages)


@pytest.mark.parametrize("name", [each for each in KNOWN + ENVELOPES if each[0].isdigit()])
def test_x12_tidy_has_nothing_to_say_about_what_we_write(name: str) -> None:
    interchange, data = written_anew(name)

    assert interchange.messages
    assert tidy(data).diagnostics == []


@pytest.mark.parametrize("name", ANSWERED)
def test_both_accept_our_answers(name: str) -> None:
    data = reply_bytes(judge(read(sample(f"{name}.edi")).interchanges[0]), "17", AT)
    assert data is not None

    found = opinion(data)

    assert (found.envelope_errors, found.group_errors, found.interchange_findings) == ([], {}, [])
    assert all(each.accepted for each in found.messages)
    assert found.messages
    if data.startswith(b"ISA") and b"TA1*" not in data:
        assert tidy(data).diagnostics == []
