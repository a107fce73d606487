"""One request on its way in, counted, and its answer on its way out, with the fields that every answer has."""

from collections.abc import Sequence

from starlette.types import Message, Receive, Scope, Send

from shared.edge.headers import Field
from shared.edge.room import answered
from shared.errors import TooLarge


class Passage:
    __slots__ = ("_fields", "_most", "_receive", "_scope", "_send", "_size", "is_answered")

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int, fields: Sequence[Field]) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._most, self._fields = most, fields
        self._size, self.is_answered = 0, False

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise TooLarge(f"At most {self._most} bytes are taken.")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_answered = True
            answered(self._scope)
            message["headers"] = [*message["headers"], *self._fields, *self._scope["state"].get("rate", ())]
        await self._send(message)
