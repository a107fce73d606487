"""What a partner's answers mean for one interchange of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from order_intake.edi import Answer, Level, Outcome

NAMES = {Outcome.ACCEPTED: "accepted", Outcome.NOTED: "noted", Outcome.PARTLY: "partly", Outcome.REFUSED: "refused"}


@dataclass(slots=True)
class Told:
    """`outcome` None: nothing was said yet of what the interchange holds; a TA1 that accepts speaks of the envelope only."""

    outcome: Outcome | None = None
    codes: tuple[str, ...] = ()
    messages: dict[str, tuple[Outcome, tuple[str, ...]]] = field(default_factory=dict)
    """By their references, where the partner named them."""

    def hear(self, answer: Answer) -> None:
        if answer.outcome is None:
            return
        if answer.level is Level.MESSAGE:
            self.messages[answer.reference] = (answer.outcome, answer.codes)
        elif answer.document != "TA1" or answer.outcome is Outcome.REFUSED:
            self.outcome, self.codes = answer.outcome, answer.codes

    def whole(self, documents: int) -> Outcome | None:
        """Of the interchange, when some of its messages were refused."""
        refused = sum(outcome is Outcome.REFUSED for outcome, _ in self.messages.values())
        if not refused or self.outcome is Outcome.REFUSED:
            return self.outcome
        return Outcome.REFUSED if refused >= documents else Outcome.PARTLY

    def others(self, documents: int) -> Outcome | None:
        """Of the messages that were not named."""
        whole = self.whole(documents)
        return Outcome.ACCEPTED if whole in (Outcome.PARTLY, Outcome.NOTED) else whole


def subjects(answers: Sequence[Answer]) -> list[tuple[str, str, str]]:
    """Of each answer which interchange it speaks of: ("control", ISA13 or UNB 0020, "") or ("group", GS06, GS01). UCM follows its UCI."""
    found: list[tuple[str, str, str]] = []
    current, code = "", ""
    for answer in answers:
        if answer.level is Level.INTERCHANGE:
            current = plain_number(answer.reference)
        elif answer.level is Level.GROUP and answer.document != "CONTRL":
            code = answer.type
        is_group = answer.group and answer.document != "CONTRL"
        found.append(("group", plain_number(answer.group), code) if is_group else ("control", current, ""))
    return found


def plain_number(reference: str) -> str:
    """000000017 is 17."""
    return str(int(reference)) if reference.isascii() and reference.isdigit() else reference


def named(messages: Mapping[str, tuple[Outcome, tuple[str, ...]]]) -> list[tuple[str, str, str]]:
    return [(reference, NAMES[outcome], " ".join(codes)) for reference, (outcome, codes) in sorted(messages.items())]
