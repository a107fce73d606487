"""ETag and If-Match: what was read is what is replaced."""

from typing import Annotated

from fastapi import Header

IfMatch = Annotated[str | None, Header(max_length=200, description="The ETag that was read; another revision is answered 412")]


def etag(revision: int) -> str:
    return f'"{revision}"'


def is_current(if_match: str | None, revision: int | None) -> bool:
    """Does the caller know the thing as it is? `revision` is None where it does not exist; without If-Match nothing is asked."""
    if if_match is None:
        return True
    named = [each.strip() for each in if_match.split(",")]
    return revision is not None and ("*" in named or etag(revision) in named)
