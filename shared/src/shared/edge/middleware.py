"""How an installation sets its door."""

from typing import TypedDict

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from shared.edge.admission import Admission
from shared.edge.guard import Guard
from shared.edge.rates import Rates
from shared.edge.room import Most
from shared.edge.settings import EdgeSettings, parts


class Shown(TypedDict):
    docs_url: str | None
    redoc_url: None
    openapi_url: str | None
    swagger_ui_oauth2_redirect_url: None


def shown(settings: EdgeSettings) -> Shown:
    """The documentation, where it is wanted."""
    docs, openapi = ("/docs", "/openapi.json") if settings.docs else (None, None)
    return Shown(docs_url=docs, redoc_url=None, openapi_url=openapi, swagger_ui_oauth2_redirect_url=None)


def guard(app: FastAPI, most: Most, settings: EdgeSettings) -> None:
    """Put the guards around the app, as the last of its middleware; no page of another origin may ask unless it is named."""
    rates = Rates(settings)
    app.state.admission = Admission(settings, rates)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=parts(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Correlation-ID", "traceparent"],
            expose_headers=["ETag", "Idempotent-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Correlation-ID"],
        )
    app.add_middleware(Guard, most=most, settings=settings, rates=rates)
