"""`judge`: what becomes of an interchange, group by group and message by message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from order_intake.edi.checking import USUAL, Checker, Profile
from order_intake.edi.faults import Fault, Weight
from order_intake.edi.interchange import Group, Interchange, Message


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    NOTED = "accepted, faults noted"
    PARTLY = "accepted in part"
    REFUSED = "refused"


@dataclass(frozen=True)
class MessageVerdict:
    """`faults` are those of header and trailer and, where the envelope around it is sound, of the body."""

    message: Message
    outcome: Outcome
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class GroupVerdict:
    group: Group
    outcome: Outcome
    messages: tuple[MessageVerdict, ...]

    @property
    def accepted(self) -> int:
        return sum(each.outcome is not Outcome.REFUSED for each in self.messages) if self.outcome is not Outcome.REFUSED else 0


@dataclass(frozen=True)
class Verdict:
    """`outcome` is that of the interchange's own envelope; refused, it refuses all that it holds."""

    interchange: Interchange
    outcome: Outcome
    groups: tuple[GroupVerdict, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Nothing was noted anywhere."""
        return all(outcome is Outcome.ACCEPTED for outcome in (self.outcome, *(group.outcome for group in self.groups)))

    @property
    def messages(self) -> tuple[MessageVerdict, ...]:
        return tuple(message for group in self.groups for message in group.messages)

    @property
    def accepted(self) -> tuple[Message, ...]:
        """What may be handed on."""
        groups = [group for group in self.groups if Outcome.REFUSED not in (self.outcome, group.outcome)]
        return tuple(each.message for group in groups for each in group.messages if each.outcome is not Outcome.REFUSED)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Of every level, in the order of the tree."""
        inner = [fault for each in self.groups for fault in (*each.group.faults, *(f for m in each.messages for f in m.faults))]
        return (*self.interchange.faults, *inner)


def judge(interchange: Interchange, profile: Profile = USUAL, more: Sequence[Fault] = ()) -> Verdict:
    """Weighs every fault; `more` are those that only the receiver can find: an unknown sender, a control number seen before."""
    faults = _weighed((*interchange.faults, *more), profile)
    checker = Checker(profile)
    groups = tuple(_group(group, profile, checker) for group in interchange.groups)
    return Verdict(replace(interchange, faults=faults), _outcome(faults), groups)


def _group(group: Group, profile: Profile, checker: Checker) -> GroupVerdict:
    messages = tuple(_message(message, profile, checker) for message in group.messages)
    faults = _weighed(group.faults, profile)
    own = _outcome(faults)
    outcome = own if own is Outcome.REFUSED or not messages else _summed(own, [each.outcome for each in messages])
    return GroupVerdict(replace(group, faults=faults), outcome, messages)


def _message(message: Message, profile: Profile, checker: Checker) -> MessageVerdict:
    faults = (*_weighed(message.faults, profile), *checker.check(message))
    return MessageVerdict(message, _outcome(faults), faults)


def _summed(own: Outcome, messages: Sequence[Outcome]) -> Outcome:
    refused = messages.count(Outcome.REFUSED)
    if refused:
        return Outcome.REFUSED if refused == len(messages) else Outcome.PARTLY
    return Outcome.NOTED if Outcome.NOTED in (own, *messages) else Outcome.ACCEPTED


def _outcome(faults: Sequence[Fault]) -> Outcome:
    if not faults:
        return Outcome.ACCEPTED
    weights = {fault.weight for fault in faults}
    if Weight.REFUSAL in weights:
        return Outcome.REFUSED
    return Outcome.NOTED if Weight.NOTED in weights else Outcome.ACCEPTED


def _weighed(faults: Sequence[Fault], profile: Profile) -> tuple[Fault, ...]:
    """Envelope faults carry the usual weights until a profile is there."""
    changed = profile.weights
    if not changed:
        return tuple(faults)
    return tuple(replace(each, weight=changed[each.rule.name]) if each.rule.name in changed else each for each in faults)
