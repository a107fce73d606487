"""Personal data is sealed under a key of its subject, by AES-256-GCM; that key is wrapped by the installation's master key.

Who destroys a subject's key makes unreadable whatever was sealed under it, wherever it lies.
"""

import binascii
import hmac
import os
import re
import secrets
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.ids import id_of, new_id

KEY_BYTES = 32
NONCE_BYTES = 12
NONCES_AT_ONCE = 256
FORMAT = b"\x01"
"""The first byte of everything sealed: version 1, then the nonce, then ciphertext and tag."""

ENCLOSED = b"\x02"
"""The first byte of what names its keys."""

HOW_TO_MAKE_ONE = "Make one with `python -m shared master-key` and keep it where the backups are not."


class Unopenable(Exception):
    """It was sealed under another key, for another customer or field, or it was changed."""


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The key of one data subject: the consignee of one order, or whatever must be forgotten as one."""

    key_id: str
    secret: bytes

    @classmethod
    def new(cls) -> Self:
        return cls.several(1)[0]

    @classmethod
    def several(cls, count: int) -> list[Self]:
        drawn = secrets.token_bytes(KEY_BYTES * count)
        return [cls(str(new_id()), drawn[at : at + KEY_BYTES]) for at in range(0, len(drawn), KEY_BYTES)]

    def seal(self, data: bytes, customer_id: str, field: str) -> bytes:
        """Opens only under this key, for this customer and field."""
        return _sealed(AESGCM(self.secret), data, _bound(self.key_id, customer_id, field))

    def open(self, sealed: bytes, customer_id: str, field: str) -> bytes:
        """Raises Unopenable."""
        return _opened(AESGCM(self.secret), sealed, _bound(self.key_id, customer_id, field))

    def seal_text(self, text: str, customer_id: str, field: str) -> str:
        return b64encode(self.seal(text.encode(), customer_id, field)).decode()

    def open_text(self, sealed: str, customer_id: str, field: str) -> str:
        """Raises Unopenable."""
        try:
            return self.open(b64decode(sealed, validate=True), customer_id, field).decode()
        except binascii.Error as broken:
            raise Unopenable("What is sealed is no base64.") from broken


def joined(keys: Sequence[SubjectKey]) -> SubjectKey:
    """The key of what holds several subjects: it follows from all of theirs, so that who destroys one of them destroys it."""
    key_id = " ".join(key.key_id for key in keys)
    return SubjectKey(key_id, hmac.digest(b"lsc joined subjects", b"".join(key.secret for key in keys), "sha256"))


def enclose(keys: Sequence[SubjectKey], data: bytes, customer_id: str, field: str) -> bytes:
    """Sealed under the joined key of all its subjects, and it says which: for bytes that hold several, such as an answer or a file."""
    ids = b"".join([id_of(key.key_id).bytes for key in keys])
    return ENCLOSED + len(keys).to_bytes(4, "big") + ids + joined(keys).seal(data, customer_id, field)


def key_ids_in(stored: bytes) -> list[str]:
    """Whose keys are needed; none where it is not enclosed."""
    if stored[:1] != ENCLOSED:
        return []
    return [str(id_of(stored[at : at + 16])) for at in range(5, _sealed_from(stored), 16)]


def disclose(stored: bytes, keys: Mapping[str, SubjectKey], customer_id: str, field: str) -> bytes:
    """Raises Unopenable, also where one of its subjects' keys is gone."""
    wanted = key_ids_in(stored)
    if not all(key_id in keys for key_id in wanted):
        raise Unopenable("The key of one of its subjects was destroyed.")
    return joined([keys[key_id] for key_id in wanted]).open(stored[_sealed_from(stored) :], customer_id, field)


def _sealed_from(stored: bytes) -> int:
    return 5 + 16 * int.from_bytes(stored[1:5], "big")


class Wrapped(NamedTuple):
    """A subject's key as it is stored."""

    key_id: str
    master_id: str
    wrapped: bytes


class MasterKeys:
    """The installation's own: `current` wraps, it and the former ones unwrap."""

    def __init__(self, current: str, former: Sequence[str] = ()) -> None:
        known = dict(_parsed(text) for text in (current, *former))
        self.current = _parsed(current)[0]
        self._ciphers = {name: AESGCM(secret) for name, secret in known.items()}

    def wrap(self, key: SubjectKey) -> Wrapped:
        return Wrapped(key.key_id, self.current, _sealed(self._ciphers[self.current], key.secret, _bound(key.key_id, self.current)))

    def unwrap(self, stored: Wrapped) -> SubjectKey:
        """Raises Unopenable."""
        if stored.master_id not in self._ciphers:
            raise Unopenable(f"The master key {stored.master_id} is not among LSC_MASTER_KEY and LSC_MASTER_KEYS_FORMER.")
        bound = _bound(stored.key_id, stored.master_id)
        return SubjectKey(stored.key_id, _opened(self._ciphers[stored.master_id], stored.wrapped, bound))


def new_master_key(name: str) -> str:
    return f"{name}.{b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def check_master_key(text: str) -> str:
    """Raises ValueError with a sentence that does not show it."""
    _parsed(text)
    return text


def _parsed(text: str) -> tuple[str, bytes]:
    name, _, encoded = text.strip().partition(".")
    try:
        secret = b64decode(encoded, validate=True)
    except binascii.Error:
        secret = b""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name) or len(secret) != KEY_BYTES:
        raise ValueError(f"A master key is `id.secret`, the secret being the base64 of {KEY_BYTES} random bytes. {HOW_TO_MAKE_ONE}")
    if len(set(secret)) < KEY_BYTES // 2:
        raise ValueError(f"The master key {name} is not random. {HOW_TO_MAKE_ONE}")
    return name, secret


def _bound(*parts: str) -> bytes:
    """What is authenticated along, each part with its length, so that no two ways to say it are the same."""
    return b"".join([len(said).to_bytes(4, "big") + said for said in map(str.encode, parts)])


def _sealed(cipher: AESGCM, data: bytes, bound: bytes) -> bytes:
    nonce = _nonce()
    return FORMAT + nonce + cipher.encrypt(nonce, data, FORMAT + bound)


_nonces: deque[bytes] = deque()
"""Drawn many at a time, as asking the system costs more than sealing; each is used once, and none by a process that was forked."""
os.register_at_fork(after_in_child=_nonces.clear)


def _nonce() -> bytes:
    try:
        return _nonces.pop()
    except IndexError:
        drawn = secrets.token_bytes(NONCE_BYTES * NONCES_AT_ONCE)
        _nonces.extend(drawn[at : at + NONCE_BYTES] for at in range(NONCE_BYTES, len(drawn), NONCE_BYTES))
        return drawn[:NONCE_BYTES]


def _opened(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != FORMAT or len(nonce) < NONCE_BYTES:
        raise Unopenable("What is sealed has another format.")
    try:
        return cipher.decrypt(nonce, rest, FORMAT + bound)
    except InvalidTag:
        raise Unopenable("It was sealed under another key, for another customer or field, or it was changed.") from None
