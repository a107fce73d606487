"""What a read may take, and in what state it leaves its connection."""

import asyncio

import pytest
from shared.reading import patient_reader, reader, reading_of
from sqlalchemy import text

from shared import reading
from tests.shared.plumbing import World

LONG = "SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"


async def test_reads_have_limits_and_those_that_read_all_there_is_have_none(world: World) -> None:
    found = []
    for engine in (reader(world.log_url), patient_reader(world.log_url)):
        async with engine.connect() as connection:
            found.append(tuple((await connection.execute(text(LONG))).one()))
        await engine.dispose()

    assert found == [("30s", "15s"), ("0", "0")]


async def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WAIT_SECONDS", 0.2)
    async with asyncio.timeout(30), await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0) as dark:
        engine = reader(f"postgresql://127.0.0.1:{dark.sockets[0].getsockname()[1]}/things")
        with pytest.raises(TimeoutError):
            await engine.connect().start()
        await engine.dispose()


async def test_a_customers_read_that_did_not_begin_in_time_leaves_nothing_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        slow.setattr(reading, "ANSWER_SECONDS", 0.2)
        slow.setattr(reading, "limited_to", lambda customer_id: "BEGIN; SELECT pg_sleep(20)")
        hurried = reader(world.log_url, size=1)
        with pytest.raises(TimeoutError):
            async with reading_of(hurried, "A"):
                pass

    async with reading_of(hurried, "A") as connection:
        assert (await connection.execute(text("SELECT current_setting('app.customer_id')"))).scalar() == "A"
    await hurried.dispose()
