"""`check`: what is wrong with a message's body, as the partner's profile weighs it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from order_intake.edi.directory import DEFAULT_RELEASE, Directory, directory
from order_intake.edi.elements import Wrong, is_period, wrong_elements
from order_intake.edi.faults import RULES, Fault, Weight
from order_intake.edi.identifiers import HOLDERS, bad_digits
from order_intake.edi.interchange import Message
from order_intake.edi.levels import broken_levels
from order_intake.edi.limits import LIMITS, Limits
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import X12

NO_CODES: Mapping[int, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True)
class Profile:
    """How strict we are with a partner: weights by the name of a rule, in place of the usual ones, and what we take at most."""

    weights: Mapping[str, Weight] = field(default_factory=dict)
    limits: Limits = LIMITS

    def weight(self, rule: str) -> Weight:
        return self.weights.get(rule, RULES[rule].weight)


USUAL = Profile()
STRICT = Profile(dict.fromkeys(("element-condition", "element-code", "element-exclusive", "check-digit", "character"), Weight.REFUSAL))
TOLERANT = Profile(dict.fromkeys(("segment-unknown", "segment-not-in-message", "element-too-many"), Weight.NOTED))


class Checker:
    """Checks the messages of an interchange as the profile weighs; content that was found clean once is not looked into again."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._clean: dict[Directory, set[tuple[str, ...]]] = {}

    def check(self, message: Message) -> tuple[Fault, ...]:
        """The faults of the body, in the order of the segments; `message-unsupported` where the directory is not ours. A message that is
        refused for its size is not looked into."""
        known = directory(message.type, message.release or DEFAULT_RELEASE)
        if known is None:
            text = f"{message.type[:20]!r} in {message.release[:20]!r}"
            return (_fault(self._profile, Wrong("message-unsupported"), message.header, 1, detail=text),)
        if any(fault.rule.name == "message-too-much" for fault in message.faults):
            return ()
        found = list(islice(self._faults(message, known), self._profile.limits.faults_per_message))
        return tuple(sorted(found, key=lambda fault: (fault.position, fault.element, fault.component))) if found else ()

    def _faults(self, message: Message, known: Directory) -> Iterator[Fault]:
        if message.shape.wrong:
            yield from _misplaced(message, self._profile)
        clean, is_x12 = self._clean.setdefault(known, set()), message.syntax is X12
        for position, segment in enumerate(message.segments, 1):
            if (content := tuple(segment.texts)) in clean or (rule := known.segments.get(segment.tag)) is None:
                continue
            found = wrong_elements(segment, rule, is_x12=is_x12) + _meanings(segment, known)
            if found:
                yield from (_fault(self._profile, wrong, segment, position) for wrong in found)
            else:
                clean.add(content)
        for segment, position, element, detail in broken_levels(message):
            yield _fault(self._profile, Wrong("hierarchy", element, 0, segment.text(element)), segment, position, detail=detail)


def check(message: Message, profile: Profile = USUAL) -> tuple[Fault, ...]:
    """As `Checker.check`, for a message alone."""
    return Checker(profile).check(message)


def _misplaced(message: Message, profile: Profile) -> Iterator[Fault]:
    last, bad = len(message.body), {fault.position for fault in message.faults if fault.rule.name == "segment-tag"}
    for rule, tag, place in message.shape.wrong:
        if rule == "segment-missing" or place + 1 not in bad:
            yield _fault(profile, Wrong(rule), message.segments[min(place, last)], place + 1, tag, tag[:20])


def _meanings(segment: Segment, known: Directory) -> list[Wrong]:
    tag = segment.tag
    found: list[Wrong] = []
    for n, codes in known.codes.get(tag, NO_CODES).items():
        if (value := segment.value(n)) and value not in codes:
            found.append(Wrong("element-code", n, 0, value))
    if tag == "DTM" and not known.release.isdigit():
        value, code = segment.value(1, 2), segment.value(1, 3)
        if value and not is_period(value, code):
            found.append(Wrong("element-date", 1, 2, value))
    if tag in HOLDERS:
        found += [Wrong("check-digit", *each) for each in bad_digits(segment)]
    return found


def _fault(profile: Profile, wrong: Wrong, segment: Segment, position: int, tag: str = "", detail: str = "") -> Fault:
    rule, element, component, value = wrong
    shown = detail or (f"{segment.tag}{element:02}{f'-{component}' if component else ''}" if element else "")
    return Fault(RULES[rule], segment.offset, shown, tag or segment.tag, position, element, component, value[:99], profile.weight(rule))
