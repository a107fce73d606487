"""Behind every select stand two walls, a filter in the application and the policies of the database: what shows when they are down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx
import pytest
from shared.database import Pool
from shared.walls import OF_THE_CUSTOMER, Role, entered_as

from tests.order_intake.builders import a_body, a_stored_customer, an_id
from tests.order_intake.own_keys import a_bearer
from tests.walls.twin import Customer, leaks

ORDERS = ("orders", "order_lines", "order_history", "holds")


@pytest.fixture(scope="module")
async def twins(client: httpx.AsyncClient, pool: Pool) -> AsyncIterator[tuple[Customer, Customer]]:
    """Two customers with keys and an order each, placed, read and cancelled by themselves."""
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(_with_a_key(client, pool)) for _ in range(2)]
        for each in (first, second):
            order = await each("order-intake", "POST", "/orders", a_body(each.customer_id, an_id()))
            await each("order-intake", "GET", f"/orders/{order['order_id']}")
            await each("order-intake", "GET", "/orders")
            await each("order-intake", "GET", f"/orders?customer_id={each.customer_id}")
            await each("order-intake", "POST", f"/orders/{order['order_id']}/cancellation", {"reason": "ordered_twice"})
        yield first, second


@asynccontextmanager
async def _with_a_key(client: httpx.AsyncClient, pool: Pool) -> AsyncIterator[Customer]:
    customer_id = await a_stored_customer(pool)
    headers = {"Authorization": await a_bearer(pool, customer_id, "orders:read", "orders:write")}
    async with httpx.AsyncClient(transport=client._transport, base_url="http://test", headers=headers) as own:
        async with asyncio.timeout(20):
            while (await own.get("/orders")).status_code == 401:
                await asyncio.sleep(0.5)  # a stranger who asks more often has to wait
        yield Customer(customer_id, {"order-intake": own})


@pytest.fixture
async def open_policies(database: str) -> AsyncIterator[None]:
    owner = await asyncpg.connect(entered_as(database, "order_intake", Role.OWNER))
    for table in ORDERS:
        await owner.execute(f"ALTER POLICY customer ON {table} USING (true)")
    yield
    for table in ORDERS:
        await owner.execute(f"ALTER POLICY customer ON {table} USING ({OF_THE_CUSTOMER})")
    await owner.close()


@pytest.fixture
def no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.routes.confine", lambda connection, customer_id: None)


Twins = tuple[Customer, Customer]


async def test_with_both_walls_nothing_shows(twins: Twins) -> None:
    assert await leaks(*twins) == []


@pytest.mark.usefixtures("no_filter")
async def test_the_policies_hold_alone(twins: Twins) -> None:
    assert await leaks(*twins) == []


@pytest.mark.usefixtures("no_filter", "open_policies")
async def test_without_both_walls_a_replay_shows_everything(twins: Twins) -> None:
    found = await leaks(*twins)

    assert [each for each in found if "GET /orders/" in each and "shows" in each], found
    assert [each for each in found if "GET /orders/" in each and "is answered 200" in each]


@pytest.mark.usefixtures("open_policies")
async def test_the_filter_of_the_application_holds_alone_for_all_that_is_read(twins: Twins) -> None:
    assert [each for each in await leaks(*twins) if " GET " in each] == []


async def test_a_name_that_nobody_checks_is_found(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.reach.is_reached", lambda customer_id: True)

    found = await leaks(*twins)

    assert [each for each in found if "GET /orders?customer_id=" in each]
    assert [each for each in found if "POST /orders is answered" in each]
