"""Copies of what the invariants look at, side by side in temporary tables of one session."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

import asyncpg
from shared.walls import Role

from deploy.local.demo.journal import Acknowledged
from deploy.local.demo.log_dump import Logged, logged
from deploy.local.demo.target import Target, subscriptions

PLUMBING = ("order_intake", "inventory", "dispatch", "crm", "kpi")
STANDING = "waiting + backordered + reserved + released + picked + packed + shipped + delivered + damaged + lost + cancelled"
"""Where the units of an order line are, all buckets together."""


@dataclass(frozen=True)
class Copied:
    """`columns` names and types what `query` selects, `table` is where it goes; `from_` are the packages whose databases are asked."""

    table: str
    columns: str
    query: str
    from_: tuple[str, ...]


COPIES = (
    Copied(
        "outbox",
        "service text, event_id uuid, topic text, key text, aggregate text, version int, type text, customer_id text,"
        " created_at timestamptz",
        "SELECT '{service}'::text, event_id, topic, key, aggregate, version, type, customer_id, created_at FROM outbox",
        PLUMBING,
    ),
    Copied("pending", "service text, id bigint", "SELECT '{service}'::text, id FROM outbox_pending", PLUMBING),
    Copied(
        "progress",
        "service text, aggregate text, version int, is_parked boolean, parked_because text",
        "SELECT '{service}'::text, aggregate, version, parked_at IS NOT NULL, parked_because FROM progress WHERE consumer = '{service}'",
        PLUMBING,
    ),
    Copied("waiting", "service text, aggregate text, version int", "SELECT '{service}'::text, aggregate, version FROM waiting", PLUMBING),
    Copied(
        "timers",
        "service text, kind text, subject text, due_at timestamptz",
        "SELECT '{service}'::text, kind, subject, due_at FROM timers WHERE due_at < now() - interval '5 s'",
        PLUMBING,
    ),
    Copied(
        "orders",
        "order_id uuid, customer_id text, customer_reference text, status text",
        "SELECT order_id, customer_id, customer_reference, status FROM orders",
        ("order_intake",),
    ),
    Copied(
        "order_lines",
        "order_id uuid, line_no int, sku text, ordered int, standing int, backordered int, delivered int, damaged int, lost int,"
        " cancelled int",
        f"SELECT order_id, line_no, sku, ordered, {STANDING}, backordered, delivered, damaged, lost, cancelled FROM order_lines",
        ("order_intake",),
    ),
    Copied(
        "demand",
        "order_id uuid, line_no int, sku text, wanted int",
        "SELECT order_id, line_no, sku, ordered FROM demand",
        ("inventory",),
    ),
    Copied(
        "stock",
        "customer_id text, sku text, warehouse text, on_hand bigint, reserved bigint",
        "SELECT customer_id, sku, warehouse, on_hand, reserved FROM stock",
        ("inventory",),
    ),
    Copied(
        "stock_ledger",
        "entry_id bigint, customer_id text, sku text, warehouse text, d_on_hand bigint, d_reserved bigint, kind text, cause_event_id uuid,"
        " order_id uuid, line_no int",
        "SELECT entry_id, customer_id, sku, warehouse, d_on_hand, d_reserved, kind, cause_event_id, order_id, line_no FROM stock_ledger",
        ("inventory",),
    ),
    Copied(
        "reservations",
        "order_id uuid, line_no int, customer_id text, sku text, warehouse text, held int",
        "SELECT order_id, line_no, customer_id, sku, warehouse, held FROM reservations WHERE held > 0",
        ("inventory",),
    ),
    Copied("picks", "pick_id uuid, order_id uuid, status text", "SELECT pick_id, order_id, status FROM picks", ("inventory",)),
    Copied(
        "shipments",
        "shipment_id uuid, order_id uuid, customer_id text, warehouse text, status text",
        "SELECT shipment_id, order_id, customer_id, warehouse, status FROM shipments",
        ("dispatch",),
    ),
    Copied(
        "shipment_lines",
        "shipment_id uuid, line_no int, sku text, packed int, accepted int, damaged int, short int",
        "SELECT shipment_id, line_no, sku, packed, accepted, damaged, short FROM shipment_lines",
        ("dispatch",),
    ),
    Copied("crm_orders", "order_id uuid, customer_id text, status text", "SELECT order_id, customer_id, status FROM orders", ("crm",)),
    Copied(
        "line_facts",
        "order_id uuid, line_no int, sku text, wanted bigint, advised bigint, accepted bigint, damaged bigint, lost bigint",
        "SELECT order_id, line_no, sku, coalesce(amended, ordered), advised, accepted, damaged, lost FROM line_facts",
        ("kpi",),
    ),
    Copied(
        "order_facts",
        "order_id uuid, customer_id text, is_delivered boolean, is_cancelled boolean, is_rejected boolean, handovers int, deliveries int",
        "SELECT order_id, customer_id, delivered_at IS NOT NULL, cancelled_at IS NOT NULL, rejected_at IS NOT NULL, handovers, deliveries"
        " FROM order_facts",
        ("kpi",),
    ),
)

_OTHERS = """
CREATE TEMP TABLE log (topic text, partition int, "offset" bigint, event_id uuid, aggregate text, version int, customer_id text, key text);
CREATE TEMP TABLE acknowledged (customer_id text, customer_reference text, order_id uuid);
CREATE TEMP TABLE subscriptions (service text, topic text);
"""


@asynccontextmanager
async def evidence(
    target: Target, acknowledged: Iterable[Acknowledged], log: AsyncIterable[Sequence[Logged]] | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """A session with all copies; they vanish with it. `log`: what lies on the bus, where it is not all that `logged` finds."""
    checker = await asyncpg.connect(target.database("kpi", Role.STAFF))
    try:
        await make_tables(checker)
        for copied in COPIES:
            await _copy(target, copied, checker)
        async for some in log or logged(target):
            await checker.copy_records_to_table("log", records=some)
        rows = [(one.customer_id, one.customer_reference, one.order_id) for one in acknowledged]
        await checker.copy_records_to_table("acknowledged", records=rows)
        heard = [(package.replace("_", "-"), topic) for package, topics in subscriptions(target).items() for topic in topics]
        await checker.copy_records_to_table("subscriptions", records=heard)
        await checker.execute("ANALYZE")
        yield checker
    finally:
        await checker.close()


async def make_tables(checker: asyncpg.Connection) -> None:
    await checker.execute(_OTHERS)
    for copied in COPIES:
        await checker.execute(f"CREATE TEMP TABLE {copied.table} ({copied.columns})")


async def _copy(target: Target, copied: Copied, checker: asyncpg.Connection) -> None:
    for package in copied.from_:
        source = await asyncpg.connect(target.database(package, Role.STAFF))
        rows = BytesIO()
        await source.copy_from_query(copied.query.format(service=package.replace("_", "-")), output=rows, format="binary")
        await source.close()
        rows.seek(0)
        await checker.copy_to_table(copied.table, source=rows, format="binary")
