"""The links of the rig do the harm that they are told to do, and none that they are not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from time import monotonic

import asyncpg
import pytest
from shared.walls import Role, entered_as

from deploy.local.postgres import Postgres
from tests.crash.faults.catalogue import InVain
from tests.crash.faults.network import felt
from tests.crash.proxy import Link, Weather
from tests.crash.wires import Frames, PostgresSpy

WORD = b"0123456789" * 100


@pytest.fixture
async def echo() -> AsyncIterator[Link]:
    """A link to a server that says what it hears."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    link = Link("echo", lambda: int(server.sockets[0].getsockname()[1]))
    await link.open()
    yield link
    await link.close()
    server.close()


async def call(link: Link) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", link.port)


async def said(link: Link, size: int = len(WORD)) -> bytes:
    reader, writer = await call(link)
    writer.write(WORD[:size])
    try:
        return await reader.readexactly(size)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "weather", [Weather(), Weather(slice_bytes=7), Weather(latency=0.01, jitter=0.005), Weather(bytes_per_second=100_000)]
)
async def test_whatever_the_weather_bytes_arrive_whole_and_in_order(echo: Link, weather: Weather) -> None:
    echo.become(weather)

    assert await said(echo) == WORD


@pytest.mark.parametrize(
    "weather",
    [Weather(slice_bytes=7), Weather(latency=0.001), Weather(jitter=0.001), Weather(bytes_per_second=1e6), Weather(cut_after=400)],
)
async def test_weather_is_no_harm_where_nothing_is_on_its_way(echo: Link, weather: Weather) -> None:
    with pytest.raises(InVain), felt([echo]):
        await said(echo)
    with pytest.raises(InVain), felt([echo]):
        echo.become(weather)
    with felt([echo]), suppress(OSError, asyncio.IncompleteReadError):
        await said(echo)


async def test_a_slow_link_takes_its_time_and_a_thin_one_as_well(echo: Link) -> None:
    echo.become(Weather(latency=0.1))
    began = monotonic()
    await said(echo)
    assert monotonic() - began >= 0.2

    echo.become(Weather(bytes_per_second=5_000))
    began = monotonic()
    await said(echo)
    assert monotonic() - began >= 0.2


@pytest.mark.parametrize("dark", [Weather(dark_up=True, dark_down=True), Weather(dark_down=True)])
async def test_nothing_comes_through_in_the_dark_and_all_of_it_afterwards(echo: Link, dark: Weather) -> None:
    reader, writer = await call(echo)
    writer.write(b"before")
    assert await reader.readexactly(6) == b"before"
    echo.become(dark)
    writer.write(WORD)
    with felt([echo]), pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)

    echo.calm()

    assert await reader.readexactly(len(WORD)) == WORD
    writer.close()


async def test_a_connection_ends_after_so_many_bytes(echo: Link) -> None:
    echo.become(Weather(cut_after=100, slice_bytes=50))

    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await said(echo)
    assert await said(echo, 40) == WORD[:40]


async def test_a_reset_ends_what_is_open_and_nothing_else(echo: Link) -> None:
    reader, writer = await call(echo)
    with felt([echo]):
        writer.write(b"x")
        await reader.readexactly(1)
        echo.reset()

    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    assert await said(echo) == WORD
    writer.close()


async def test_a_reset_is_no_harm_where_nobody_uses_what_is_open(echo: Link) -> None:
    reader, writer = await call(echo)
    writer.write(b"x")
    await reader.readexactly(1)

    with pytest.raises(InVain), felt([echo]):
        echo.reset()

    writer.close()


@pytest.fixture
async def to_postgres(postgres: Postgres, database_of: Callable[[str], str]) -> AsyncIterator[tuple[Link, str]]:
    """A link to a database with an outbox, and the address that leads through it."""
    url = await asyncio.to_thread(database_of, "kpi")
    link = Link("kpi to PostgreSQL", lambda: postgres.port, PostgresSpy)
    await link.open()
    yield link, entered_as(url.replace(f":{postgres.port}/", f":{link.port}/"), "kpi", Role.OWNER)
    await link.close()


@pytest.mark.parametrize("trap", ["cut_after_commit", "cut_at_commit"])
async def test_a_commit_whose_answer_was_cut_is_unknown_to_the_client(to_postgres: tuple[Link, str], postgres: Postgres, trap: str) -> None:
    link, url = to_postgres
    table = f"cut_{trap}"
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE TABLE {table} (n int)")
    link.traps[trap] = 1

    await connection.execute("BEGIN")
    await connection.execute(f"INSERT INTO {table} VALUES ($1)", 1)
    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await connection.execute("COMMIT")

    after = await asyncpg.connect(url)
    found = await after.fetchval(f"SELECT count(*) FROM {table}")
    await after.execute(f"DROP TABLE {table}")
    await after.close()
    assert found == 1 if trap == "cut_after_commit" else found in (0, 1)
    assert link.sprung == {trap: 1}


async def test_a_statement_that_is_a_transaction_of_its_own_is_a_commit_as_well(to_postgres: tuple[Link, str]) -> None:
    link, url = to_postgres
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE alone (n int)")
    link.traps["cut_after_commit"] = 1

    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await connection.execute("WITH rows AS (INSERT INTO alone VALUES ($1) RETURNING n) SELECT", 1)

    after = await asyncpg.connect(url)
    assert await after.fetchval("SELECT count(*) FROM alone") == 1
    await after.execute("DROP TABLE alone")
    await after.close()


async def test_the_relays_delete_waits_until_it_is_released(to_postgres: tuple[Link, str]) -> None:
    link, url = to_postgres
    connection = await asyncpg.connect(url)
    link.traps["hold_delete"] = 1
    delete = asyncio.create_task(connection.execute("DELETE FROM outbox_pending WHERE id = ANY($1)", [-1]))
    done, _ = await asyncio.wait([delete], timeout=0.3)
    assert not done

    link.released.set()

    assert await delete == "DELETE 0"
    await connection.close()


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_frames_are_dropped_whole_however_the_bytes_come(step: int) -> None:
    frames = Frames(4, lambda head: head != b"drop")
    stream = b"".join(len(body).to_bytes(4) + body for body in (b"keep", b"drop this", b"keep that", b"drop", b"keep" * 50))

    passed = b"".join(frames.pass_on(stream[start : start + step]) for start in range(0, len(stream), step))

    assert passed == b"".join(len(body).to_bytes(4) + body for body in (b"keep", b"keep that", b"keep" * 50))
