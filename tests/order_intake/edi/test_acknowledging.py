from datetime import datetime

import pytest
from order_intake.edi import Level, Outcome, Profile, Weight, answers, judge, read, reply, reply_bytes

from tests.order_intake.edi.documents import SAMPLES, edifact, sample, x12

AT = datetime(2026, 1, 15, 9, 30)  # noqa: DTZ001 - an envelope knows no zone
GOOD = "BEG*00*SA*PO-1**20260115~PO1*1*12*EA~"
BAD = "BEG*00*SA*PO-1**20260115~PO1*1*12*EACH~N4*RENO*NEVADA~"
BGM = "BGM+220+PO-1+9'DTM+137:20260115:102'UNS+S'"


def answer(data: bytes, kind: str = "997") -> str:
    """What we answer, checked by ourselves first."""
    written = reply_bytes(judge(read(data).interchanges[0]), "17", AT, kind)
    assert written is not None
    transmission = read(written)
    assert transmission.all_faults == ()
    assert all(each.outcome is Outcome.ACCEPTED for each in judge(transmission.interchanges[0]).messages)
    return written.decode()


def two_sets() -> bytes:
    text = x12(GOOD).decode()
    bad = text[text.index("ST*850") : text.index("GE*")].replace("0001", "0002").replace("PO1*1*12*EA", "PO1*1*12*EACH")
    return text.replace("GE*1", bad + "GE*2").encode()


def test_an_accepted_set_is_acknowledged_with_a() -> None:
    assert "ST*997*0001~AK1*PO*1~AK2*850*0001~AK5*A~AK9*A*1*1*1~SE*6*0001~" in answer(x12(GOOD))


def test_a_refused_set_names_segment_and_element() -> None:
    text = answer(x12(BAD))

    assert "AK3*PO1*3**8~AK4*3**5*EACH~AK3*N4*4**7~AK3*N4*4**8~AK4*2**5*NEVADA~AK5*R*5~AK9*R*1*1*0~" in text


def test_one_of_two_sets_refused_is_partial() -> None:
    text = answer(two_sets())

    assert "AK2*850*0001~AK5*A~AK2*850*0002~AK3*PO1*3**8~AK4*3**5*EACH~AK5*R*5~AK9*P*2*2*1~" in text


def test_a_999_speaks_in_ik_segments_and_005010() -> None:
    text = answer(x12(BAD, release="005010"), "999")

    assert "ST*999*0001~AK1*PO*1*005010~AK2*850*0001~IK3*PO1*3**8~IK4*3**5*EACH~" in text
    assert "*00501*" in text


@pytest.mark.parametrize(
    ("found", "changed", "note"),
    [
        ("IEA*1*000000001", "IEA*1*000000002", "R*001"),
        ("IEA*1*", "IEA*4*", "R*021"),
        ("IEA*1*000000001~", "", "R*023"),
        ("PARTNER        ", "PARTNER", "E*024"),
        (">~GS", "*~GS", "R*026"),
    ],
)
def test_a_fault_of_the_interchange_is_answered_with_ta1_alone_or_first(found: str, changed: str, note: str) -> None:
    text = answer(x12(GOOD).decode().replace(found, changed, 1).encode())

    assert f"TA1*000000001*260115*0930*{note}~" in text
    assert ("ST*997" in text) is note.startswith("E")


def test_a_ta1_comes_also_when_isa14_asks_for_it() -> None:
    asked = x12(GOOD).replace(b"*0*T*>", b"*1*T*>")

    assert "~TA1*000000001*260115*0930*A*000~GS*FA*" in answer(asked)
    assert "TA1" not in answer(x12(GOOD))


def test_a_group_of_one_kind_with_a_set_of_another_is_refused() -> None:
    assert "AK1*SC*1~AK2*850*0001~AK5*R*6~AK9*R*1*1*0~" in answer(x12(GOOD, group="SC"))


def test_an_accepted_interchange_gets_one_uci() -> None:
    assert "UCI+ICR1+1234567890128:14+4012345000009:14+7'UNT+3+1'" in answer(edifact(BGM))


def test_partial_acceptance_names_only_what_was_refused() -> None:
    bad = edifact(BGM.replace("PO-1+9'", "PO-1+9999'"))

    text = answer(bad)

    assert "+7'UCM+1+ORDERS:D:96A:UN:EAN008+4'UCS+2'UCD+39+4'UNT+6+1'" in text


def test_a_wrong_count_refuses_the_message_and_a_wrong_reference_the_interchange() -> None:
    assert "+7'UCM+1+ORDERS:D:96A:UN:EAN008+4+29+UNT+2'" in answer(edifact(BGM).replace(b"UNT+5", b"UNT+6"))
    assert "+4+28+UNZ+3'UNT" in answer(edifact(BGM).replace(b"UNZ+1+ICR1", b"UNZ+1+ICR2"))


def grouped(count: str) -> bytes:
    message = f"UNH+1+ORDERS:D:96A:UN'{BGM.replace('PO-1+9', 'PO-1+9999')}UNT+5+1'"
    group = f"UNG+ORDERS+1:14+2:14+260115:0930+G7+UN+D:96A'{message}UNE+{count}+G7'"
    return f"UNB+UNOC:3+1:14+2:14+260115:0930+ICR1'{group}UNZ+1+ICR1'".encode()


def test_edifact_groups_are_counted_and_answered_by_ucf() -> None:
    assert read(grouped("1")).all_faults == ()
    assert "UCI+ICR1+1:14+2:14+7'UCF+G7+1:14+2:14+7'UCM+1+ORDERS:D:96A:UN+4'UCS+2'UCD+39+4'" in answer(grouped("1"))
    assert "UCI+ICR1+1:14+2:14+7'UCF+G7+1:14+2:14+4+29+UNE+2'UNT" in answer(grouped("2"))


def test_a_ta1_alone_speaks_the_partners_version() -> None:
    assert "*00501*" in answer(x12(GOOD).replace(b"*U*00401*", b"*^*00501*").replace(b"IEA*1*", b"IEA*2*"))


@pytest.mark.parametrize("name", ["997-partial.edi", "999.edi", "ta1.edi", "contrl-refused.edi"])
def test_an_answer_is_never_answered(name: str) -> None:
    assert not reply(judge(read(sample(name)).interchanges[0]))
    assert not reply(judge(read(sample(name).replace(b"IEA*1", b"IEA*5")).interchanges[0]))


def test_what_comes_back_says_which_of_ours_it_means() -> None:
    found = answers(read(sample("997-partial.edi")).interchanges[0])

    assert [(each.level, each.type, each.reference, each.group, each.outcome, each.codes) for each in found] == [
        (Level.GROUP, "OW", "7", "7", Outcome.PARTLY, ()),
        (Level.MESSAGE, "940", "0001", "7", Outcome.ACCEPTED, ()),
        (Level.MESSAGE, "940", "0002", "7", Outcome.REFUSED, ("5",)),
    ]
    [ta1] = answers(read(sample("ta1.edi")).interchanges[0])
    assert (ta1.level, ta1.reference, ta1.outcome, ta1.codes) == (Level.INTERCHANGE, "000000001", Outcome.REFUSED, ("025",))
    [uci, ucm] = answers(read(sample("contrl-refused.edi")).interchanges[0])
    assert (uci.reference, uci.outcome, ucm.type, ucm.reference, ucm.outcome, ucm.codes) == (
        "ICR1", Outcome.ACCEPTED, "ORDERS", "2", Outcome.REFUSED, ("29",),
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(each.name for each in SAMPLES.glob("*.edi")))
@pytest.mark.parametrize("kind", ["997", "999"])
def test_every_answer_that_we_write_passes_our_own_check(name: str, kind: str) -> None:
    for interchange in read(sample(name)).interchanges:
        verdict = judge(interchange)
        if reply(verdict, kind):
            written = reply_bytes(verdict, "17", AT, kind)
            assert written is not None
            again = read(written)
            assert again.all_faults == ()
            assert {each.outcome for each in judge(again.interchanges[0]).messages} <= {Outcome.ACCEPTED}
            assert answers(again.interchanges[0])


def test_a_profile_weighs_envelope_faults_too() -> None:
    data = x12(GOOD, group="SC")

    verdict = judge(read(data).interchanges[0], Profile({"message-not-of-group": Weight.REMARK}))

    assert [each.outcome for each in verdict.messages] == [Outcome.ACCEPTED]
    assert [each.type for each in verdict.accepted] == ["850"]
