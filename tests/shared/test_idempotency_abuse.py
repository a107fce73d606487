"""What an Idempotency-Key does not do for those who abuse it."""

import asyncio

import pytest
from shared.idempotency import KEPT_DAYS, forget_answers
from uuid_utils.compat import uuid7

from tests.shared.plumbing import World, until
from tests.shared.shop import Shop, a_customers_key, opened

BODY = {"name": "A"}


async def made(world: World) -> object:
    return await world.value("SELECT count(*) FROM effects")


async def test_the_same_key_of_two_callers_are_two_keys(world: World) -> None:
    one, other = await a_customers_key(world, "ONE"), await a_customers_key(world, "OTHER")
    key = {"Idempotency-Key": str(uuid7())}
    async with opened(world) as client:
        first = await client.post("/things", json=BODY, headers=one | key)
        stranger = await client.post("/things", json={"name": "B"}, headers=other | key)

    assert [first.status_code, stranger.status_code] == [201, 201]
    assert "idempotent-replayed" not in stranger.headers
    assert stranger.json() == {"name": "B"}


async def test_the_same_key_on_another_route_is_another_key(world: World) -> None:
    key = {"Idempotency-Key": str(uuid7())}
    async with opened(world) as client:
        await client.post("/things", json=BODY, headers=key)
        other = await client.post("/things/batch", json={"things": [BODY]}, headers=key)

    assert (other.status_code, "idempotent-replayed" in other.headers) == (200, False)


async def test_fifty_at_once_with_one_key_do_the_work_once(world: World) -> None:
    key = {"Idempotency-Key": str(uuid7())}
    async with opened(world) as client:
        answers = await asyncio.gather(*[client.post("/things", json=BODY, headers=key) for _ in range(50)])
        late = await client.post("/things", json=BODY, headers=key)

    assert {answer.status_code for answer in answers} <= {201, 409, 503}
    assert (late.status_code, late.headers["idempotent-replayed"]) == (201, "true")
    assert await made(world) == 1


async def test_thousands_of_keys_are_bounded_by_the_rate(world: World) -> None:
    header = await a_customers_key(world)
    async with opened(world, rate_write="5/minute") as client:
        answers = [await client.post("/things", json=BODY, headers=header | {"Idempotency-Key": str(uuid7())}) for _ in range(20)]

    kept = await world.value("SELECT count(*) FROM idempotency_keys")
    assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 15
    assert kept == 5
    assert KEPT_DAYS == 7


async def test_old_answers_are_forgotten_piece_by_piece(world: World) -> None:
    async with opened(world) as client:
        for _ in range(7):
            await client.post("/things", json=BODY, headers={"Idempotency-Key": str(uuid7())})
    old = "UPDATE idempotency_keys SET created_at = now() - interval '8 days' WHERE key <> (SELECT max(key) FROM idempotency_keys)"
    await world.pool.execute(old)

    assert [await forget_answers(world.pool, at_once=4) for _ in range(3)] == [4, 2, 0]
    assert await world.value("SELECT count(*) FROM idempotency_keys") == 1


@pytest.mark.parametrize(("change", "status"), [("scopes = '{orders:read}'", 403), ("revoked_at = now()", 401)])
async def test_who_may_no_longer_do_it_does_not_hear_the_former_answer(world: World, change: str, status: int) -> None:
    header, key = await a_customers_key(world), {"Idempotency-Key": str(uuid7())}
    key_id = header["Authorization"].split()[1].partition(".")[0]
    async with opened(world) as client:
        await client.post("/things", json=BODY, headers=header | key)
        await world.pool.execute(f"UPDATE api_keys SET {change}, changed_in = pg_current_xact_id()::text::bigint WHERE key_id = $1", key_id)

        async def is_heard() -> bool:
            return (await client.post("/things", json=BODY, headers=header)).status_code == status

        await until(is_heard)
        again = await client.post("/things", json=BODY, headers=header | key)

    assert again.status_code == status
    assert "idempotent-replayed" not in again.headers


@pytest.mark.parametrize("key", ["x" * 256, "", "with blank", "ü", "a\tb"])
async def test_a_key_that_is_none_is_refused_before_any_work(world: World, key: str) -> None:
    shop = Shop()
    async with opened(world, shop) as client:
        answer = await client.post("/things", json=BODY, headers=[(b"idempotency-key", key.encode())])

    assert answer.status_code == 422
    assert shop.making == 0
