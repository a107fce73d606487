"""Keys that customers hold, and the API as they meet it: behind both walls, or behind one that must do alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_urlsafe
from uuid import uuid4

import httpx
import pytest
from shared.database import Pool
from shared.key_rows import hash_of
from shared.service import Service
from shared.sides import Sides

from tests.conftest import serving

WALLS = ("with the policies", "without the policies")


async def a_bearer(pool: Pool, customer_id: str, *scopes: str) -> str:
    """What the header of a new key of the customer's says."""
    key_id, secret = f"k-{uuid4().hex[:12]}", token_urlsafe(32)
    await pool.execute(
        "INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes) VALUES ($1, $2, $3, $4)",
        *(key_id, hash_of(secret), customer_id, scopes),
    )
    return f"Bearer {key_id}.{secret}"


@asynccontextmanager
async def behind(walls: str, service: Service, database: str, bearer: str) -> AsyncIterator[httpx.AsyncClient]:
    """Without the policies a customer's key enters the database as staff."""
    with pytest.MonkeyPatch.context() as patch:
        if walls == "without the policies":
            patch.setattr(Sides, "_of", lambda sides, caller: sides.staff)
        async with serving(service, database) as client:
            client.headers["Authorization"] = bearer
            yield client
