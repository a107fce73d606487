"""HTTP/1.1 as uvicorn speaks it, with the limits that it lacks: how long a request may take, how large its head is, how many come."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.edge.refusals import AddressTooLong, Full, HeadTooLarge, TooSlow, Unreadable, written
from shared.edge.room import SMALL, Held, Room, give_back_all, when_gone
from shared.edge.settings import EdgeSettings
from shared.errors import DomainError
from shared.observability import REFUSED

MOST_ADDRESS = 8 * 1024
MOST_HEAD = 32 * 1024
MOST_FIELDS = 100
MOST_FRAMING = 128 * 1024
"""Bytes of a message that are neither read head nor body: an endless header field, chunk sizes and extensions, trailers."""
MOST_PIPELINED = 16
LOOK_EVERY = 0.5
LINGER = 1.0
"""Seconds in which a caller that was answered early may notice it."""
MOST_THROWN_AWAY = 8 * 1024 * 1024


class _Stop(Exception):
    """Ends the parsing of what has arrived."""


class GuardedProtocol(HttpToolsProtocol):
    """A message is open from its first byte to its last; while one is open, its caller has to go on until `_due`."""

    most_connections: ClassVar[int] = 800
    slow_after: ClassVar[float] = 10.0
    pace: ClassVar[int] = 8 * 1024
    """Bytes a second that whoever sends a body, or reads an answer, keeps up at least."""
    most_unread: ClassVar[int] = 24 * 1024 * 1024
    """Bytes of answers that wait for slow readers, all connections together."""
    room: ClassVar[Room]

    _open = False
    _has_head = False
    _deaf = False
    _leaving = False
    _due = inf
    _unread_due = inf
    _head = 0
    _framing = 0
    _thrown_away = 0
    _line: asyncio.Transport
    _polite: "_Polite"
    _body: Held
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._line = transport
        self.transport = self._polite = _Polite(self, transport)  # type: ignore[assignment]  # what uvicorn uses of one
        self._due = self.loop.time() + self.slow_after
        self._watch = self.loop.call_later(LOOK_EVERY, self._look)
        if len(self.connections) > self.most_connections and not self._make_room():
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch:
            self._watch.cancel()
        self._deaf = self._leaving = True
        super().connection_lost(exc)
        self._polite.protocol = None
        if self.cycle:
            self.cycle.body = bytearray()
        while self.pipeline:
            give_back_all(self.pipeline.pop()[0].scope)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return self._throw_away(len(data))
        self._unset_keepalive_if_required()
        if not self._open:
            self._begin()
        self._framing += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # nothing is upgraded here, and what follows the request is not HTTP/1.1
            self._deaf = True
        except httptools.HttpParserError:
            self._refuse(Unreadable("Only HTTP/1.1 is spoken here, by the letter."))
        else:
            if self._framing > MOST_FRAMING:
                self._refuse(HeadTooLarge(f"At most {MOST_HEAD} bytes of header fields are taken."))
        return None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin()
        self._head = self._framing = 0

    def _begin(self) -> None:
        self._open, self._has_head = True, False
        self._due = self.loop.time() + self.slow_after

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MOST_ADDRESS:
            self._stop(AddressTooLong(f"At most {MOST_ADDRESS} bytes are taken."))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:
            return  # a trailer: nobody asked for it
        self._head += len(name) + len(value)
        if self._head > MOST_HEAD or len(self.headers) == MOST_FIELDS:
            self._stop(HeadTooLarge(f"At most {MOST_FIELDS} header fields of {MOST_HEAD} bytes together are taken."))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) == MOST_PIPELINED:
            self.pipeline[0][0].keep_alive = False
            self._deaf = True
            raise _Stop
        super().on_headers_complete()
        self._body = Held(self.room)
        when_gone(self.scope, self._body.give_back)
        self._has_head = True
        self._due = self.loop.time() + self.slow_after

    def on_body(self, body: bytes) -> None:
        self._framing -= len(body)
        self._due += len(body) / self.pace
        super().on_body(body)
        self._body.take(len(body))
        while self.room.is_full and (slowest := self._slowest(_may_give_way)):
            slowest._refuse(Full())
        if self._deaf:
            raise _Stop

    def on_message_complete(self) -> None:
        self._open, self._due = False, inf
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.response_complete:
            self.cycle.body = bytearray()
        super().on_response_complete()
        if self._open and self._has_head and self.cycle.response_complete:
            self.leave()
        elif not self._open and not self._leaving and self.cycle.response_complete:
            self._due = self.loop.time() + self.timeout_keep_alive

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_due = self.loop.time() + self.slow_after + self._line.get_write_buffer_size() / self.pace
        readers = [each for each in self.connections if isinstance(each, GuardedProtocol) and each._unread_due < inf]
        if sum(each._line.get_write_buffer_size() for each in readers) > self.most_unread:
            self._drop("unread")

    def resume_writing(self) -> None:
        self._unread_due = inf
        super().resume_writing()

    def leave(self) -> None:
        """Close; where the caller is still sending, listen for a moment first, or it would lose the answer that it was given."""
        if self._leaving:
            return
        self._deaf = self._leaving = True
        self._due = inf
        if self._open:
            self.flow.resume_reading()
            self.loop.call_later(LINGER, self._line.close)
        else:
            self._line.close()

    @property
    def is_leaving(self) -> bool:
        return self._leaving or self._line.is_closing()

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > MOST_THROWN_AWAY:
            self._line.abort()

    def _stop(self, error: DomainError) -> None:
        self._refuse(error)
        raise _Stop

    def _refuse(self, error: DomainError) -> None:
        """Answer here, if it is this request's turn, and close."""
        if self._deaf:
            return
        REFUSED.labels(error.type).inc()
        if self._is_our_turn():
            self._line.write(written(error, STATUS_LINE[error.status]))
            if self._has_head:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
        if self._has_head:
            self.cycle.body = bytearray()
            self._body.give_back()
        self._open = True
        self.leave()

    def _is_our_turn(self) -> bool:
        """No answer to an earlier request of this connection, nor one to this request, is on its way."""
        running = self.cycle if self.cycle and not self.cycle.response_complete else None
        return running is None or (self._has_head and not self.pipeline and not running.response_started)

    def _look(self) -> None:
        now = self.loop.time()
        self._watch = self.loop.call_later(LOOK_EVERY, self._look)
        if now > self._unread_due:
            self._drop("unread")
        elif now > self._due and self._open:
            self._refuse(TooSlow("A request has to arrive at a steady pace."))
        elif now > self._due:
            self._line.close()

    def _make_room(self) -> bool:
        """Whoever has kept us waiting longest goes."""
        longest = self._slowest(lambda each: each is not self)
        if longest is None:
            return False
        longest._drop("displaced")
        return True

    def _slowest(self, wanted: Callable[["GuardedProtocol"], bool]) -> "GuardedProtocol | None":
        slow = [each for each in self.connections if isinstance(each, GuardedProtocol) and each._due < inf and wanted(each)]
        return min(slow, key=lambda each: each._due, default=None)

    def _drop(self, why: str) -> None:
        REFUSED.labels(why).inc()
        self._due = self._unread_due = inf
        self._line.abort()

    def _turn_away(self) -> None:
        REFUSED.labels(Full.type).inc()
        self._deaf = self._leaving = True
        self._line.write(written(Full(), STATUS_LINE[Full.status]))
        self._line.close()


class _Polite:
    """The connection as uvicorn sees it: it closes politely."""

    protocol: GuardedProtocol | None
    """Forgotten when the connection is lost: in a circle it would wait for the garbage collector, with all that it holds."""

    def __init__(self, protocol: GuardedProtocol, line: asyncio.Transport) -> None:
        self.protocol, self.write = protocol, line.write

    def close(self) -> None:
        if self.protocol:
            self.protocol.leave()

    def is_closing(self) -> bool:
        return self.protocol is None or self.protocol.is_leaving


def _may_give_way(each: GuardedProtocol) -> bool:
    return each._open and each._has_head and not each._deaf and (each._body.size > SMALL or bool(each.pipeline))


def guarded(settings: EdgeSettings, most_body: int) -> type[GuardedProtocol]:
    """The protocol with the limits of this installation."""
    limits = {"most_connections": settings.connections, "slow_after": settings.slow_after.total_seconds(), "room": Room(most_body)}
    return type("Guarded", (GuardedProtocol,), limits)
