"""The consignee of an order: sealed as soon as it is taken, opened for those who may read it."""

import unicodedata
from collections.abc import Mapping
from typing import Protocol

from shared.events import SHIP_TO, ShipTo
from shared.sealing import SubjectKey, Unopenable

from order_intake.schemas import Address


class Wanted(Protocol):
    """Whom an erasure means; a name alone means everybody of this name."""

    @property
    def code(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def postal_code(self) -> str | None: ...


def plain_text(ship_to: ShipTo | Address) -> str:
    return ship_to.model_dump_json(exclude_none=True)


def seal(ship_to: ShipTo | Address, key: SubjectKey, customer_id: str) -> str:
    return sealed(plain_text(ship_to), key, customer_id)


def sealed(plain: str, key: SubjectKey, customer_id: str) -> str:
    """What `plain_text` says."""
    return key.seal_text(plain, customer_id, SHIP_TO)


def opened(stored: str | None, key_id: str | None, customer_id: str, keys: Mapping[str, SubjectKey]) -> ShipTo | None:
    """None where it was erased; without a key_id it is still plain, from before addresses were sealed."""
    if stored is None or (key_id and key_id not in keys):
        return None
    try:
        return ShipTo.model_validate_json(keys[key_id].open_text(stored, customer_id, SHIP_TO) if key_id else stored)
    except Unopenable:
        return None


def is_meant(ship_to: ShipTo, wanted: Wanted) -> bool:
    """Names and postal codes are compared without regard to case, width, accents' spelling and blanks."""
    if wanted.code is not None:
        return ship_to.code == wanted.code
    if wanted.name is None or _normal(ship_to.name) != _normal(wanted.name):
        return False
    return wanted.postal_code is None or _normal(ship_to.postal_code) == _normal(wanted.postal_code)


def _normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
