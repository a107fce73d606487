"""What must be true of the whole system once it is at rest, as SQL that finds the offenders: no rows is right.

For other users than the demo: `async with evidence(target, acknowledged) as checker: verdicts = await judge(checker)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True)
class Invariant:
    """`offenders` selects what breaks it; the first row is shown."""

    name: str
    sentence: str
    offenders: str


@dataclass(frozen=True)
class Verdict:
    invariant: Invariant
    broken: int
    first: str | None


NEVER_OVERSOLD = Invariant(
    "I3",
    "Nothing was oversold in any past state",
    "SELECT * FROM (SELECT customer_id, sku, warehouse, entry_id, cause_event_id, order_id, sum(d_on_hand) OVER w AS on_hand,"
    " sum(d_reserved) OVER w AS reserved FROM stock_ledger"
    " WINDOW w AS (PARTITION BY customer_id, sku, warehouse ORDER BY entry_id)) AS past"
    " WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand",
)
STOCK_IS_THE_LEDGER = Invariant(
    "I4",
    "Stock is what the ledger says",
    "SELECT * FROM stock FULL JOIN (SELECT customer_id, sku, warehouse, sum(d_on_hand) AS moved, sum(d_reserved) AS set_aside"
    " FROM stock_ledger GROUP BY 1, 2, 3) AS ledger USING (customer_id, sku, warehouse)"
    " WHERE (coalesce(on_hand, 0), coalesce(reserved, 0)) IS DISTINCT FROM (coalesce(moved, 0), coalesce(set_aside, 0))",
)
RESERVED_IS_HELD = Invariant(
    "I4",
    "Reserved stock is what orders hold",
    "SELECT * FROM stock FULL JOIN (SELECT customer_id, sku, warehouse, sum(held) AS held FROM reservations GROUP BY 1, 2, 3) AS r"
    " USING (customer_id, sku, warehouse) WHERE coalesce(reserved, 0) <> coalesce(held, 0)",
)
NO_CAUSE_TWICE = Invariant(
    "I8",
    "No cause changed stock twice",
    "SELECT cause_event_id, line_no, warehouse, kind FROM stock_ledger GROUP BY 1, 2, 3, 4 HAVING count(*) > 1",
)
REFERENCE_TWICE = "SELECT customer_id, customer_reference FROM orders GROUP BY 1, 2 HAVING count(*) > 1"
"""These look at tables as they stand in one service: they can be asked of it at any moment as well."""

INVARIANTS: Sequence[Invariant] = (
    Invariant(
        "I1",
        "No acknowledged order is lost",
        "SELECT a.* FROM acknowledged a LEFT JOIN orders o USING (order_id, customer_id, customer_reference) WHERE o.status IS NULL",
    ),
    Invariant(
        "I2",
        "One order a customer's reference, in the table and in what was answered",
        f"{REFERENCE_TWICE} UNION ALL"
        " SELECT customer_id, customer_reference FROM acknowledged GROUP BY 1, 2 HAVING count(DISTINCT order_id) > 1",
    ),
    NEVER_OVERSOLD,
    STOCK_IS_THE_LEDGER,
    RESERVED_IS_HELD,
    Invariant("I4", "The units of an order line add up to what was ordered", "SELECT * FROM order_lines WHERE standing <> ordered"),
    Invariant(
        "I5",
        "No line is shipped beyond what was ordered",
        "SELECT * FROM (SELECT order_id, line_no, sum(packed) AS shipped FROM shipments JOIN shipment_lines USING (shipment_id)"
        " WHERE status IN ('handed_over', 'delivered') GROUP BY 1, 2) AS gone"
        " LEFT JOIN order_lines USING (order_id, line_no) WHERE shipped > coalesce(ordered, 0)",
    ),
    Invariant(
        "I5",
        "Nothing of a cancelled or rejected order is shipped",
        "SELECT shipment_id, order_id, s.status FROM shipments s JOIN orders o USING (order_id)"
        " WHERE o.status IN ('cancelled', 'rejected') AND s.status <> 'cancelled'",
    ),
    Invariant(
        "I6",
        "No event is lost on its way to the bus",
        "SELECT * FROM outbox o WHERE NOT EXISTS (SELECT FROM log WHERE log.event_id = o.event_id)",
    ),
    Invariant(
        "I7",
        "Nothing is on the bus that nobody said",
        "SELECT * FROM log l WHERE NOT EXISTS (SELECT FROM outbox WHERE outbox.event_id = l.event_id)",
    ),
    Invariant(
        "I7",
        "What is on the bus says of itself what its service has written",
        "SELECT l.*, o.topic AS said_in, o.key AS written_key, o.aggregate AS of_thing, o.version AS its_version, o.customer_id AS whose"
        " FROM log l JOIN outbox o USING (event_id) WHERE (l.topic, l.key, l.aggregate, l.version, l.customer_id)"
        " IS DISTINCT FROM (o.topic, o.key, o.aggregate, o.version, o.customer_id)",
    ),
    Invariant(
        "I8",
        "Every consumer has applied every aggregate to its last version",
        "SELECT service, aggregate, said.version AS said, coalesce(p.version, 0) AS applied FROM subscriptions"
        " JOIN (SELECT topic, aggregate, max(version) AS version FROM log GROUP BY 1, 2) AS said USING (topic)"
        " LEFT JOIN progress p USING (service, aggregate) WHERE coalesce(p.version, 0) <> said.version AND p.is_parked IS NOT TRUE",
    ),
    NO_CAUSE_TWICE,
    Invariant(
        "I9",
        "First appearances on the bus are in the order of versions",
        'WITH firsts AS (SELECT aggregate, version, min(partition) AS partition, max(partition) AS other, min("offset") AS first'
        " FROM log GROUP BY 1, 2) SELECT later.*, earlier.partition AS before_in, earlier.first AS before_at FROM firsts later"
        " LEFT JOIN firsts earlier ON (earlier.aggregate, earlier.version) = (later.aggregate, later.version - 1)"
        " WHERE later.partition <> later.other"
        " OR later.version <> 1 AND (earlier.partition = later.partition AND earlier.first < later.first) IS NOT TRUE",
    ),
    Invariant(
        "I10",
        "Versions are counted without gaps",
        "SELECT service, aggregate, max(version), count(*) FROM outbox GROUP BY 1, 2"
        " HAVING max(version) <> count(*) OR count(DISTINCT version) <> count(*)",
    ),
    Invariant(
        "I11",
        "Every order is delivered, closed, cancelled, rejected or backordered",
        "SELECT * FROM orders WHERE status NOT IN ('delivered', 'closed', 'cancelled', 'rejected', 'backordered')",
    ),
    Invariant(
        "I11",
        "What is backordered is really short",
        "WITH free AS (SELECT customer_id, sku, sum(on_hand - reserved) AS units FROM stock GROUP BY 1, 2),"
        " wanted AS (SELECT order_id, customer_id, sku, sum(backordered) AS units FROM orders JOIN order_lines USING (order_id)"
        " WHERE status = 'backordered' GROUP BY 1, 2, 3 HAVING sum(backordered) > 0)"
        " SELECT order_id FROM orders o WHERE status = 'backordered' AND NOT EXISTS (SELECT FROM wanted w"
        " LEFT JOIN free USING (customer_id, sku) WHERE w.order_id = o.order_id AND w.units > coalesce(free.units, 0))",
    ),
    Invariant("I11", "No event waits for the relay", "SELECT * FROM pending"),
    Invariant("I11", "No timer is overdue", "SELECT * FROM timers"),
    Invariant(
        "I11",
        "Nothing is left to pick or to deliver",
        "SELECT pick_id, order_id, status FROM picks WHERE status = 'open'"
        " UNION ALL SELECT shipment_id, order_id, status FROM shipments WHERE status NOT IN ('delivered', 'cancelled')",
    ),
    Invariant(
        "I12",
        "Ended orders hold no stock",
        "SELECT order_id, line_no, held, status FROM reservations LEFT JOIN orders USING (order_id)"
        " WHERE coalesce(status, 'unknown') IN ('unknown', 'cancelled', 'rejected', 'delivered', 'closed')",
    ),
    Invariant(
        "I12",
        "inventory and kpi want of every line what order-intake wants, as it was amended",
        "SELECT order_id, line_no, l.sku, ordered - cancelled AS wanted, d.wanted AS by_inventory, f.wanted AS by_kpi"
        " FROM orders JOIN order_lines l USING (order_id) LEFT JOIN demand d USING (order_id, line_no, sku)"
        " LEFT JOIN line_facts f USING (order_id, line_no, sku) WHERE status NOT IN ('received', 'cancelled', 'rejected')"
        " AND (ordered - cancelled, ordered - cancelled) IS DISTINCT FROM (coalesce(d.wanted, 0), coalesce(f.wanted, 0))"
        " UNION ALL SELECT order_id, line_no, sku, 0, wanted, NULL FROM demand WHERE NOT EXISTS (SELECT FROM order_lines l"
        " WHERE (l.order_id, l.line_no, l.sku) = (demand.order_id, demand.line_no, demand.sku))",
    ),
    Invariant(
        "I12",
        "Order lines say what the drivers said",
        "SELECT * FROM (SELECT order_id, line_no, sum(accepted) AS a, sum(damaged) AS d, sum(short) AS s FROM shipments"
        " JOIN shipment_lines USING (shipment_id) WHERE status = 'delivered' GROUP BY 1, 2) AS said"
        " FULL JOIN (SELECT order_id, line_no, delivered, damaged, lost FROM order_lines) AS known USING (order_id, line_no)"
        " WHERE (coalesce(a, 0), coalesce(d, 0), coalesce(s, 0))"
        " IS DISTINCT FROM (coalesce(delivered, 0), coalesce(damaged, 0), coalesce(lost, 0))",
    ),
    Invariant(
        "I12",
        "What left the stock is what left on vehicles",
        "SELECT * FROM (SELECT order_id, line_no, warehouse, -sum(d_on_hand) AS issued FROM stock_ledger WHERE kind = 'issue'"
        " GROUP BY 1, 2, 3) AS ledger FULL JOIN (SELECT order_id, line_no, warehouse, sum(packed) AS gone FROM shipments"
        " JOIN shipment_lines USING (shipment_id) WHERE status IN ('handed_over', 'delivered') AND packed > 0 GROUP BY 1, 2, 3) AS driven"
        " USING (order_id, line_no, warehouse) WHERE coalesce(issued, 0) <> coalesce(gone, 0)",
    ),
    Invariant(
        "I12",
        "crm knows every order and how it ended",
        "SELECT order_id, o.status, c.status AS heard FROM orders o FULL JOIN crm_orders c USING (order_id, customer_id)"
        " WHERE o.status IS NULL OR c.status IS NULL"
        " OR (o.status IN ('delivered', 'closed', 'cancelled', 'rejected') AND o.status <> c.status)",
    ),
    Invariant(
        "I12",
        "kpi knows every order and how it ended",
        "SELECT order_id, o.status, f.* FROM orders o FULL JOIN order_facts f USING (order_id, customer_id) WHERE o.status IS NULL"
        " OR (o.status IN ('delivered', 'closed'), o.status = 'cancelled', o.status = 'rejected')"
        " IS DISTINCT FROM (f.is_delivered, f.is_cancelled, f.is_rejected)",
    ),
    Invariant(
        "I13",
        "All that is said of a thing names one customer, the order's",
        "SELECT aggregate FROM outbox GROUP BY 1 HAVING count(DISTINCT customer_id) > 1"
        " UNION ALL SELECT aggregate FROM outbox e JOIN orders o ON e.key = o.order_id::text WHERE e.customer_id <> o.customer_id",
    ),
    Invariant(
        "I14",
        "Nothing is parked, nothing waits for a version before it",
        "SELECT service, aggregate, version, parked_because FROM progress WHERE is_parked"
        " UNION ALL SELECT service, aggregate, version, 'waits' FROM waiting",
    ),
    Invariant(
        "I16",
        "kpi has counted every hand-over and every delivery, once",
        "SELECT * FROM (SELECT order_id, handovers, deliveries FROM order_facts) AS counted FULL JOIN (SELECT order_id,"
        " count(*) FILTER (WHERE status IN ('handed_over', 'delivered')) AS gone, count(*) FILTER (WHERE status = 'delivered') AS arrived"
        " FROM shipments GROUP BY 1) AS driven USING (order_id)"
        " WHERE (handovers, deliveries) IS DISTINCT FROM (coalesce(gone, 0), coalesce(arrived, 0))",
    ),
    Invariant(
        "I16",
        "kpi has added up what arrived of every line, once",
        "SELECT * FROM line_facts FULL JOIN (SELECT order_id, line_no, coalesce(sum(packed), 0) AS p, coalesce(sum(accepted), 0) AS a,"
        " coalesce(sum(broken), 0) AS d, coalesce(sum(short), 0) AS s FROM order_lines LEFT JOIN (SELECT order_id, line_no, packed,"
        " accepted, damaged AS broken, short FROM shipments JOIN shipment_lines USING (shipment_id) WHERE status = 'delivered') AS arrived"
        " USING (order_id, line_no) GROUP BY 1, 2) AS said USING (order_id, line_no)"
        " WHERE (advised, accepted, damaged, lost) IS DISTINCT FROM (p, a, d, s)",
    ),
)


async def judge(checker: asyncpg.Connection) -> list[Verdict]:
    return await judge_each(checker, INVARIANTS)


async def judge_each(checker: asyncpg.Connection | asyncpg.Pool, invariants: Sequence[Invariant]) -> list[Verdict]:
    return [await verdict_of(checker, invariant) for invariant in invariants]


async def verdict_of(checker: asyncpg.Connection | asyncpg.Pool, invariant: Invariant, *values: object) -> Verdict:
    row = await checker.fetchrow(
        f"WITH offenders AS MATERIALIZED ({invariant.offenders})"
        " SELECT (SELECT count(*) FROM offenders) AS broken, (SELECT to_jsonb(o)::text FROM offenders o LIMIT 1) AS first",
        *values,
    )
    assert row
    return Verdict(invariant, row["broken"], row["first"])
