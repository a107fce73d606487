"""What a caller can do wrong.

    DomainError 409
    ├── InvalidInput 422        faults with JSON pointers
    ├── NotFound 404
    ├── Conflict 409
    │   └── StaleVersion 412
    ├── Gone 410
    ├── Unauthenticated 401
    ├── Forbidden 403
    ├── Malformed 400           not JSON, broken UTF-8
    ├── TooLarge 413
    ├── TooManyFailures 429     the door has more of these: shared/edge/refusals.py
    └── NotYet 503              just started

Over HTTP each becomes `application/problem+json` with its status; raised by an event handler it parks the event's key.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: `pointer` is a JSON pointer (RFC 6901) into the body, or `?name` for a query parameter."""

    pointer: str
    message: str


class DomainError(Exception):
    status: ClassVar[int] = 409
    type: ClassVar[str] = "conflict"
    title: ClassVar[str] = "The request contradicts the state of things"

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer says beside its body."""
        return {}


class InvalidInput(DomainError):
    status = 422
    type = "invalid-input"
    title = "The input breaks a rule"


class NotFound(DomainError):
    status = 404
    type = "not-found"
    title = "There is no such thing"


class Conflict(DomainError):
    pass


class StaleVersion(Conflict):
    status = 412
    type = "stale-version"
    title = "The thing has changed since it was read"


class Gone(DomainError):
    status = 410
    type = "gone"
    title = "It was there and is no more"


class Unauthenticated(DomainError):
    status = 401
    type = "unauthenticated"
    title = "A valid key is needed"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class TooManyFailures(DomainError):
    status = 429
    type = "too-many-failures"
    title = "Too many tries without a valid key"

    def __init__(self, seconds: float) -> None:
        self.seconds = math.ceil(seconds)
        super().__init__(f"No key from this address is looked at now. Try again in {self.seconds} s, with a key that is valid here.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.seconds)}


class Forbidden(DomainError):
    status = 403
    type = "forbidden"
    title = "The key does not allow this"


class Malformed(DomainError):
    status = 400
    type = "malformed"
    title = "The body cannot be read"


class TooLarge(DomainError):
    status = 413
    type = "too-large"
    title = "The body is too large"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Connection": "close"}


class NotYet(DomainError):
    status = 503
    type = "unavailable"
    title = "Try again"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}
