"""Acknowledgements at once, with control numbers of ours that run on without a gap for each partner."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from shared.database import Transaction

from order_intake.commands.outbox import next_controls
from order_intake.edi import X12, Reply, Wish, reply, reply_bytes
from order_intake.partners import Acknowledgements, Partner
from order_intake.taken import Taken

NOBODYS = Acknowledgements()


async def acknowledge(tx: Transaction, taken: Sequence[Taken]) -> None:
    """Partners in the order of their codes: whoever has a partner's numbers holds up all others that write to it."""
    at = await tx.now()
    unknown = [each for each in taken if each.arrival.partner is None or each.interchange_id is None]
    for each in unknown:
        each.acknowledgement = _written(each, _echoed(each), 1, at)
    known = [each for each in taken if each.arrival.partner and each.interchange_id and _written(each, "1", 1, at)]
    for _, group in groupby(sorted(known, key=_code), _code):
        await _acknowledge(tx, list(group), at)


def _code(taken: Taken) -> str:
    return taken.arrival.partner.code if taken.arrival.partner else ""


async def _acknowledge(tx: Transaction, taken: Sequence[Taken], at: datetime) -> None:
    kinds = [_kinds(each) for each in taken]
    numbers = await next_controls(tx, _code(taken[0]), [kind for each in kinds for kind in each])
    for each, used in zip(taken, kinds, strict=True):
        each.acknowledgement = _written(each, str(numbers[used[0]]), numbers.get("GS", 1), at)
        for kind in used:
            numbers[kind] += 1


def _kinds(taken: Taken) -> list[str]:
    """Groups of ours end where the release changes."""
    if taken.arrival.interchange.syntax is not X12:
        return ["UNB"]
    runs = groupby(_reply(taken).drafts, lambda draft: draft.release)
    return ["ISA", *("GS" for _ in runs)]


def _reply(taken: Taken) -> Reply:
    wishes = _wishes(taken.arrival.partner)
    return reply(taken.arrival.verdict, wishes.functional, _wish(taken, wishes))


def _written(taken: Taken, control: str, group_control: int, at: datetime) -> bytes | None:
    wishes = _wishes(taken.arrival.partner)
    return reply_bytes(taken.arrival.verdict, control, at, wishes.functional, group_control, _wish(taken, wishes))


def _wishes(partner: Partner | None) -> Acknowledgements:
    return partner.acknowledgements if partner else NOBODYS


def _wish(taken: Taken, wishes: Acknowledgements) -> Wish:
    return wishes.ta1 if taken.arrival.interchange.syntax is X12 else wishes.contrl


def _echoed(taken: Taken) -> str:
    """Nobody's numbers run on: who is not known gets its own back."""
    said = taken.arrival.interchange.reference
    is_number = said.isascii() and said.isdigit() and len(said) <= 9
    return said if is_number or taken.arrival.interchange.syntax is not X12 else "1"
