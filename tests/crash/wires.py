"""What the proxy knows of two protocols: where PostgreSQL commits, and which of Kafka's answers is one to a produce request.

Traps of a link to PostgreSQL: `cut_after_commit` (the commit was done, the client never hears of it), `cut_at_commit` (the COMMIT was
sent, nobody knows more), `hold_delete` (what the relay deletes waits in the link until it is released). To Kafka: `drop_produce_answer`.
"""

from collections.abc import Callable, Iterator

from tests.crash.proxy import Link, Spy

_STARTUP = range(196608, 196700)
DELETES_PENDING = b"DELETE FROM outbox_pending"
PRODUCE = 0


class PostgresSpy(Spy):
    """Reads what the client says: a transaction ends with COMMIT, or with a statement outside of one that writes."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._rest = b""
        self._is_started = self._is_begun = self._answer_is_cut = False
        self._statements: dict[bytes, bytes] = {}

    async def asked(self, data: bytes) -> bytes:
        for kind, body in self._messages(data):
            sql = self._executed(kind, body)
            if DELETES_PENDING in sql and self._link.spring("hold_delete"):
                self._link.released.clear()
                await self._link.released.wait()
            if self._ends(kind, sql):
                self._answer_is_cut = self._link.spring("cut_after_commit")
                self.over = not self._answer_is_cut and self._link.spring("cut_at_commit")
        return data

    async def answered(self, data: bytes) -> bytes:
        self.over = self.over or self._answer_is_cut
        return b"" if self._answer_is_cut else data

    def _messages(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Whole messages, by kind; what comes before the startup packet is, like that packet, without one."""
        self._rest += data
        while len(self._rest) >= (head := int(self._is_started)) + 4:
            size = head + int.from_bytes(self._rest[head : head + 4])
            if len(self._rest) < size:
                return
            kind, body, self._rest = self._rest[:head], self._rest[head + 4 : size], self._rest[size:]
            if self._is_started:
                yield kind, body
            self._is_started = self._is_started or int.from_bytes(body[:4]) in _STARTUP

    def _executed(self, kind: bytes, body: bytes) -> bytes:
        """The statement that this message has done, if it has."""
        if kind == b"Q":
            return body
        if kind == b"P":
            name, sql, *_ = body.split(b"\0", 2)
            self._statements[name] = sql
        return self._statements.get(body.split(b"\0", 2)[1], b"") if kind == b"B" else b""

    def _ends(self, kind: bytes, sql: bytes) -> bool:
        if kind == b"Q":
            word = sql.split(None, 1)[0].strip(b"\0;") if sql.strip(b"\0 ") else b""
            self._is_begun = word == b"BEGIN" if word in (b"BEGIN", b"COMMIT", b"ROLLBACK") and b" TO " not in sql else self._is_begun
            return word == b"COMMIT"
        return kind == b"B" and not self._is_begun and sql.startswith(b"WITH") and b"INSERT" in sql


class KafkaSpy(Spy):
    """Follows the frames of both directions; forgets the answers to produce requests that the trap is set for."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._dropped: set[bytes] = set()
        self._asked = Frames(8, self._ask)
        self._answered = Frames(4, self._answer)

    async def asked(self, data: bytes) -> bytes:
        return self._asked.pass_on(data)

    async def answered(self, data: bytes) -> bytes:
        return self._answered.pass_on(data)

    def _ask(self, head: bytes) -> bool:
        """api key, api version, correlation id"""
        if int.from_bytes(head[:2]) == PRODUCE and self._link.spring("drop_produce_answer"):
            self._dropped.add(head[4:])
        return True

    def _answer(self, correlation: bytes) -> bool:
        is_dropped = correlation in self._dropped
        self._dropped.discard(correlation)
        return not is_dropped


class Frames:
    """A stream of frames behind a length of 4 bytes; `passes` decides by the first bytes of a frame whether it goes on."""

    def __init__(self, head: int, passes: Callable[[bytes], bool]) -> None:
        self._head, self._passes = head, passes
        self._begin = b""
        self._left = 0
        self._goes_on = True

    def pass_on(self, data: bytes) -> bytes:
        on = bytearray()
        while data:
            if not self._left:
                data = self._enter(data, on)
            part, data = data[: self._left], data[self._left :]
            self._left -= len(part)
            if self._goes_on:
                on += part
        return bytes(on)

    def _enter(self, data: bytes, on: bytearray) -> bytes:
        """Take the head of the next frame, which may come in pieces; returns what follows it."""
        wanted = 4 + self._head - len(self._begin)
        self._begin, data = self._begin + data[:wanted], data[wanted:]
        if len(self._begin) < 4 + self._head:
            return b""
        self._left = int.from_bytes(self._begin[:4]) - self._head
        self._goes_on = self._passes(self._begin[4:])
        if self._goes_on:
            on += self._begin
        self._begin = b""
        return data
