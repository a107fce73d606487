"""Header fields of every answer: a browser that is led here shows nothing, runs nothing, keeps nothing."""

from collections.abc import Sequence
from datetime import timedelta

Field = tuple[bytes, bytes]

_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"DENY"))
_NOTHING = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_DOCS = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src https://cdn.jsdelivr.net; "
    b"img-src data: https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'",
)
_NEVER_KEPT = (b"cache-control", b"no-store")

SECURE: tuple[Field, ...] = (*_ALWAYS, _NOTHING, _NEVER_KEPT)
DOCS: tuple[Field, ...] = (*_ALWAYS, _DOCS, _NEVER_KEPT)
"""The documentation page is the one that has scripts, those of Swagger UI."""


def transport_security(kept: timedelta) -> Sequence[Field]:
    """Only where an installation says that all of it is behind TLS."""
    return ((b"strict-transport-security", b"max-age=%d" % kept.total_seconds()),) if kept else ()
