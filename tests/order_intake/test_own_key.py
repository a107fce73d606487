"""A customer's own transactions: as few round trips as staff's, that customer's rows only, and no plan that fits another customer alone."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from order_intake.commands.drafts import _KNOWN
from order_intake.commands.placing import place_orders
from order_intake.schemas import NewOrder
from order_intake.settings import Terms
from shared.database import Pool, Transaction
from shared.endings import FEW
from shared.walls import Role, entered_as, limited_select, limited_to

from tests.order_intake.builders import a_body, a_stored_customer, new_keys

TERMS = Terms(open_orders_per_customer=0)
ITS_ORDER = "SELECT order_id FROM orders WHERE customer_reference = $1"
LIMIT = "SELECT current_setting('app.customer_id', true)"


@pytest.fixture
async def sent() -> list[str]:
    """What the customers' connection is asked."""
    return []


@pytest.fixture
async def customers(database: str, sent: list[str]) -> AsyncIterator[Pool]:
    """One connection, so that nothing of one customer can hide from the next one."""

    async def listen(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        connection.add_query_logger(lambda query: sent.append(query.query))

    async def as_it_is(_: object) -> None:
        """As in the pools that serve."""

    settings = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
    url = entered_as(database, "order_intake", Role.CUSTOMER)
    made = await asyncpg.create_pool(url, min_size=1, max_size=1, init=listen, reset=as_it_is, server_settings=settings)
    yield made
    made.terminate()


async def place(customers: Pool, customer_id: str, *references: str) -> None:
    tx = Transaction(customers, customer_id=customer_id)
    news = [NewOrder.model_validate(a_body(customer_id, reference)) for reference in references]
    try:
        await place_orders(tx, news, TERMS, new_keys)
    except BaseException:
        await tx.rollback()
        raise
    await tx.commit()


async def seen(customers: Pool, customer_id: str, sql: str, *values: object) -> object:
    tx = Transaction(customers, customer_id=customer_id)
    row = await tx.glance(sql, *values)
    await tx.commit()
    return row and row[0]


async def test_placing_is_two_statements_and_leaves_no_customer_behind(pool: Pool, customers: Pool, sent: list[str]) -> None:
    customer_id = await a_stored_customer(pool)
    await place(customers, customer_id, "FIRST")  # the driver asks about types once
    sent.clear()

    await place(customers, customer_id, "SECOND")

    assert len(sent) == 2
    assert await customers.fetchval(LIMIT) == ""


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
async def test_as_many_orders_as_one_likes_are_placed_and_are_the_customers(pool: Pool, customers: Pool, count: int) -> None:
    customer_id, references = await a_stored_customer(pool), [f"R-{number}" for number in range(count)]

    await place(customers, customer_id, *references)

    stored = await pool.fetch("SELECT customer_reference FROM orders WHERE customer_id = $1 ORDER BY 1", customer_id)
    said = await pool.fetchval("SELECT count(*) FROM outbox WHERE customer_id = $1", customer_id)
    assert [row[0] for row in stored] == sorted(references)
    assert said == 2 * count


async def test_a_glance_sees_the_customers_rows_and_no_others(pool: Pool, customers: Pool) -> None:
    mine, theirs = await a_stored_customer(pool), await a_stored_customer(pool)
    await place(customers, theirs, f"OF-{theirs}")

    assert await seen(customers, theirs, ITS_ORDER, f"OF-{theirs}") is not None
    assert await seen(customers, mine, ITS_ORDER, f"OF-{theirs}") is None
    assert await seen(customers, mine, LIMIT) == mine


async def test_an_order_of_another_customer_is_refused_by_the_database(pool: Pool, customers: Pool) -> None:
    mine, theirs = await a_stored_customer(pool), await a_stored_customer(pool)
    tx = Transaction(customers, customer_id=theirs)
    await place_orders(tx, [NewOrder.model_validate(a_body(theirs, "SWAPPED"))], TERMS, new_keys)
    tx.customer_id = mine

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tx.commit()


_MANY = """
INSERT INTO orders (order_id, customer_id, customer_reference, fingerprint, status, service_level, allow_partial, submitted_at,
    received_at, open_holds, event_version, ship_to)
SELECT gen_random_uuid(), CASE WHEN n % 100 = 0 THEN 'SMALL-' || n ELSE 'LARGE' END, 'MANY-' || n, '', 'received', 'standard', false, now(),
    now(), 0, 1, '' FROM generate_series(1, 3000) AS n
"""


async def test_the_plan_of_a_small_customer_does_for_a_large_one(database: str) -> None:
    owner = await asyncpg.connect(entered_as(database, "order_intake", Role.OWNER))
    turn = owner.transaction()
    await turn.start()
    await owner.execute(_MANY)
    await owner.execute("ANALYZE orders")
    await owner.execute(f"SET LOCAL ROLE {Role.CUSTOMER.of('order_intake')}; SET LOCAL plan_cache_mode = force_generic_plan")
    await owner.execute(limited_to("SMALL-100").partition(";")[2])
    await owner.execute(f"PREPARE glance (text[], text[], text[], text[], text) AS {limited_select(_KNOWN, 4)}")

    plan = await owner.fetch("EXPLAIN EXECUTE glance (ARRAY['LARGE'], ARRAY['MANY-1'], ARRAY['LARGE'], ARRAY['SKU'], 'LARGE')")

    await turn.rollback()
    await owner.close()
    used = [line[0].partition(" on orders ")[0].split()[-1] for line in plan if " on orders " in line[0]]
    assert used == ["orders_reference"], plan
