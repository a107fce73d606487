"""Every fault the codec knows, with its code in both worlds, and a fault as it was found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    INTERCHANGE = "interchange"
    GROUP = "group"
    MESSAGE = "message"
    SEGMENT = "segment"
    ELEMENT = "element"


class Weight(StrEnum):
    """A remark changes nothing; with a noted fault the work goes on and the answer says so; a refusal stops what it is about."""

    REMARK = "remark"
    NOTED = "noted"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of fault. `x12` is the code of TA1 05, AK9 05, AK5 02, AK3 04 or AK4 03, by level; `edifact` is data element 0085."""

    name: str
    level: Level
    x12: str
    edifact: str
    weight: Weight
    sentence: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule was broken: segment position in the message (header = 1), element, component, byte offset in the body."""

    rule: Rule
    offset: int
    detail: str = ""
    tag: str = ""
    position: int = 0
    element: int = 0
    component: int = 0
    value: str = ""
    weight: Weight = Weight.REFUSAL
    number: str = ""

    @property
    def text(self) -> str:
        return f"{self.rule.sentence}{': ' if self.detail else '.'}{self.detail}"

    def as_dict(self) -> dict[str, str | int]:
        """For JSON; what is empty is left out."""
        found: dict[str, str | int] = {
            "rule": self.rule.name, "level": self.rule.level.value, "x12": self.rule.x12, "edifact": self.rule.edifact,
            "weight": self.weight.value, "offset": self.offset, "segment": self.tag, "position": self.position, "element": self.element,
            "component": self.component, "value": self.value, "text": self.text,
        }  # fmt: skip
        return {name: each for name, each in found.items() if each or name == "offset"}


TABLE = """
interchange | unreadable                  | 022 | 2  | refusal | No interchange begins here
interchange | separators                  | 026 | 20 | refusal | The separators cannot be told or are not sound
interchange | component-separator-missing | 027 | 20 | refusal | ISA16 is missing; the terminator stands in its place
interchange | header-missing              | 022 | 13 | refusal | The interchange has no header
interchange | header-width                | 024 | 39 | noted   | ISA is not of fixed width
interchange | header-incomplete           | 024 | 13 | refusal | A mandatory element of the interchange's header is missing
interchange | trailer-missing             | 023 | 13 | refusal | The interchange has no trailer
interchange | trailer-incomplete          | 024 | 13 | refusal | A mandatory element of the interchange's trailer is missing
interchange | reference-differs           | 001 | 28 | refusal | Header and trailer of the interchange differ in their reference
interchange | leading-zeros               | 001 | 28 | noted   | Header and trailer of the interchange differ in leading zeros
interchange | count-differs               | 021 | 29 | refusal | The trailer of the interchange counts wrong
interchange | out-of-order                | 022 | 15 | refusal | A segment stands outside of what may hold it
interchange | no-message                  | 024 | 33 | refusal | The interchange holds no message
interchange | reference-repeated          | 025 | 26 | refusal | Another interchange of this body has the same reference
interchange | reference-again             | 025 | 26 | remark  | Another interchange of this body has the same reference
interchange | control-taken               | 025 | 26 | refusal | The control number was used for another interchange
interchange | sender-qualifier            | 005 | 23 | refusal | The sender is not known by this qualifier
interchange | sender-unknown              | 006 | 23 | refusal | The sender is not known
interchange | receiver-qualifier          | 007 | 7  | refusal | The receiver is not called so by this qualifier
interchange | receiver-unknown            | 009 | 7  | refusal | The receiver is not us
interchange | test-refused                | 020 | 25 | refusal | Tests are not taken from this sender
interchange | reference-bad               | 018 | 12 | noted   | The control number is not made of nine digits
interchange | version-bad                 | 017 | 2  | noted   | The version of the syntax is not known
interchange | charset-unknown             | 002 | 2  | remark  | The character set is not known; read as ASCII, UTF-8 or Latin-1
interchange | character                   | 024 | 21 | remark  | Characters outside of the character set
interchange | byte-order-mark             | 000 | 21 | remark  | A byte-order mark stands before the interchange
interchange | terminator-missing          | 004 | 22 | remark  | The last segment is not terminated
interchange | segment-empty               | 024 | 15 | remark  | Empty segments
interchange | release-at-end              | 024 | 21 | refusal | A release character ends the data
interchange | too-much                    | 024 | 18 | refusal | More than the receiver takes
group | group-header-missing              | 1   | 13 | refusal | The group has no header
group | group-header-incomplete           | 1   | 13 | refusal | A mandatory element of the group's header is missing
group | group-header-sparse               | 1   | 13 | remark  | An element of the group's header is missing that nothing depends on
group | group-trailer-missing             | 3   | 13 | refusal | The group has no trailer
group | group-trailer-incomplete          | 5   | 13 | refusal | A mandatory element of the group's trailer is missing
group | group-reference-differs           | 4   | 28 | refusal | Header and trailer of the group differ in their reference
group | group-leading-zeros               | 4   | 28 | noted   | Header and trailer of the group differ in leading zeros
group | group-count-differs               | 5   | 29 | refusal | The trailer of the group counts wrong
group | group-reference-bad               | 6   | 12 | noted   | The group's control number is not made of one to nine digits
group | group-reference-repeated          | 19  | 26 | refusal | Another group of the interchange has the same reference
message | message-header-incomplete       | 6   | 13 | refusal | A mandatory element of the message's header is missing
message | message-trailer-missing         | 2   | 13 | refusal | The message has no trailer
message | message-trailer-incomplete      | 4   | 13 | refusal | A mandatory element of the message's trailer is missing
message | message-reference-differs       | 3   | 28 | refusal | Header and trailer of the message differ in their reference
message | message-leading-zeros           | 3   | 28 | noted   | Header and trailer of the message differ in leading zeros
message | message-count-differs           | 4   | 29 | refusal | The trailer of the message counts wrong
message | message-reference-repeated      | 23  | 26 | refusal | Another message has the same reference
message | message-not-of-group            | 6   | 12 | refusal | The message does not belong into a group of this kind
message | message-unsupported             | 1   | 14 | refusal | No directory for this message
message | message-too-much                | 5   | 18 | refusal | More than the receiver takes
segment | segment-tag                 | 1   | 15 | refusal | Not the name of a segment
segment | segment-unknown                 | 1   | 15 | refusal | No segment of this name in the directory
segment | segment-unexpected              | 2   | 15 | refusal | The segment does not stand here
segment | segment-missing                 | 3   | 13 | refusal | A mandatory segment is missing
segment | loop-repeated                   | 4   | 36 | refusal | The loop repeats more often than it may
segment | segment-repeated                | 5   | 35 | refusal | The segment repeats more often than it may
segment | segment-not-in-message          | 6   | 15 | refusal | The segment is not part of this message
segment | segment-out-of-sequence         | 7   | 15 | refusal | The segment is out of sequence
segment | hierarchy                       | 7   | 15 | noted   | The hierarchy of the levels is broken
segment | segment-too-long                | 8   | 39 | refusal | The segment has more elements than the receiver takes
element | element-missing                 | 1   | 13 | refusal | A mandatory element is missing
element | element-condition               | 2   | 13 | remark  | An element that another one asks for is missing
element | element-too-many                | 3   | 16 | refusal | The segment has too many elements
element | element-short                   | 4   | 40 | refusal | The element is too short
element | element-long                    | 5   | 39 | refusal | The element is too long
element | element-character               | 6   | 37 | refusal | The element holds characters that its type does not allow
element | element-code                    | 7   | 12 | remark  | The code is not in our list
element | element-date                    | 8   | 12 | refusal | Not a date
element | element-time                    | 9   | 12 | refusal | Not a time
element | element-exclusive               | 10  | 15 | remark  | Two elements exclude each other
element | element-repeated                | 12  | 16 | refusal | The element repeats more often than it may
element | component-too-many              | 13  | 16 | refusal | The element has too many components
element | element-trailing                | 3   | 16 | remark  | Empty elements at the end of the segment
element | check-digit                     | 7   | 12 | remark  | The check digit is wrong
"""


def _rules() -> dict[str, Rule]:
    rows = [[cell.strip() for cell in row.split("|")] for row in TABLE.strip().splitlines()]
    return {name: Rule(name, Level(level), x12, edifact, Weight(weight), text) for level, name, x12, edifact, weight, text in rows}


RULES = _rules()


def fault(name: str, offset: int, detail: str = "", *, tag: str = "", position: int = 0, element: int = 0, value: str = "") -> Fault:
    """A fault of the envelope, with the weight that its rule has."""
    return Fault(RULES[name], offset, detail, tag, position, element, 0, value, RULES[name].weight)
