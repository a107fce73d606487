"""What an API with personal data uses: the key store, and answers that are not kept in plain."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.key_store import KeyStore
from shared.sealing import SubjectKey


class PersonalAnswer(Response):
    """Holds personal data of the subjects whose keys these are: kept for an Idempotency-Key only sealed under all of them.

    It is written at once: validating our own answer again would cost as much as all the rest of placing.
    """

    def __init__(self, view: BaseModel, status: int, keys: Sequence[SubjectKey] = (), headers: dict[str, str] | None = None) -> None:
        super().__init__(view.__pydantic_serializer__.to_json(view), status, headers, "application/json")
        self.keys = keys


async def _key_store(request: Request) -> KeyStore:
    store: KeyStore = request.app.state.key_store
    return store


SubjectKeys = Annotated[KeyStore, Depends(_key_store)]
