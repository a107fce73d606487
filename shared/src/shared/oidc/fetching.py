"""Asking an issuer for its public keys. It is not trusted further than that: no redirects, little time, few bytes."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from shared.oidc.issuers import Issuer, WebAddress

SECONDS = 10
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
SMALLEST_RSA_BITS = 2048
_MATERIAL = ("kty", "crv", "n", "e", "x", "y")
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
_ADDRESS: TypeAdapter[str] = TypeAdapter(WebAddress)
log = structlog.get_logger()


class NotRead(Exception):
    """What an issuer answered is not what it should be."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`material` is what makes two keys the same."""

    material: tuple[str, ...]
    key: Key = field(compare=False)


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(timeout=5, follow_redirects=False, headers=_HEADERS)


async def fetch_keys(calling: httpx2.AsyncClient, issuer: Issuer) -> dict[str, PublicKey]:
    """The issuer's usable keys by their kid."""
    address = issuer.jwks_uri or await _discover(calling, issuer)
    found = await _fetch(calling, address)
    keys = found.get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise NotRead(f"{address} shows no list of keys")
    return dict(_usable(keys, issuer))


async def _discover(calling: httpx2.AsyncClient, issuer: Issuer) -> str:
    found = await _fetch(calling, issuer.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != issuer.issuer:
        raise NotRead("the configuration is another issuer's")
    try:
        address = _ADDRESS.validate_python(found.get("jwks_uri"), strict=True)
    except ValidationError as wrong:
        raise NotRead("jwks_uri is no address") from wrong
    if urlsplit(address).scheme != urlsplit(issuer.issuer).scheme:
        raise NotRead("jwks_uri leaves https")
    return address


async def _fetch(calling: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    """Raw bytes: what is packed against our wish is not unpacked, but no JSON."""
    body = bytearray()
    async with asyncio.timeout(SECONDS), calling.stream("GET", address) as answer:
        if answer.status_code != 200:
            raise NotRead(f"{address} answered {answer.status_code}")
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                raise NotRead(f"{address} answered more than {MOST_BYTES} bytes")
    found = from_json(bytes(body))
    if not isinstance(found, dict):
        raise NotRead(f"{address} is no JSON object")
    return found


def _usable(keys: list[Any], issuer: Issuer) -> Iterator[tuple[str, PublicKey]]:
    """Public keys for signatures that have a name; of two with one name the last."""
    for jwk in keys:
        try:
            yield _public(jwk)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as wrong:
            log.warning("oidc.key_not_usable", issuer=issuer.issuer, error=type(wrong).__name__)


def _public(jwk: dict[str, Any]) -> tuple[str, PublicKey]:
    """Of what else stands beside a key nothing is used."""
    material = {name: str(jwk[name]) for name in _MATERIAL if name in jwk}
    if jwk["kty"] not in ("RSA", "EC", "OKP") or jwk.get("use", "sig") != "sig" or not isinstance(jwk["kid"], str):
        raise ValueError("is not for signatures")
    if jwk["kty"] == "RSA" and len(material["n"]) * 6 < SMALLEST_RSA_BITS:
        raise ValueError("is too short")
    return jwk["kid"], PublicKey(tuple(material.values()), JWKRegistry.import_key(dict(material)))
