"""Check digits of GS1 identifiers where a segment says that it holds one: GTIN, GLN, SSCC."""

from collections.abc import Iterator

from order_intake.edi.segment import Segment

PAIRED = {"PO1": 6, "LIN": 2, "POC": 8, "SLN": 9, "W01": 4, "W12": 7, "BLI": 1, "W04": 4, "W07": 4, "W19": 5}
X12_GTIN = {"UP": 12, "EN": 13, "UK": 14, "UA": 12, "UI": 12, "EO": 8}
HOLDERS = frozenset({*PAIRED, "NAD", "LIN", "GIN", "MAN", "N1"})
EDIFACT_GTIN = ("EN", "SRV", "UP")


def sound(digits: str) -> bool:
    """Weights 3 and 1 from the right, the sum a multiple of ten."""
    return (sum(map(int, digits[-1::-2])) + 3 * sum(map(int, digits[-2::-2]))) % 10 == 0


def bad_digits(segment: Segment) -> Iterator[tuple[int, int, str]]:
    """Element, component and value of what has a wrong check digit; of a segment outside HOLDERS nothing."""
    for element, component, value in _identifiers(segment):
        if value.isascii() and value.isdigit() and len(value) in (8, 12, 13, 14, 18) and not sound(value):
            yield element, component, value


def _identifiers(segment: Segment) -> Iterator[tuple[int, int, str]]:
    tag, texts = segment.tag, segment.texts
    if tag == "NAD" and segment.value(2, 3) == "9":
        yield 2, 1, segment.value(2)
    elif tag == "LIN" and segment.value(3, 2) in EDIFACT_GTIN:
        yield 3, 1, segment.value(3)
    elif tag == "GIN" and segment.value(1) == "BJ":
        yield from ((n, 1, segment.value(n)) for n in range(2, len(texts)))
    elif tag == "MAN" and segment.value(1) == "GM":
        yield 2, 0, segment.text(2)
    elif tag == "N1" and segment.text(3) == "UL":
        yield 4, 0, segment.text(4)
    if tag in PAIRED:
        for n in range(PAIRED[tag], len(texts) - 1, 2):
            if len(texts[n + 1]) == X12_GTIN.get(texts[n], 0):
                yield n + 1, 0, texts[n + 1]
