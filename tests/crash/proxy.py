"""A TCP link that can be made worse while it is used: slow, thin, sliced, dark, reset, or cut at the moment that matters."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

MOST = 64 * 1024


@dataclass
class Weather:
    """What a link does to what it carries. Dark = nothing comes through, and nothing is lost: it arrives when the light returns."""

    latency: float = 0.0
    jitter: float = 0.0
    bytes_per_second: float = 0.0
    slice_bytes: int = 0
    cut_after: int = 0
    """Each connection ends when it has carried so many bytes; 0 = it does not."""
    dark_up: bool = False
    dark_down: bool = False


class Spy:
    """Sees what a connection carries and returns what of it goes on; `asked` goes to the server, `answered` to the client."""

    over = False
    """The connection ends, abruptly, when what was returned has gone on."""

    async def asked(self, data: bytes) -> bytes:
        return data

    async def answered(self, data: bytes) -> bytes:
        return data


@dataclass
class Link:
    """One way from one process to one server; `upstream` says at which port of this machine the server is now."""

    name: str
    upstream: Callable[[], int]
    spy: Callable[["Link"], Spy] = lambda link: Spy()
    port: int = 0
    weather: Weather = field(default_factory=Weather)
    traps: dict[str, int] = field(default_factory=dict)
    """What spies are to spring, and how many times more; see wires.py."""
    sprung: dict[str, int] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: what a spy holds back goes on."""
    harmed: int = 0
    """How often the weather met something that was on its way, or a reset a connection that is in use."""
    drawn: Random = field(init=False)
    """Where its jitter comes from: the same for links of the same name."""
    _open: set["_Connection"] = field(default_factory=set)
    _used: set["_Connection"] = field(default_factory=set)
    _light: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.drawn = Random(self.name)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=MOST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server:
            self._server.close()
        self.become(Weather())
        self.released.set()
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def become(self, weather: Weather) -> None:
        """From now on, for open connections as well."""
        self.weather = weather
        self._light.set()
        self._light = asyncio.Event()

    def calm(self) -> None:
        self.traps.clear()
        self.released.set()
        self.become(Weather())

    def look_anew(self) -> None:
        """In use are connections that carry something from here on."""
        self._used.clear()

    def reset(self) -> None:
        """All connections end with a RST."""
        self.harmed += len(self._open & self._used)
        for connection in list(self._open):
            connection.abort()

    def spring(self, trap: str) -> bool:
        """Whether the trap is set; once less afterwards."""
        if not self.traps.get(trap):
            return False
        self.traps[trap] -= 1
        self.sprung[trap] = self.sprung.get(trap, 0) + 1
        return True

    async def lit(self, up: bool) -> None:
        while self.weather.dark_up if up else self.weather.dark_down:
            self.harmed += 1
            await self._light.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self.lit(up=True)
            server = await asyncio.open_connection("127.0.0.1", self.upstream(), limit=MOST)
        except (OSError, LookupError):
            _reset(writer)
        else:
            connection = _Connection(self, (reader, writer), server)
            self._open.add(connection)
            await connection.run()
            self._open.discard(connection)
            self._used.discard(connection)
        finally:
            self._tasks.discard(task)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Connection:
    def __init__(self, link: Link, client: Ends, server: Ends) -> None:
        self._link, self._client, self._server = link, client, server
        self._spy = link.spy(link)
        self._carried = 0
        self._ways: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Until either side ends it."""
        up = self._carry(self._client[0], self._server[1], up=True)
        down = self._carry(self._server[0], self._client[1], up=False)
        self._ways = [asyncio.create_task(up), asyncio.create_task(down)]
        await asyncio.wait(self._ways, return_when=asyncio.FIRST_COMPLETED)
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)
        for writer in (self._client[1], self._server[1]):
            writer.close()

    def abort(self) -> None:
        _reset(self._client[1])
        _reset(self._server[1])
        for way in self._ways:
            way.cancel()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, up: bool) -> None:
        spied = self._spy.asked if up else self._spy.answered
        with suppress(OSError):
            while data := await source.read(MOST):
                await self._pass(target, await spied(data), up=up)
                if self._spy.over:
                    break
        if self._spy.over:
            self.abort()

    async def _pass(self, target: asyncio.StreamWriter, data: bytes, *, up: bool) -> None:
        link = self._link
        link._used.add(self)
        size = link.weather.slice_bytes or len(data) or 1
        link.harmed += len(data) > size
        for start in range(0, len(data), size):
            weather = link.weather
            if weather.latency or weather.jitter:
                link.harmed += 1
                await asyncio.sleep(max(0.0, weather.latency + link.drawn.uniform(-weather.jitter, weather.jitter)))
            await link.lit(up)
            piece = data[start : start + size]
            if weather.bytes_per_second:
                link.harmed += 1
                await asyncio.sleep(len(piece) / weather.bytes_per_second)
            target.write(piece)
            await target.drain()
            self._carried += len(piece)
            if weather.cut_after and self._carried >= weather.cut_after:
                link.harmed += 1
                self.abort()
                return


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        held: socket.socket | None = writer.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
