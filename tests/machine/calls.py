"""How everybody calls: each call is a transaction, and who comes second where two come at once is tried again, as a request is."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from shared.batches import Done, Outcome
from shared.database import RETRIED_AT_ONCE, Pool, Transaction, transaction

T = TypeVar("T")
Call = Callable[[Transaction], Awaitable[T]]


async def called(pool: Pool, call: Call[T]) -> T:
    async with transaction(pool) as tx:
        return await call(tx)


async def called_at_once(pool: Pool, call: Call[T]) -> list[T]:
    """Two do the same before either is committed."""
    first, second = Transaction(pool), Transaction(pool)
    try:
        answers = [await call(first), await call(second)]
        await first.commit()
        try:
            await second.commit()
        except RETRIED_AT_ONCE:
            answers[1] = await called(pool, call)
    finally:
        await first.rollback()
        await second.rollback()
    return answers


async def called_again(pool: Pool, call: Call[list[Outcome[UUID]]], *, times: int) -> None:
    """What was done is answered as at first when it is sent again."""
    first = await called(pool, call)
    for _ in range(times - 1):
        for one, other in zip(first, await called(pool, call), strict=True):
            if isinstance(one, Done):
                assert isinstance(other, Done), other
                assert (one.value, other.created) == (other.value, False)
