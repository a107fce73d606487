"""What every process answers to whoever looks after it, without a key: does it run, may it be used, how is it doing."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response


def health_routes(is_ready: Callable[[], Awaitable[bool]], metrics: Callable[[], bytes]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        ready = await is_ready()
        response.status_code = 200 if ready else 503
        return {"status": "ready" if ready else "not ready"}

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return Response(metrics(), media_type="text/plain; version=0.0.4")

    return router
