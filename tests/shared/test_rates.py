"""How often one may call, and how many of one's requests run at a time."""

import asyncio

import pytest
from shared.edge import windows
from shared.edge.settings import EdgeSettings
from shared.edge.windows import Windows

from tests.shared.plumbing import World, until
from tests.shared.shop import Shop, a_customers_key, opened


async def test_a_customer_reads_so_often_and_hears_how_it_stands(common_world: World) -> None:
    key = await a_customers_key(common_world)
    async with opened(common_world, rate_read="3/minute") as client:
        answers = [await client.get("/things", headers=key) for _ in range(4)]
        writing = await client.post("/things", json={"name": "A"}, headers=key)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"read";q=3;w=60'}
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 120
    assert answers[3].json()["type"] == "/problems/too-many-requests"
    assert writing.status_code == 201


async def test_each_key_has_its_own_rate(common_world: World) -> None:
    one, two = await a_customers_key(common_world), await a_customers_key(common_world)
    async with opened(common_world, rate_read="1/minute") as client:
        answers = [(await client.get("/things", headers=key)).status_code for key in (one, one, two)]

    assert answers == [200, 429, 200]


async def test_a_batch_counts_by_its_items(common_world: World) -> None:
    key = await a_customers_key(common_world)
    async with opened(common_world, rate_batch="10/minute") as client:
        six = {"things": [{"name": f"A{number}"} for number in range(6)]}
        answers = [await client.post("/things/batch", json=six, headers=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[0].headers["ratelimit"].startswith('"batch";r=4;')


async def test_staff_is_limited_only_where_it_is_said(common_world: World) -> None:
    async with opened(common_world, rate_read="1/minute", rate_write="1/minute") as client:
        free = [(await client.get("/things")).status_code for _ in range(5)]
    async with opened(common_world, rate_staff="20/minute") as client:
        answers = [(await client.get("/things")).status_code for _ in range(25)]

    assert set(free) == {200}
    assert answers[-1] == 429


async def test_strangers_are_limited_by_address_but_never_the_probes(common_world: World) -> None:
    async with opened(common_world, rate_anonymous="5/minute") as client:
        del client.headers["authorization"]
        answers = [(await client.get("/metrics")).status_code for _ in range(7)]
        probes = [(await client.get(path)).status_code for path in ("/livez",) * 10]

    assert answers == [200] * 5 + [429] * 2
    assert set(probes) == {200}


async def test_one_key_does_so_much_at_a_time(common_world: World) -> None:
    key, shop = await a_customers_key(common_world), Shop()
    async with opened(common_world, shop, in_flight_per_key=3) as client:
        shop.gate.clear()
        running = [asyncio.create_task(client.post("/things", json={"name": f"A{number}"}, headers=key)) for number in range(3)]

        async def all_run() -> bool:
            return shop.making == 3

        await until(all_run)
        refused = await client.post("/things", json={"name": "B"}, headers=key)
        staff = asyncio.create_task(client.post("/things", json={"name": "C"}))
        shop.gate.set()
        done = [(await each).status_code for each in (*running, staff)]
        afterwards = await client.post("/things", json={"name": "D"}, headers=key)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert done == [201] * 4
    assert afterwards.status_code == 201


async def test_the_process_does_so_much_at_a_time(common_world: World) -> None:
    shop = Shop()
    async with opened(common_world, shop, in_flight=2) as client:
        shop.gate.clear()
        running = [asyncio.create_task(client.post("/things", json={"name": f"A{number}"})) for number in range(2)]

        async def all_run() -> bool:
            return shop.making == 2

        await until(all_run)
        refused, probe = await client.get("/things"), await client.get("/livez")
        shop.gate.set()
        done = [(await each).status_code for each in running]

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert probe.status_code == 200
    assert done == [201, 201]


@pytest.mark.parametrize(
    ("before", "here", "passed", "amount"), [(100, 0, 10.0, 30), (100, 50, 10.0, 40), (0, 100, 30.0, 10), (60, 90, 59.0, 100)]
)
def test_who_waits_as_long_as_told_gets_through(
    monkeypatch: pytest.MonkeyPatch, before: int, here: int, passed: float, amount: int
) -> None:
    now = 60_000.0 - 60
    monkeypatch.setattr(windows, "time", lambda: now)
    counts = Windows()
    assert not before or counts.acquire_sliding_window_entry("key", 1000, 60, before)
    now += 60 + passed
    assert not here or counts.acquire_sliding_window_entry("key", 1000, 60, here)
    refused = not counts.acquire_sliding_window_entry("key", 100, 60, amount)

    now += counts.wait("key", 100, 60, amount)

    assert refused
    assert counts.acquire_sliding_window_entry("key", 100, 60, amount)


def test_callers_who_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_KEPT", 100)
    counts = Windows()
    for number in range(1000):
        counts.acquire_sliding_window_entry(f"address-{number}", 10, 60)

    assert counts.reset() <= 100


@pytest.mark.parametrize(("name", "value"), [("rate_read", "often"), ("cors_origins", "*"), ("cors_origins", "https://a.example/path")])
def test_settings_that_mean_nothing_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        EdgeSettings.model_validate({name: value})
