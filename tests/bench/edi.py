"""What reading EDI costs beside the barest way to take the same bytes apart: CPU time, both in turns, the best of each."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from order_intake.edi import check, read

LINES = 38
ENVELOPE = ("ISA*00*          *00*          *ZZ*PARTNER        *ZZ*THREEPL        *260115*0930*U*00401*000000001*0*T*>",
            "GS*PO*PARTNER*THREEPL*20260115*0930*1*X*004010")  # fmt: skip
HEAD = ("BEG*00*SA*PO-1001**20260115", "N1*ST*DC EAST*9*0012345678905", "N3*1 DOCK RD", "N4*RENO*NV*89502*US")
SEGMENT, ELEMENT, COMPONENT = (re.compile(rb"(?<!\?)" + re.escape(mark)) for mark in (b"'", b"+", b":"))


def purchase_order() -> bytes:
    """An 850 of 2 kB."""
    lines = [f"PO1*{n}*12*EA*4.50**UP*0123456789{n:02}*VN*SKU-{n}" for n in range(1, LINES + 1)]
    body = [*HEAD, *lines, f"CTT*{LINES}"]
    return "~".join([*ENVELOPE, "ST*850*0001", *body, f"SE*{len(body) + 2}*0001", "GE*1*1", "IEA*1*000000001", ""]).encode()


def orders() -> bytes:
    """An ORDERS of 2 kB, every third segment with a release character."""
    head = ["BGM+220+PO-1001+9", "DTM+137:20260115:102", "NAD+BY+1234567890128::9", "NAD+SU+4012345000009::9"]
    lines = [row for n in range(1, 31) for row in (f"LIN+{n}++40008621414{n:02}:EN", "QTY+21:12", f"IMD+F++:::It?'s no. {n}")]
    body = [*head, *lines, "UNS+S", "CNT+2:30"]
    start = "UNA:+.? 'UNB+UNOC:3+1234567890128:14+4012345000009:14+260115:0930+ICR1'UNH+1+ORDERS:D:96A:UN:EAN008'"
    return (start + "'".join(body) + f"'UNT+{len(body) + 2}+1'UNZ+1+ICR1'").encode()


def bare_split(data: bytes) -> list[list[bytes]]:
    return [segment.split(b"*") for segment in data.split(b"~")]


def bare_regex(data: bytes) -> list[list[list[bytes]]]:
    return [[COMPONENT.split(element) for element in ELEMENT.split(segment)] for segment in SEGMENT.split(data)]


def microseconds(ways: Sequence[Callable[[], object]], rounds: int = 15, times: int = 40) -> list[float]:
    """CPU time of one call of each way; they take turns, so that a busy moment hits all."""
    best = [float("inf")] * len(ways)
    for _ in range(rounds):
        for index, way in enumerate(ways):
            begun = time.process_time()
            for _ in range(times):
                way()
            best[index] = min(best[index], (time.process_time() - begun) / times * 1e6)
    return best


def measure() -> dict[str, object]:
    order, message = purchase_order(), orders()
    [first], [second] = (read(each).interchanges[0].messages for each in (order, message))
    split, x12, regex, edifact = microseconds([
        lambda: bare_split(order), lambda: read(order), lambda: bare_regex(message), lambda: read(message),
    ])  # fmt: skip
    x12_check, edifact_check = microseconds([lambda: check(replace(first)), lambda: check(replace(second))], rounds=5)
    return {
        "bytes": {"850": len(order), "ORDERS": len(message)},
        "read 850, times bytes.split": round(x12 / split, 2),
        "read ORDERS, times a regex that minds releases": round(edifact / regex, 2),
        "read, microseconds": {"850": round(x12, 1), "ORDERS": round(edifact, 1)},
        "check, microseconds": {"850": round(x12_check, 1), "ORDERS": round(edifact_check, 1)},
    }
