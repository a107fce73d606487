"""The yardstick: FastAPI and asyncpg, no more, inserting the rows of a placed order: one statement a table, one transaction."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from fastapi import FastAPI, Header
from pydantic import BaseModel
from pydantic_core import to_json
from shared.events import OrderLine
from uuid_utils.compat import uuid7

ORDER = """INSERT INTO orders (order_id, customer_id, customer_reference, fingerprint, status, service_level, allow_partial, submitted_at,
    received_at, confirmed_at, promised_earliest, promised_latest, ship_to, open_holds, event_version)
    VALUES ($1, $2, $3, $4, 'confirmed', 'standard', false, $5, $5, $5, $5, $6, $7, 0, 2)"""
LINES = """INSERT INTO order_lines (order_id, customer_id, line_no, sku, ordered, waiting)
    SELECT $1, $2, l.line_no, l.sku, l.quantity, l.quantity FROM unnest($3::int[], $4::text[], $5::int[]) AS l(line_no, sku, quantity)"""
HISTORY = "INSERT INTO order_history (order_id, customer_id, at, what) SELECT $1, $2, $3, unnest($4::text[])"
ONCE = "INSERT INTO idempotency_keys (caller, route, key, fingerprint, status, body) VALUES ('bare', 'POST /orders', $1, $2, 201, $3)"
OUTBOX = """INSERT INTO outbox (event_id, topic, key, aggregate, version, type, customer_id, occurred_at, correlation_id, body)
    SELECT event_id, 'orders', $1, 'order/' || $1, version, type, $2, $3, event_id, body
    FROM unnest($4::uuid[], $5::int[], $6::text[], $7::bytea[]) AS e(event_id, version, type, body) RETURNING id"""
PENDING = "INSERT INTO outbox_pending (id, created_at) SELECT unnest($1::bigint[]), now()"


class BareAddress(BaseModel):
    name: str
    street: str
    city: str
    postal_code: str
    country: str


class BareLine(BaseModel):
    sku: str
    quantity: int


class BareOrder(BaseModel):
    customer_id: str
    customer_reference: str
    ship_to: BareAddress
    lines: list[BareLine]


class BareAnswer(BaseModel):
    order_id: str
    status: str
    lines: list[OrderLine]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10) as pool:
        app.state.pool = pool
        yield


def build() -> FastAPI:
    app = FastAPI(lifespan=lifespan)

    @app.post("/orders", status_code=201, response_model=BareAnswer)
    async def place(order: BareOrder, idempotency_key: str = Header()) -> BareAnswer:
        order_id, now = uuid7(), datetime.now(UTC)
        lines = [OrderLine(line_no=n, sku=line.sku, quantity=line.quantity) for n, line in enumerate(order.lines, 1)]
        answer = BareAnswer(order_id=str(order_id), status="confirmed", lines=lines)
        said = to_json({"order_id": order_id, "lines": lines})
        async with app.state.pool.acquire() as connection, connection.transaction():
            address = order.ship_to.model_dump_json()
            await connection.execute(
                ORDER, order_id, order.customer_id, order.customer_reference, b"0" * 32, now, now + timedelta(days=3), address
            )
            numbers = [line.line_no for line in lines]
            owned = (order_id, order.customer_id)
            await connection.execute(LINES, *owned, numbers, [line.sku for line in lines], [line.quantity for line in lines])
            await connection.execute(HISTORY, *owned, now, ["received", "confirmed"])
            await connection.execute(ONCE, idempotency_key, b"0" * 32, answer.model_dump_json().encode())
            types = ["order.received.v1", "order.confirmed.v1"]
            ids = await connection.fetch(OUTBOX, str(order_id), order.customer_id, now, [uuid7(), uuid7()], [1, 2], types, [said, said])
            await connection.execute(PENDING, [row["id"] for row in ids])
        return answer

    return app
