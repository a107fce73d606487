"""Whether a segment's elements are as its rule says."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from order_intake.edi.notation import Condition, ElementRule, SegmentRule
from order_intake.edi.segment import Segment

TEXT = frozenset({"id", "an", "b"})
NUMBERS = frozenset({"n", "r"})
CLOCK = {4: "%H%M", 6: "%H%M%S", 7: "%H%M%S%f", 8: "%H%M%S%f"}
PERIODS = {"101": "%y%m%d", "102": "%Y%m%d", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S"}
WIDTHS = {"101": 6, "102": 8, "203": 12, "204": 14}


class Wrong(NamedTuple):
    """What is wrong with a segment: the rule, the element (0: the segment itself), the component (0: the element itself), the value."""

    rule: str
    element: int = 0
    component: int = 0
    value: str = ""


def wrong_elements(segment: Segment, rule: SegmentRule, *, is_x12: bool) -> list[Wrong]:
    texts, elements = segment.texts, rule.elements
    if elements is None:
        return []
    count, whole = len(texts) - 1, is_x12 and segment.delimiters.repetition is None
    found = [Wrong("element-missing", n) for n in rule.needed if n > count or not texts[n]]
    for n, element in enumerate(elements[:count], 1):
        text = texts[n]
        if not text or (whole and element.least <= len(text) <= element.most and element.kind in TEXT):
            continue
        if element.parts:
            found += _composite(segment, n, element)
        elif not (whole or (text.isalnum() and text.isascii())):
            found += _simple(segment, n, element, is_x12=is_x12)
        elif name := fault_of(text, element):
            found.append(Wrong(name, n, 0, text))
    if count and (count > len(elements) or not texts[-1]):
        found += _at_the_end(texts, len(elements))
    return found + _broken(rule.conditions, texts, count) if rule.conditions else found


def _at_the_end(texts: Sequence[str], most: int) -> Iterator[Wrong]:
    """More elements than there may be, or separators behind the last one."""
    beyond = next((n for n in range(most + 1, len(texts)) if texts[n]), None)
    if beyond:
        yield Wrong("element-too-many", beyond, 0, texts[beyond])
    if not texts[-1]:
        yield Wrong("element-trailing", len(texts) - 1)


def _composite(segment: Segment, n: int, rule: ElementRule) -> list[Wrong]:
    found: list[Wrong] = []
    repetitions, most = segment.repetitions(n), len(rule.parts)
    if len(repetitions) > rule.repeats:
        found.append(Wrong("element-repeated", n, 0, segment.texts[n]))
    for parts in repetitions[: rule.repeats]:
        given = len(parts)
        if given > most and any(parts[most:]):
            found.append(Wrong("component-too-many", n, most + 1, segment.texts[n]))
        for place, part in enumerate(rule.parts, 1):
            text = parts[place - 1] if place <= given else ""
            if not text:
                if part.mandatory:
                    found.append(Wrong("element-missing", n, place))
            elif name := fault_of(text, part):
                found.append(Wrong(name, n, place, text))
    return found


def _simple(segment: Segment, n: int, rule: ElementRule, *, is_x12: bool) -> Iterator[Wrong]:
    text, repetitions = segment.texts[n], segment.repetitions(n)
    if len(repetitions) > rule.repeats:
        yield Wrong("element-repeated", n, 0, text)
    for parts in repetitions[: rule.repeats]:
        value = parts[0]
        if is_x12:
            value = (segment.delimiters.component or "").join(parts)
        elif any(parts[1:]):
            yield Wrong("component-too-many", n, 2, text)
        if value and (name := fault_of(value, rule)):
            yield Wrong(name, n, 0, value)


def fault_of(text: str, rule: ElementRule) -> str:
    """The name of what is wrong with a value, or the empty string."""
    kind, size = rule.kind, len(text)
    if rule.least <= size <= rule.most and kind in TEXT:
        return ""
    if kind in NUMBERS and size <= rule.most and text.isdigit() and text.isascii():
        return ""
    if kind in ("n", "r"):
        size = sum(map(str.isdigit, text)) if size < 100 else size
    if size > rule.most:
        return "element-long"
    if kind in ("n", "r"):
        return "" if is_number(text) else "element-character"
    if size < rule.least:
        return "element-short"
    if kind == "dt" and not is_moment(text, "%Y%m%d" if size == 8 else "%y%m%d"):
        return "element-date"
    return "element-time" if kind == "tm" and not is_moment(text, CLOCK.get(size, "")) else ""


def is_number(text: str) -> bool:
    digits = text[1:] if text[:1] in ("-", "+") else text
    whole, _, part = digits.replace(",", ".").partition(".")
    return (whole + part).isdigit() and (whole + part).isascii()


@lru_cache(4096)
def is_moment(text: str, form: str) -> bool:
    if not form or not (text.isdigit() and text.isascii()):
        return False
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


def is_period(value: str, code: str) -> bool:
    """DTM 2380 by its format 2379, where we know the format."""
    return code not in PERIODS or (len(value) == WIDTHS[code] and is_moment(value, PERIODS[code]))


def _broken(conditions: Sequence[Condition], texts: Sequence[str], count: int) -> list[Wrong]:
    return [
        Wrong(name, _gap(each.places, texts, count))
        for each in conditions
        if each.first <= count and (name := _fault_together(each, texts, count))
    ]


def _gap(places: Sequence[int], texts: Sequence[str], count: int) -> int:
    """The first of these elements that is empty, or the last one."""
    return next((n for n in places if n > count or not texts[n]), places[-1])


def _fault_together(condition: Condition, texts: Sequence[str], count: int) -> str:
    """The name of the rule that these elements break together, or the empty string."""
    letter, places = condition.letter, condition.places
    if letter == "P" and len(places) == 2:
        first, second = places
        one = first <= count and texts[first] != ""
        return "" if one is (second <= count and texts[second] != "") else "element-condition"
    there = [n for n in places if n <= count and texts[n]]
    if letter == "E":
        return "element-exclusive" if len(there) > 1 else ""
    if len(there) == len(places):
        return ""
    leads = bool(there) and there[0] == places[0]
    broken = (
        (letter == "P" and bool(there))
        or (letter == "R" and not there)
        or (letter == "C" and leads)
        or (letter == "L" and leads and len(there) == 1)
    )
    return "element-condition" if broken else ""
