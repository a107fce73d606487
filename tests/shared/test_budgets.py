"""What one process holds for its callers, on real connections, with budgets small enough to be exhausted."""

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from shared.edge.guard import Guard
from shared.edge.protocol import GuardedProtocol, guarded
from shared.edge.rates import Rates
from shared.edge.room import SMALL, Most
from shared.edge.settings import EdgeSettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from tests.edge.wire import Wire, closed, connected, heard, request
from tests.shared.plumbing import until

KB = 1024
BODY = 4 * SMALL
ANSWER = 1024 * KB


@dataclass
class Place:
    """A server whose `/wait` answers when it is told to, having read nothing, and whose `/large` answers much."""

    protocol: type[GuardedProtocol]
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    state: ServerState = field(default_factory=ServerState)
    port: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await self.go_on.wait()
        if scope["path"] == "/read":
            await Request(scope, receive).body()
        await Response(b"a" * ANSWER if scope["path"] == "/large" else b"")(scope, receive, send)

    @property
    def held(self) -> int:
        return self.protocol.room.held

    @property
    def connections(self) -> list[GuardedProtocol]:
        return [each for each in self.state.connections if isinstance(each, GuardedProtocol)]

    @property
    def ports(self) -> set[int]:
        """Of the callers who are connected."""
        return {each.client[1] for each in self.connections if each.client}

    async def has(self, connections: int) -> None:
        await until(lambda: _is(len(self.state.connections) == connections))

    async def holds(self, size: int) -> None:
        await until(lambda: _is(self.held == size))


async def _is(true: bool) -> bool:
    return true


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    settings = EdgeSettings(connections=5, slow_after=timedelta(seconds=10))
    one = Place(guarded(settings, 1))
    one.protocol.room.most = 2 * BODY
    config = Config(Guard(one, Most(ANSWER), settings, Rates(settings)), log_config=None, ws="none", lifespan="off")
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * KB)
    listening.bind(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: one.protocol(config=config, server_state=one.state, app_state={}), sock=listening)
    one.port = listening.getsockname()[1]
    yield one
    one.go_on.set()
    await one.has(0)
    server.close()
    await until(lambda: _is(not one.state.tasks))
    assert one.held == 0


def begun(path: str, size: int = BODY) -> bytes:
    """A body of which the last byte is missing."""
    return request("POST", path, f"Content-Length: {size + 1}") + b" " * size


async def _sent(wires: AsyncExitStack, place: Place, *raws: bytes) -> list[Wire]:
    """Each on a connection of its own, one after the other."""
    sent = []
    for raw in raws:
        sent.append(wire := await wires.enter_async_context(connected(place.port)))
        wire[1].write(raw)
        await until(lambda wire=wire: _is(_port(wire[1]) in place.ports))
    return sent


def _port(writer: asyncio.StreamWriter) -> int:
    return int(writer.get_extra_info("sockname")[1])


async def test_one_connection_too_many_displaces_the_one_that_keeps_us_waiting_longest(place: Place) -> None:
    async with AsyncExitStack() as wires:
        first, *_ = await _sent(wires, place, *[b"GET"] * 5)
        [(reader, writer)] = [await wires.enter_async_context(connected(place.port))]
        writer.write(request("GET", "/"))

        assert (await heard(reader)).status == 200
        assert await closed(first[0])
        assert len(place.state.connections) == 5


async def test_where_all_are_worked_for_one_more_is_turned_away(place: Place) -> None:
    async with AsyncExitStack() as wires:
        working = await _sent(wires, place, *[request("GET", "/wait")] * 5)
        await until(lambda: _is(len(place.state.tasks) == 5))
        reader, _ = await wires.enter_async_context(connected(place.port))

        assert (await heard(reader)).status == 503
        place.go_on.set()
        assert [(await heard(reader)).status for reader, _ in working] == [200] * 5


async def test_who_is_worked_for_when_the_server_stops_waiting_is_asked_to_come_again(place: Place) -> None:
    """uvicorn cancels what still runs."""
    async with AsyncExitStack() as wires:
        [(reader, _)] = await _sent(wires, place, request("GET", "/wait"))
        await until(lambda: _is(len(place.state.tasks) == 1))
        for task in place.state.tasks:
            task.cancel()
        answer = await heard(reader)

    assert (answer.status, answer.fields["retry-after"]) == (503, "1")


async def test_bodies_are_counted_before_anybody_reads_them(place: Place) -> None:
    """Of those who still send much, the first gives way."""
    place.protocol.room.most = 2 * BODY + SMALL
    async with AsyncExitStack() as wires:
        small, first, second = await _sent(wires, place, begun("/wait", SMALL), begun("/wait"), begun("/wait"))
        await place.holds(2 * BODY + SMALL)
        [third] = await _sent(wires, place, begun("/wait"))
        refused = await heard(first[0])
        await place.holds(2 * BODY + SMALL)

        assert (refused.status, refused.fields["retry-after"]) == (503, "1")
        place.go_on.set()
        for reader, writer in (small, second, third):
            writer.write(b" ")
            assert (await heard(reader)).status == 200


async def test_what_is_worked_on_keeps_its_room_and_leaves_it(place: Place) -> None:
    """Who comes late with little is let in."""
    async with AsyncExitStack() as wires:
        whole = request("POST", "/wait", body=b" " * BODY)
        working = await _sent(wires, place, whole, whole)
        await place.holds(2 * BODY)
        [late] = await _sent(wires, place, begun("/wait"))

        assert (await heard(late[0])).status == 503
        [small] = await _sent(wires, place, begun("/wait", SMALL))
        await place.holds(2 * BODY + SMALL)
        working[0][1].transport.abort()
        await until(lambda: _is(_port(working[0][1]) not in place.ports))
        assert place.held == 2 * BODY + SMALL
        place.go_on.set()
        small[1].write(b" ")
        assert (await heard(working[1][0])).status == 200
        await place.holds(0)


async def test_what_was_not_read_is_dropped_with_the_answer(place: Place) -> None:
    async with AsyncExitStack() as wires:
        [(reader, writer)] = await _sent(wires, place, request("POST", "/", body=b" " * BODY))
        await heard(reader)
        await place.holds(0)

        assert [len(each.cycle.body) for each in place.connections] == [0]
        writer.write(begun("/read"))
        await place.holds(BODY)
        writer.write(b" ")
        assert (await heard(reader)).status == 200


async def test_who_asks_in_a_row_and_is_displaced_takes_no_room(place: Place) -> None:
    async with AsyncExitStack() as wires:
        await _sent(wires, place, request("POST", "/wait", body=b" " * KB) * 5 + b"GET")
        await place.holds(5 * KB)
        await _sent(wires, place, *[b"GET"] * 5)
        await place.holds(KB)
        place.go_on.set()
        await place.holds(0)


async def test_a_lost_connection_waits_for_no_garbage_collector(place: Place) -> None:
    gc.disable()
    try:
        async with AsyncExitStack() as wires:
            [(reader, _)] = await _sent(wires, place, request("POST", "/read", body=b" " * BODY))
            await heard(reader)
            gone = weakref.ref(next(iter(place.connections)))
        await until(lambda: _is(gone() is None))
    finally:
        gc.enable()


async def test_answers_that_nobody_reads_have_a_budget(place: Place) -> None:
    place.protocol.most_unread = 3 * ANSWER // 2
    async with AsyncExitStack() as wires:
        [(_, writer)] = await _sent(wires, place, b"")
        _read_nothing(writer)
        writer.write(request("GET", "/large"))
        await until(lambda: _is(any(each.flow.write_paused for each in place.connections)))
        [(_, other)] = await _sent(wires, place, b"")
        _read_nothing(other)
        other.write(request("GET", "/large"))
        await place.has(1)

        assert place.ports == {_port(writer)}


async def test_who_reads_too_slowly_is_dropped(place: Place) -> None:
    place.protocol.slow_after, place.protocol.pace = 0.1, 10 * ANSWER
    async with AsyncExitStack() as wires:
        [(_, writer)] = await _sent(wires, place, b"")
        _read_nothing(writer)
        writer.write(request("GET", "/large"))
        await place.has(0)


def _read_nothing(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KB)
    reading = writer.transport
    assert isinstance(reading, asyncio.Transport)
    reading.pause_reading()
