"""An issuer that the tests run themselves: discovery and keys over HTTP on loopback, and the means to sign whatever an attacker would."""

import asyncio
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

AUDIENCE = "lsc"
Json = Mapping[str, Any] | bytes


@cache
def rsa_key(name: str) -> RSAKey:
    """Made once a run, as it takes a while."""
    return RSAKey.generate_key(2048, {"kid": name})


@cache
def other_key(algorithm: str) -> Key:
    return ECKey.generate_key("P-256") if algorithm == "ES256" else OKPKey.generate_key("Ed25519")


def part(value: Json) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: Json, claims: Json, key: Key, algorithm: str = "RS256") -> str:
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{part(JWSRegistry.algorithms[algorithm].sign(text.encode(), key))}"


def authenticated(header: Json, claims: Json, secret: bytes) -> str:
    """With a shared secret, HS256."""
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{part(hmac.digest(secret, text.encode(), hashlib.sha256))}"


@dataclass
class RunningIssuer:
    url: str = ""
    keys: dict[str, Key] = field(default_factory=dict)
    bodies: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    """By path: in place of what an honest issuer answers."""
    asked: int = 0
    server: asyncio.Server | None = None

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        sound = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "user-1",
            "iat": now,
            "exp": now + 300,
            "scope": "orders:read",
            "customer_id": "ACME",
        }
        return {name: value for name, value in {**sound, **changes}.items() if value is not None}

    def header(self, **changes: Any) -> dict[str, Any]:
        sound = {"typ": "at+jwt", "alg": "RS256", "kid": "first"}
        return {name: value for name, value in {**sound, **changes}.items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, kid: str = "first", **claims: Any) -> str:
        return signed(self.header(**{"kid": kid, **(header or {})}), self.claims(**claims), self.keys[kid])

    def jwks(self) -> bytes:
        return json.dumps({"keys": [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.keys.items()]}).encode()

    def configuration(self) -> bytes:
        return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        self.asked += path == "/keys"
        honest = {"/keys": self.jwks, "/.well-known/openid-configuration": self.configuration}
        body = {**honest, **self.bodies}[path]()
        if not body.startswith(b"HTTP/"):
            body = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body
        try:
            writer.write(body)
            await writer.drain()
        except ConnectionError:
            pass  # whoever asked has heard enough
        finally:
            writer.close()

    async def start(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self.server
        self.server.close()
        await self.server.wait_closed()


@asynccontextmanager
async def running() -> AsyncIterator[RunningIssuer]:
    issuer = RunningIssuer(keys={"first": rsa_key("first")})
    await issuer.start()
    yield issuer
    await issuer.stop()
