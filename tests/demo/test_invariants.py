"""Every invariant finds what was made to break it, and nothing in a world where all is well."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid5

import asyncpg
import pytest

from deploy.local.demo.evidence import make_tables
from deploy.local.demo.invariants import INVARIANTS, judge
from deploy.local.postgres import Postgres

ORDER = UUID("01990000-0000-7000-8000-000000000001")
E1, E2, E3 = (uuid5(ORDER, str(n)) for n in range(3))

WELL = f"""
INSERT INTO orders VALUES ('{ORDER}', 'ACME', 'PO-1', 'delivered');
INSERT INTO acknowledged VALUES ('ACME', 'PO-1', '{ORDER}');
INSERT INTO order_lines VALUES ('{ORDER}', 1, 'TEA', 10, 10, 0, 8, 1, 1, 0), ('{ORDER}', 2, 'MUG', 4, 4, 0, 0, 0, 0, 4);
INSERT INTO demand VALUES ('{ORDER}', 1, 'TEA', 10), ('{ORDER}', 2, 'MUG', 0);
INSERT INTO line_facts VALUES ('{ORDER}', 1, 'TEA', 10, 10, 8, 1, 1), ('{ORDER}', 2, 'MUG', 0, 0, 0, 0, 0);
INSERT INTO stock VALUES ('ACME', 'TEA', 'W1', 5, 0);
INSERT INTO stock_ledger VALUES (1, 'ACME', 'TEA', 'W1', 15, 0, 'adjust', '{E3}', NULL, NULL),
    (2, 'ACME', 'TEA', 'W1', 0, 10, 'reserve', '{E1}', '{ORDER}', 1), (3, 'ACME', 'TEA', 'W1', -10, -10, 'issue', '{E2}', '{ORDER}', 1);
INSERT INTO shipments VALUES ('{E3}', '{ORDER}', 'ACME', 'W1', 'delivered');
INSERT INTO shipment_lines VALUES ('{E3}', 1, 'TEA', 10, 8, 1, 1);
INSERT INTO picks VALUES ('{E3}', '{ORDER}', 'confirmed');
INSERT INTO crm_orders VALUES ('{ORDER}', 'ACME', 'delivered');
INSERT INTO order_facts VALUES ('{ORDER}', 'ACME', true, false, false, 1, 1);
INSERT INTO subscriptions VALUES ('inventory', 'orders');
INSERT INTO outbox VALUES ('order-intake', '{E1}', 'orders', '{ORDER}', 'order/{ORDER}', 1, 'order.received.v1', 'ACME'),
    ('order-intake', '{E2}', 'orders', '{ORDER}', 'order/{ORDER}', 2, 'order.confirmed.v1', 'ACME');
INSERT INTO log VALUES ('orders', 0, 0, '{E1}', 'order/{ORDER}', 1, 'ACME', '{ORDER}'),
    ('orders', 0, 1, '{E2}', 'order/{ORDER}', 2, 'ACME', '{ORDER}'), ('orders', 0, 2, '{E1}', 'order/{ORDER}', 1, 'ACME', '{ORDER}');
INSERT INTO progress VALUES ('inventory', 'order/{ORDER}', 2, false, NULL);
"""

BREAKS = {
    "No acknowledged order is lost": f"INSERT INTO acknowledged VALUES ('ACME', 'PO-2', '{E1}')",
    "One order a customer's reference, in the table and in what was answered": f"INSERT INTO acknowledged VALUES ('ACME', 'PO-1', '{E1}')",
    "Nothing was oversold in any past state": "UPDATE stock_ledger SET d_on_hand = d_on_hand + CASE entry_id WHEN 1 THEN -10 ELSE 10 END"
    " WHERE entry_id <> 2",
    "Stock is what the ledger says": "UPDATE stock SET on_hand = 6",
    "Reserved stock is what orders hold": "UPDATE stock SET reserved = 1",
    "The units of an order line add up to what was ordered": "UPDATE order_lines SET standing = 9",
    "No line is shipped beyond what was ordered": "UPDATE shipment_lines SET packed = 11",
    "Nothing of a cancelled or rejected order is shipped": "UPDATE orders SET status = 'cancelled'",
    "No event is lost on its way to the bus": f"DELETE FROM log WHERE event_id = '{E2}'",
    "Nothing is on the bus that nobody said": f"DELETE FROM outbox WHERE event_id = '{E2}'",
    "What is on the bus says of itself what its service has written": "UPDATE log SET customer_id = 'OTHER'",
    "Every consumer has applied every aggregate to its last version": "UPDATE progress SET version = 1",
    "No cause changed stock twice": "INSERT INTO stock_ledger SELECT * FROM stock_ledger WHERE entry_id = 2",
    "First appearances on the bus are in the order of versions": f'UPDATE log SET "offset" = 7 - "offset" WHERE event_id = \'{E1}\'',
    "Versions are counted without gaps": "UPDATE outbox SET version = 3 WHERE version = 2",
    "Every order is delivered, closed, cancelled, rejected or backordered": "UPDATE orders SET status = 'shipped'",
    "What is backordered is really short": "UPDATE orders SET status = 'backordered';"
    " UPDATE order_lines SET backordered = 5 WHERE line_no = 1",
    "No event waits for the relay": "INSERT INTO pending VALUES ('crm', 1)",
    "No timer is overdue": "INSERT INTO timers VALUES ('crm', 'close', 'x', now())",
    "Nothing is left to pick or to deliver": "UPDATE picks SET status = 'open'",
    "Ended orders hold no stock": f"INSERT INTO reservations VALUES ('{ORDER}', 1, 'ACME', 'TEA', 'W1', 1)",
    "inventory and kpi want of every line what order-intake wants, as it was amended": "UPDATE line_facts SET wanted = 4",
    "Order lines say what the drivers said": "UPDATE order_lines SET delivered = 9, damaged = 0 WHERE line_no = 1",
    "What left the stock is what left on vehicles": "UPDATE stock_ledger SET warehouse = 'W2' WHERE kind = 'issue'",
    "crm knows every order and how it ended": "UPDATE crm_orders SET status = 'released'",
    "kpi knows every order and how it ended": "UPDATE order_facts SET is_delivered = false",
    "All that is said of a thing names one customer, the order's": "UPDATE outbox SET customer_id = 'OTHER'",
    "Nothing is parked, nothing waits for a version before it": "UPDATE progress SET is_parked = true",
    "kpi has counted every hand-over and every delivery, once": "UPDATE order_facts SET handovers = 2",
    "kpi has added up what arrived of every line, once": "UPDATE line_facts SET accepted = 16",
}


@pytest.fixture
async def checker(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    postgres.create_database("checker")
    session = await asyncpg.connect(postgres.url("checker"))
    await make_tables(session)
    await session.execute(WELL)
    yield session
    await session.close()


async def test_nothing_is_found_where_all_is_well(checker: asyncpg.Connection) -> None:
    assert [verdict for verdict in await judge(checker) if verdict.broken] == []


@pytest.mark.parametrize("sentence", [invariant.sentence for invariant in INVARIANTS])
async def test_an_invariant_finds_what_breaks_it(checker: asyncpg.Connection, sentence: str) -> None:
    await checker.execute(BREAKS[sentence])

    [verdict] = [verdict for verdict in await judge(checker) if verdict.invariant.sentence == sentence]

    assert verdict.broken > 0
    assert verdict.first


async def test_a_backorder_of_more_than_there_is_is_no_offence(checker: asyncpg.Connection) -> None:
    await checker.execute("UPDATE orders SET status = 'backordered'; UPDATE order_lines SET backordered = 6 WHERE line_no = 1")

    broken = {verdict.invariant.sentence for verdict in await judge(checker) if verdict.broken}

    assert "What is backordered is really short" not in broken
