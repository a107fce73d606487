"""Acknowledgements at once, with control numbers of ours that run on without a gap for each partner."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from shared.database import Transaction

from order_intake.commands.outbox import next_controls
from order_intake.edi import X12, Reply, enveloped, reply
from order_intake.partners import Acknowledgements
from order_intake.taken import Taken

NOBODYS = Acknowledgements()


@dataclass(frozen=True, slots=True)
class Answered:
    taken: Taken
    reply: Reply

    @property
    def code(self) -> str:
        return self.taken.arrival.partner.code if self.taken.arrival.partner else ""

    @property
    def kinds(self) -> list[str]:
        """The numbers that it takes; groups of ours end where the release changes."""
        if self.taken.arrival.interchange.syntax is not X12:
            return ["UNB"]
        return ["ISA", *("GS" for _ in groupby(self.reply.drafts, lambda draft: draft.release))]

    def written(self, control: str, group_control: int, at: datetime) -> bytes | None:
        return enveloped(self.taken.arrival.interchange, self.reply, control, at, group_control)

    def is_writable(self, at: datetime) -> bool:
        """Where nothing is wrong, only the envelope can be what no bytes can carry; else the answer holds what came."""
        if not self.taken.arrival.verdict.is_clean:
            return self.written("1", 1, at) is not None
        hollow = tuple(replace(draft, segments=()) for draft in self.reply.drafts)
        return enveloped(self.taken.arrival.interchange, replace(self.reply, drafts=hollow), "1", at) is not None


async def acknowledge(tx: Transaction, taken: Sequence[Taken]) -> None:
    """Partners in the order of their codes: whoever has a partner's numbers holds up all others that write to it."""
    at = await tx.now()
    answered = [each for each in map(_answered, taken) if each.is_writable(at)]
    for each in answered:
        if not each.taken.interchange_id:
            each.taken.acknowledgement = each.written(_echoed(each.taken), 1, at)
    known = sorted((each for each in answered if each.taken.interchange_id), key=lambda each: each.code)
    for code, group in groupby(known, lambda each: each.code):
        await _acknowledge(tx, code, list(group), at)


def _answered(taken: Taken) -> Answered:
    wishes = taken.arrival.partner.acknowledgements if taken.arrival.partner else NOBODYS
    wish = wishes.ta1 if taken.arrival.interchange.syntax is X12 else wishes.contrl
    return Answered(taken, reply(taken.arrival.verdict, wishes.functional, wish))


async def _acknowledge(tx: Transaction, code: str, answered: Sequence[Answered], at: datetime) -> None:
    numbers = await next_controls(tx, code, [kind for each in answered for kind in each.kinds])
    for each in answered:
        used = each.kinds
        each.taken.acknowledgement = each.written(str(numbers[used[0]]), numbers.get("GS", 1), at)
        for kind in used:
            numbers[kind] += 1


def _echoed(taken: Taken) -> str:
    """Nobody's numbers run on: who is not known gets its own back."""
    said = taken.arrival.interchange.reference
    is_number = said.isascii() and said.isdigit() and len(said) <= 9
    return said if is_number or taken.arrival.interchange.syntax is not X12 else "1"
