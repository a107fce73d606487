"""Any bytes at all: never an exception, never more than linear time."""

import gc
import random
import time
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from order_intake.edi import Limits, Transmission, answers, judge, read, reply_bytes, rewritten
from order_intake.edi.show import lines

from tests.order_intake.edi.documents import SAMPLES, faults_of, isa, x12

AT = datetime(2026, 1, 15, 9, 30)  # noqa: DTZ001 - an envelope knows no zone
GROUP = b"GS*PO*PARTNER*THREEPL*20260115*0930*1*X*004010~"
START = isa().encode()
ORDER = START + GROUP + b"ST*850*0001~BEG*00*SA*PO-1**20260115~"
UNB = b"UNA:+.? 'UNB+UNOC:3+1:14+2:14+260115:0930+1'"
ORDERS = UNB + b"UNH+1+ORDERS:D:96A:UN'"
CORPUS = [each.read_bytes() for each in sorted(SAMPLES.glob("*.edi"))]
WIDE = Limits(body_bytes=2**30)
MARKS = b"*>~^|:+.?' \r\n\x00\x15\x1d\xff\xefA0U-"


def everything(data: bytes, limits: Limits = WIDE) -> Transmission:
    """All that the codec can do with a body."""
    transmission = read(data, limits)
    for interchange in transmission.interchanges:
        verdict = judge(interchange)
        for kind in ("997", "999"):
            written = reply_bytes(verdict, "17", AT, kind)
            assert written is None or read(written).accepted
        answers(interchange)
        rewritten(interchange)
        assert all(message.tree.head is message.header for message in interchange.messages)
    assert all("\x1b" not in line for line in lines(transmission))
    assert transmission.accepted or transmission.all_faults
    assert all(0 <= fault.offset <= len(data) for fault in transmission.all_faults)
    return transmission


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def flipped(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def marked(data: bytes, chance: random.Random) -> bytes:
    """A byte becomes a separator, or what could be one."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([chance.choice(MARKS)]) + data[at + chance.randrange(2) :]


def dropped(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(40) :]


def doubled(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start : start + chance.randrange(200)] * 2 + data[start:]


def glued(data: bytes, chance: random.Random) -> bytes:
    other = chance.choice(CORPUS)
    return data + other[chance.randrange(len(other)) :] + other


def swapped(data: bytes, chance: random.Random) -> bytes:
    """Every use of one byte becomes another byte."""
    return data.replace(bytes([chance.choice(data)]), bytes([chance.randrange(256)]))


MUTATORS = (cut, flipped, marked, dropped, doubled, glued, swapped)


@pytest.mark.parametrize("mutate", MUTATORS, ids=lambda each: each.__name__)
def test_every_sample_in_pieces_raises_nothing(mutate: Callable[[bytes, random.Random], bytes]) -> None:
    chance = random.Random(mutate.__name__)
    for data in CORPUS:
        for _ in range(4):
            everything(mutate(data, chance))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CORPUS), st.lists(st.sampled_from(MUTATORS), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_samples_damaged_again_and_again_raise_nothing(
    data: bytes, mutators: list[Callable[[bytes, random.Random], bytes]], chance: random.Random
) -> None:
    for mutate in mutators:
        data = mutate(data or b"?", chance)
    everything(data)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"", START, ORDER, UNB, ORDERS, b"ISA", b"UNA", b"GS*", b"UNH+"]), st.binary(max_size=300))
def test_any_bytes_after_any_beginning_raise_nothing(start: bytes, data: bytes) -> None:
    everything(start + data)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([bytes([each]) for each in MARKS] + [b"ISA", b"IEA", b"ST", b"SE", b"UNB", b"UNZ", b"UNH", b"BIN"]), max_size=80
    )
)
def test_separators_and_headers_in_any_order_raise_nothing(parts: list[bytes]) -> None:
    everything(b"".join(parts))
    everything(ORDER + b"".join(parts))
    everything(ORDERS + b"".join(parts))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037", "utf-7", "latin-1"])
def test_any_charset_raises_nothing(charset: str) -> None:
    for data in CORPUS:
        everything(data.decode("latin-1").encode(charset))


@pytest.mark.parametrize("mark", list(MARKS))
def test_any_byte_may_be_any_separator(mark: int) -> None:
    for separator in b"*>~":
        everything(x12("BEG*00*SA*PO-1**20260115~PO1*1*12*EA~").replace(bytes([separator]), bytes([mark])))
    for separator in b":+.?'":
        everything(ORDERS.replace(bytes([separator]), bytes([mark])))


GROWING: dict[str, Callable[[int], bytes]] = {
    "one segment": lambda n: START + b"A" * n,
    "empty elements": lambda n: START + b"*" * n,
    "empty segments": lambda n: START + b"~" * n,
    "release characters": lambda n: UNB + b"?" * n,
    "released terminators": lambda n: UNB + b"?'" * (n // 2),
    "released separators": lambda n: ORDERS + b"FTX+" + b"?+" * (n // 2) + b"'",
    "released components": lambda n: ORDERS + b"BGM+" + b"?:" * (n // 2) + b"'",
    "blanks before headers": lambda n: START + (b" " * 60 + b"ISA*") * (n // 64),
    "segments outside": lambda n: START + b"XX*1~" * (n // 5),
    "sets never closed": lambda n: START + GROUP + b"ST*850*0001~" * (n // 12),
    "trailers never opened": lambda n: START + GROUP + b"SE*1*1~" * (n // 7),
    "unknown segments": lambda n: ORDER + b"ZZZ*1~" * (n // 6),
    "names that are none": lambda n: ORDER + b"Z-Z*1~" * (n // 6),
    "binary lengths": lambda n: ORDER + b"BIN*999999999*~" * (n // 15),
    "digits": lambda n: ORDER + b"PO1*1*" + b"1" * n + b"~",
    "components": lambda n: ORDER + b"REF*DP*1**" + b">" * n + b"~",
    "other letters": lambda n: ORDER + b"MSG*\xe9~" * (n // 6),
    "lines": lambda n: ORDER + b"PO1*1*1*EA~" * (n // 11),
}


def seconds(data: bytes) -> float:
    """CPU time, the best of three, so that a busy machine does not count."""
    found = []
    for _ in range(2):
        gc.collect()
        begun = time.process_time()
        everything(data)
        found.append(time.process_time() - begun)
    return min(found)


@pytest.mark.parametrize("name", GROWING)
def test_four_times_the_input_takes_about_four_times_the_time(name: str) -> None:
    small, large = GROWING[name](15_000), GROWING[name](60_000)

    ratio = min(seconds(large) / max(seconds(small), 0.002) for _ in range(2))

    assert ratio < 8, f"{ratio:.1f}: twice per doubling is 4, quadratic would be 16"


def test_ten_mebibytes_of_one_segment_and_a_million_empty_ones_are_refused_in_seconds() -> None:
    begun = time.process_time()

    assert "trailer-missing" in faults_of((START + b"A" * 2**24)[: 10 * 2**20])
    assert "segment-empty" in faults_of(START + b"~" * 1_000_000)
    assert time.process_time() - begun < 10


def test_more_than_the_limits_is_refused_by_name() -> None:
    many = Limits(interchanges=2, messages=2, segments_per_message=3, elements=5, element_bytes=20, body_bytes=900)
    order = x12("BEG*00*SA*PO-1**20260115~")

    assert "too-much" in [each.rule.name for each in read(order * 3, many).all_faults]
    assert [each.rule.name for each in read(b" " * 901, many).all_faults] == ["too-much"]
    for body in ("BEG*00~BEG*00~", "BEG*1*2*3*4*5*6~", f"MSG*{'x' * 30}~"):
        assert "message-too-much" in [each.rule.name for each in read(x12(body), many).all_faults]
    sets = START + GROUP + b"ST*850*0001~SE*2*0001~" * 3
    assert "too-much" in [each.rule.name for each in read(sets, many).all_faults]
