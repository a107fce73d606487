import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from shared.errors import NotYet
from shared.oidc import TokenRefused
from shared.oidc.gate import Oidc
from shared.oidc.issuers import Issuer
from shared.oidc.key_set import Pace

from tests.shared.oidc.issuer import AUDIENCE, RunningIssuer, running

QUICK = Pace(every=60, again=0.05, at_least=0.05, missed=0.5)


@pytest.fixture
async def issuer() -> AsyncIterator[RunningIssuer]:
    async with running() as made:
        yield made


@asynccontextmanager
async def gate(*issuers: RunningIssuer, pace: Pace = QUICK, **settings: Any) -> AsyncIterator[Oidc]:
    """What the door asks, while the keys are kept in the background."""
    made = Oidc([Issuer(issuer=each.url, audience=AUDIENCE, **settings) for each in issuers], pace)
    keeping = asyncio.create_task(made.keep())
    yield made
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


@pytest.fixture
async def oidc(issuer: RunningIssuer) -> AsyncIterator[Oidc]:
    async with gate(issuer) as made:
        await in_time(lambda: accepts(made, issuer.token()))
        yield made


def accepts(oidc: Oidc, token: str) -> bool:
    """As the door does: what is known first."""
    try:
        return bool(oidc.known(token) or oidc.caller(token))
    except (TokenRefused, NotYet):
        return False


async def in_time(holds: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)
