"""`check`: what is wrong with a message's body, as the partner's profile weighs it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from order_intake.edi.directory import DEFAULT_RELEASE, Directory, directory
from order_intake.edi.elements import Wrong, is_period, wrong_elements
from order_intake.edi.faults import RULES, Fault, Weight
from order_intake.edi.identifiers import HOLDERS, bad_digits
from order_intake.edi.interchange import Message
from order_intake.edi.levels import broken_levels
from order_intake.edi.limits import LIMITS, Limits
from order_intake.edi.notation import SegmentRule
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import X12


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
        yield from _misplaced(message, known, self._profile)
        clean, is_x12 = self._clean.setdefault(known, set()), message.syntax is X12
        for position, segment in enumerate(message.segments, 1):
            rule = known.segments.get(segment.tag)
            if rule is None or (content := tuple(segment.texts)) in clean:
                continue
            found = list(islice(self._wrong(segment, position, known, rule, is_x12=is_x12), self._profile.limits.faults_per_message))
            if found:
                yield from found
            else:
                clean.add(content)
        for segment, position, element, detail in broken_levels(message):
            yield _fault(self._profile, Wrong("hierarchy", element, 0, segment.text(element)), segment, position, detail=detail)

    def _wrong(self, segment: Segment, position: int, known: Directory, rule: SegmentRule, *, is_x12: bool) -> Iterator[Fault]:
        for wrong in wrong_elements(segment, rule, is_x12=is_x12):
            yield _fault(self._profile, wrong, segment, position)
        if segment.tag in known.codes or segment.tag in HOLDERS or segment.tag == "DTM":
            yield from _meanings(segment, position, known, self._profile)


def check(message: Message, profile: Profile = USUAL) -> tuple[Fault, ...]:
    """As `Checker.check`, for a message alone."""
    return Checker(profile).check(message)


def _misplaced(message: Message, known: Directory, profile: Profile) -> Iterator[Fault]:
    bad = {fault.position for fault in message.faults if fault.rule.name == "segment-tag"}
    if message.body:
        for each in message.placed[1]:
            if each.rule == "segment-missing" or each.position not in bad:
                yield _fault(profile, Wrong(each.rule), each.segment, each.position, each.tag, each.tag[:20])
    else:
        for child in known.tree.children:
            if child.least:
                yield _fault(profile, Wrong("segment-missing"), message.header, 2, child.tag, child.tag)


def _meanings(segment: Segment, position: int, known: Directory, profile: Profile) -> Iterator[Fault]:
    tag = segment.tag
    for n, codes in known.codes.get(tag, {}).items():
        if (value := segment.value(n)) and value not in codes:
            yield _fault(profile, Wrong("element-code", n, 0, value), segment, position)
    if tag == "DTM" and not known.release.isdigit():
        value, code = segment.value(1, 2), segment.value(1, 3)
        if value and not is_period(value, code):
            yield _fault(profile, Wrong("element-date", 1, 2, value), segment, position)
    for element, component, value in bad_digits(segment):
        yield _fault(profile, Wrong("check-digit", element, component, value), segment, position)


def _fault(profile: Profile, wrong: Wrong, segment: Segment, position: int, tag: str = "", detail: str = "") -> Fault:
    rule, element, component, value = wrong
    shown = detail or (f"{segment.tag}{element:02}{f'-{component}' if component else ''}" if element else "")
    return Fault(RULES[rule], segment.offset, shown, tag or segment.tag, position, element, component, value[:99], profile.weight(rule))
