"""What the door itself answers."""

from collections.abc import Mapping, Sequence

from shared.edge.headers import SECURE, Field
from shared.errors import DomainError
from shared.problems import problem


class TooSlow(DomainError):
    status = 408
    type = "too-slow"
    title = "The request took too long to arrive"


class AddressTooLong(DomainError):
    status = 414
    type = "address-too-long"
    title = "The path and query are too long"


class Unsupported(DomainError):
    status = 415
    type = "unsupported-encoding"
    title = "The body is encoded in a way that is not taken here"


class Misdirected(DomainError):
    status = 421
    type = "another-host"
    title = "This is not the host that was asked for"


class TooManyRequests(DomainError):
    status = 429
    type = "too-many-requests"
    title = "More requests than allowed"

    def __init__(self, detail: str, after: int, standing: Sequence[Field] = ()) -> None:
        super().__init__(detail)
        self._headers = {"Retry-After": str(after)} | {name.decode(): value.decode() for name, value in standing}

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers


class HeadTooLarge(DomainError):
    status = 431
    type = "head-too-large"
    title = "The header fields are too large"


class Unreadable(DomainError):
    status = 400
    type = "unreadable"
    title = "This is not HTTP/1.1"


class Later(DomainError):
    status = 503
    title = "Try again"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1", "Connection": "close"}


class Full(Later):
    type = "full"

    def __init__(self) -> None:
        super().__init__("More is going on here than can be done at once. Send the same request again in a moment.")


class Leaving(Later):
    """The server has waited long enough for this request, and stops."""

    type = "leaving"

    def __init__(self) -> None:
        super().__init__("This process stops; nothing is known to be stored. Send the same request again.")


def written(error: DomainError, status_line: bytes) -> bytes:
    """The answer as it goes over the wire, for who cannot be answered by a route."""
    body = problem(error).model_dump_json().encode()
    own = [(name.lower().encode(), value.encode()) for name, value in {**error.headers, "Connection": "close"}.items()]
    fields = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body)), *own, *SECURE]
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return b"%b%b\r\n%b" % (status_line, lines, body)
