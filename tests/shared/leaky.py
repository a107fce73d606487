"""A service that says in its faults what it was sent: `python -m tests.shared.leaky --only api`."""

import asyncio

from shared.main import main
from shared.routes import Tx, router
from shared.scopes import needs
from shared.service import Service
from shared.settings import Settings
from starlette.requests import Request

from tests.shared.plumbing import metadata

api = router()


@api.get("/broken")
@needs("orders:read")
async def broken(request: Request, tx: Tx, q: str) -> None:
    """Every way in which a careless line may name what came in."""
    asyncio.get_running_loop().call_exception_handler({"message": f"lost {q}", "exception": RuntimeError(str(request.headers.raw))})
    await tx.fetch("SELECT $1::text", q)
    try:
        await tx.fetch(f"SELECT '{request.headers['authorization']}'::int")
    except Exception as error:
        raise RuntimeError(f"{request.url} {dict(request.headers)}") from error


SERVICE = Service("leaky", "crm", "Leaky, in the database of crm", Settings, metadata, api)

if __name__ == "__main__":
    main(SERVICE)
