"""Every entry that is committed is sealed, once, whatever order they were committed in."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from shared.audit import sealer
from shared.audit.chain import NOTHING, ROW_HASH, Head, row_hash
from shared.audit.console import record_command
from shared.audit.sealer import AWAITED_FOR, MOST_AWAITED, Sealer, _State, seal_visible
from shared.audit.trail import ENTRY
from shared.database import transaction
from shared.observability import AUDIT_HEAD, AUDIT_UNSEALED_AGE, worker_metrics
from structlog.testing import capture_logs

from tests.shared.auditing import ODD, begun, done, entry, seal_all, sealed_ids, verified
from tests.shared.plumbing import World

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


async def test_what_is_committed_is_sealed_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "MOST", 4)
    await done(world.pool, 10)

    head = await seal_all(world.pool)

    assert await sealed_ids(world.pool) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert head.position == 3
    assert not (await verified(world.pool)).faults


async def test_nothing_new_is_no_new_seal(world: World) -> None:
    assert await seal_visible(world.pool) == (NOTHING, 0)
    await done(world.pool, 1)
    head = await seal_all(world.pool)

    assert await seal_visible(world.pool) == (head, 0)
    assert await sealed_ids(world.pool) == [[1]]


async def test_an_entry_that_is_committed_late_is_sealed_once(world: World) -> None:
    late = await begun(world.pool)
    await done(world.pool, 2)
    await seal_all(world.pool)
    await late.commit()
    await done(world.pool, 1)

    await seal_all(world.pool)
    await done(world.pool, 1)
    await seal_all(world.pool)

    assert await sealed_ids(world.pool) == [[2, 3], [1, 4], [5]]
    assert not (await verified(world.pool)).faults


async def test_a_late_entry_is_sealed_even_when_nothing_comes_after_it(world: World) -> None:
    late = await begun(world.pool)
    await done(world.pool, 1)
    await seal_all(world.pool)
    await late.commit()

    await seal_all(world.pool)

    assert await sealed_ids(world.pool) == [[2], [1]]


async def test_a_number_that_was_rolled_back_holds_nothing_up(world: World) -> None:
    given_up = await begun(world.pool)
    await given_up.rollback()
    await done(world.pool, 1)

    await seal_all(world.pool)

    assert await sealed_ids(world.pool) == [[2]]
    assert not (await verified(world.pool)).faults


def test_nothing_is_awaited_for_ever() -> None:
    state = _State(NOTHING, 0, 9, {3: NOW - AWAITED_FOR - timedelta(seconds=1), 5: NOW - timedelta(minutes=1), 8: NOW})

    assert state.awaited_after([5, 12], 12, NOW) == {8: NOW, 10: NOW, 11: NOW}


def test_a_leap_of_the_numbers_fills_no_memory() -> None:
    state = _State(NOTHING, 0, 9, {})

    assert len(state.awaited_after([2**62], 2**62, NOW)) <= MOST_AWAITED


async def test_many_sealers_and_many_requests_seal_everything_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "MOST", 7)

    async def request() -> None:
        tx = await begun(world.pool)
        await asyncio.sleep(0)
        await tx.commit()

    for _ in range(10):
        await asyncio.gather(*[request() for _ in range(10)], *[seal_visible(world.pool) for _ in range(5)])
    await seal_all(world.pool)

    ids = [each for seal in await sealed_ids(world.pool) for each in seal]
    assert sorted(ids) == list(range(1, 101))
    assert not (await verified(world.pool)).faults


async def test_while_one_seals_another_one_goes_by(world: World) -> None:
    await done(world.pool, 1)
    async with transaction(world.pool) as other:
        await other.execute("SELECT pg_advisory_xact_lock(hashtext('audit seals'))")

        assert await seal_visible(world.pool) is None

    assert await seal_visible(world.pool) == (await seal_all(world.pool), 1)


async def test_postgresql_and_python_hash_the_same_bytes(world: World) -> None:
    async with transaction(world.pool) as tx:
        tx.gather(ENTRY, [entry(ODD, f"{ODD}\n/orders/2"), entry("", None, None), entry(items="")])
        await record_command(tx, "parked discard", "order/1")

    rows = await world.pool.fetch(f"SELECT *, {ROW_HASH} AS hash FROM audit")

    assert [row_hash(row) for row in rows] == [row["hash"] for row in rows]
    assert len({row["hash"] for row in rows}) == 4


async def test_the_head_is_said_and_measured(world: World) -> None:
    one = Sealer(world.pool)
    await done(world.pool, 3)
    with capture_logs() as logs:
        await one.step()
        await one.step()

    head = await seal_all(world.pool)
    assert [line["head"] for line in logs if line["event"] == "audit.head"] == [str(head)]
    assert AUDIT_HEAD._value.get() == 1
    assert b"lsc_audit_head_position 1.0" in worker_metrics()


async def test_entries_that_nobody_seals_raise_an_alarm(world: World) -> None:
    one = Sealer(world.pool)
    await world.pool.execute(
        "INSERT INTO audit (at, caller, kind, action, subject, things, correlation_id)"
        " VALUES (now() - interval '90 s', 'x', 'console', 'migrate', '/', 1, gen_random_uuid())"
    )
    with capture_logs() as logs:
        await one.measure()
        await one.step()
        await one.measure()

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["audit.not_sealed"]
    assert AUDIT_UNSEALED_AGE._value.get() == 0


async def test_a_chain_that_was_replaced_under_a_running_sealer_raises_an_alarm(world: World) -> None:
    one = Sealer(world.pool)
    await done(world.pool, 1)
    await one.step()
    await world.pool.execute("DELETE FROM audit_seals")

    with capture_logs() as logs:
        await one.step()
        await one.step()

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["audit.chain_replaced"]


def test_a_head_is_read_as_it_is_written() -> None:
    head = Head(812, bytes(range(32)))

    assert Head.read(str(head)) == head
    for wrong in ("", "812", "812:ab", "x:" + "00" * 32, "-1:" + "00" * 32):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it is that cannot be read
            Head.read(wrong)
