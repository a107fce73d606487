"""The first thing behind the server: what is refused by its head alone, counted while it streams in, or goes wrong unexpectedly."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.edge.headers import DOCS, SECURE, transport_security
from shared.edge.passage import Passage
from shared.edge.rates import Rates
from shared.edge.refusals import Full, Leaving, Misdirected, Unreadable, Unsupported
from shared.edge.room import Most, give_back_all
from shared.edge.settings import EdgeSettings, parts
from shared.errors import DomainError, TooLarge
from shared.observability import REFUSED
from shared.problems import answer, problem, unexpected

_LOOKED_AT = frozenset({b"host", b"content-length", b"content-encoding", b"transfer-encoding", b"authorization"})
_PLAIN = {b"content-encoding": b"identity", b"transfer-encoding": b"chunked"}
_HEALTH = frozenset({"/livez", "/readyz"})


class Guard:
    """Around everything, so that each answer is a problem where it must be, with the fields that every answer has."""

    def __init__(self, app: ASGIApp, most: Most, settings: EdgeSettings, rates: Rates) -> None:
        self.app, self.most, self.rates = app, most, rates
        self.hosts = frozenset(name.encode() for name in parts(settings.hosts))
        self.most_in_flight, self.in_flight = settings.in_flight, 0
        secret = transport_security(settings.hsts)
        self.always = (*SECURE, *secret)
        self.fields = {"/docs": (*DOCS, *secret)} if settings.docs else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        passage = Passage(scope, receive, send, self.most.of(path), self.fields.get(path, self.always))
        scope.setdefault("state", {})
        self.in_flight += 1
        try:
            await self._answered(scope, passage)
        finally:
            self.in_flight -= 1
            give_back_all(scope)
        return None

    async def _answered(self, scope: Scope, passage: Passage) -> None:
        try:
            self._check(scope)
            await self.app(scope, passage.receive, passage.send)
        except DomainError as refused:
            await _refuse(refused, scope, passage)
        except asyncio.CancelledError:
            if not passage.is_answered:
                await _refuse(Leaving(), scope, passage)
            raise
        except ClientDisconnect:
            REFUSED.labels("disconnected").inc()
        except Exception as error:
            if passage.is_answered:
                raise
            await unexpected(Request(scope), error)(scope, passage.receive, passage.send)

    def _check(self, scope: Scope) -> None:
        found = [field for field in scope["headers"] if field[0] in _LOOKED_AT]
        names = [name for name, _ in found]
        if names.count(b"host") != 1 and scope["http_version"] == "1.1":
            raise Unreadable("A request names its host once.")
        if scope["path"] in _HEALTH:
            return
        if self.in_flight > self.most_in_flight:
            raise Full
        for name, value in found:
            self._check_field(name, value, self.most.of(scope["path"]))
        if b"authorization" not in names:
            scope["state"]["rate"] = self.rates.take_from_stranger(scope["client"][0] if scope.get("client") else "")

    def _check_field(self, name: bytes, value: bytes, most: int) -> None:
        if name == b"content-length" and not (value.isdigit() and int(value[:20]) <= most):
            raise TooLarge(f"At most {most} bytes are taken.")
        if name in _PLAIN and value.strip().lower() != _PLAIN[name]:
            raise Unsupported("Send the body as it is; compressed ones are not taken.")
        if name == b"host" and self.hosts and value.partition(b":")[0].lower() not in self.hosts:
            raise Misdirected("This is not a name of this service.")


async def _refuse(refused: DomainError, scope: Scope, passage: Passage) -> None:
    REFUSED.labels(refused.type).inc()
    await answer(problem(refused), refused.headers)(scope, passage.receive, passage.send)
