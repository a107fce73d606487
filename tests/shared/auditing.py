"""Entries as requests leave them, and a look at what of them is sealed."""

from collections.abc import Sequence

from shared.audit.chain import Head
from shared.audit.sealer import seal_visible
from shared.audit.trail import ENTRY
from shared.audit.verifying import Findings, Verifier
from shared.database import Pool, Transaction, transaction
from uuid_utils.compat import uuid7

ODD = 'Zoë "quoted" \\ back\tslash \x1f 订单 \U0001f69a </script> \x7f'


def entry(subject: str = "/orders/1", items: str | None = None, customer_id: str | None = "ACME") -> Sequence[object]:
    return ("lantern", customer_id, "POST /orders", subject, items, 1, 201, "192.0.2.7", uuid7())


async def done(pool: Pool, count: int, subject: str = "/orders/1") -> None:
    """So many requests, all in one transaction."""
    async with transaction(pool) as tx:
        tx.gather(ENTRY, [entry(f"{subject}/{number}") for number in range(count)])


async def begun(pool: Pool) -> Transaction:
    """A request that has written its entry and is not committed."""
    tx = Transaction(pool)
    tx.gather(ENTRY, [entry("/orders/late")])
    await tx.flush()
    return tx


async def seal_all(pool: Pool) -> Head:
    while True:
        sealed = await seal_visible(pool)
        assert sealed
        if not sealed[1]:
            return sealed[0]


async def sealed_ids(pool: Pool) -> list[list[int]]:
    return [list(row["ids"]) for row in await pool.fetch("SELECT ids FROM audit_seals ORDER BY position")]


async def verified(pool: Pool, begin: Head | None = None, expected: Head | None = None) -> Findings:
    return await (Verifier(pool, begin, expected) if begin else Verifier(pool, expected=expected)).run()
