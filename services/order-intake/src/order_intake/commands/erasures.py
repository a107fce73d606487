"""Erasing consignees: taken as a request, done by `erasing.py`."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction
from shared.errors import Fault
from shared.events import OrderErased
from shared.locks import lock
from shared.outbox import publish
from uuid_utils.compat import uuid7

from order_intake.commands.placing import Take
from order_intake.commands.storage import order_locks
from order_intake.erasure_schemas import NewErasure
from order_intake.errors import ErasureInvalid
from order_intake.lifecycle import ErasureStatus
from order_intake.reasons import AMENDMENT, CANCELLATION, HOLD, REJECTION

WANTED = "wanted"
FAULTS_SHOWN = 100
CODES = sorted(AMENDMENT | CANCELLATION | HOLD | REJECTION)

_FOREIGN = """
SELECT position - 1 AS index FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (order_id, position)
WHERE NOT EXISTS (SELECT FROM orders WHERE orders.order_id = wanted.order_id AND orders.customer_id = $1) ORDER BY position LIMIT $3
"""
_ASK = "INSERT INTO erasures (erasure_id, customer_id, status, wanted_key_id, wanted) VALUES ($1, $2, $3, $4, $5)"
_MEAN = """
INSERT INTO erasure_orders (erasure_id, order_id, customer_id) SELECT $1, order_id, $2 FROM unnest($3::uuid[]) AS meant (order_id)
ON CONFLICT DO NOTHING
"""
_FORGET = """
UPDATE orders SET ship_to = NULL, erased_at = now(), event_version = event_version + 1,
    cancellation_reason = CASE WHEN cancellation_reason = ANY($2::text[]) THEN cancellation_reason
                               WHEN cancellation_reason IS NOT NULL THEN 'other' END
WHERE order_id = ANY($1::uuid[]) AND erased_at IS NULL RETURNING order_id, customer_id, event_version, erased_at
"""
_FORGET_WORDS = """
WITH held AS (
    UPDATE holds SET reason = 'other' WHERE order_id = ANY($1::uuid[]) AND reason <> ALL($2::text[])
), amended AS (
    UPDATE order_amendments SET ship_to = NULL, former_ship_to = NULL,
        reason = CASE WHEN reason = ANY($2::text[]) THEN reason ELSE 'other' END
    WHERE order_id = ANY($1::uuid[])
), told AS (
    UPDATE order_history SET detail = 'other'
    WHERE order_id = ANY($1::uuid[]) AND detail <> ALL($2::text[]) AND detail !~ '^release [0-9]+$'
        AND what <> 'cancellation_refused'
)
INSERT INTO order_history (order_id, customer_id, at, what)
SELECT order_id, customer_id, now(), 'erased' FROM orders WHERE order_id = ANY($1::uuid[])
"""
_FINISH = """
UPDATE erasures SET status = 'done', finished_at = now() WHERE status = 'erasing'
    AND NOT EXISTS (SELECT FROM erasure_orders o WHERE o.erasure_id = erasures.erasure_id AND o.erased_at IS NULL)
"""


async def ask_to_erase(tx: Transaction, new: NewErasure, take: Take) -> UUID:
    """Write down what shall be forgotten; whom to look for is written sealed."""
    [key] = await take(1) if new.consignee else [None]
    await _check(tx, new)
    erasure_id = uuid7()
    if new.consignee and key:
        wanted = key.seal_text(new.consignee.model_dump_json(exclude_none=True), new.customer_id, WANTED)
        await tx.execute(_ASK, erasure_id, new.customer_id, ErasureStatus.SEARCHING, key.key_id, wanted)
    else:
        await tx.execute(_ASK, erasure_id, new.customer_id, ErasureStatus.ERASING, None, None)
        await mean_orders(tx, erasure_id, new.customer_id, new.order_ids or [])
    return erasure_id


async def mean_orders(tx: Transaction, erasure_id: UUID, customer_id: str, order_ids: Sequence[UUID]) -> None:
    await tx.execute(_MEAN, erasure_id, customer_id, sorted(set(order_ids)))


async def forget_consignees(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """What is left when the keys are destroyed: the sealed bytes, and the free words beside them. Says each once."""
    await lock(tx, order_locks(order_ids))
    erased = await tx.fetch(_FORGET, order_ids, CODES)
    await tx.execute(_FORGET_WORDS, [row["order_id"] for row in erased], CODES)
    await tx.execute("UPDATE erasure_orders SET erased_at = now() WHERE order_id = ANY($1::uuid[]) AND erased_at IS NULL", order_ids)
    await finish_erasures(tx)
    await publish(
        tx,
        *[
            OrderErased(
                customer_id=row["customer_id"],
                order_id=row["order_id"],
                version=row["event_version"],
                occurred_at=row["erased_at"],
                erased_at=row["erased_at"],
            )
            for row in erased
        ],
    )


async def finish_erasures(tx: Transaction) -> None:
    """Those of which no order is left."""
    await tx.execute(_FINISH)


async def _check(tx: Transaction, new: NewErasure) -> None:
    if not await tx.fetchval("SELECT EXISTS (SELECT FROM customers WHERE customer_id = $1)", new.customer_id):
        raise ErasureInvalid([Fault("/customer_id", "is not a registered customer")])
    foreign = await tx.fetch(_FOREIGN, new.customer_id, new.order_ids, FAULTS_SHOWN) if new.order_ids else []
    if foreign:
        raise ErasureInvalid([Fault(f"/order_ids/{row['index']}", "is not an order of this customer") for row in foreign])
