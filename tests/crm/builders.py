"""Events as other services say them, and a consumer's way of applying them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
from crm.event_handlers import handlers
from shared.database import Transaction
from shared.events import (
    By,
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderReceived,
    Promise,
    ServiceLevel,
    ShortLine,
    StockReserved,
    StockShort,
)

from tests.builders import hear_all

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
LINES = (OrderLine(line_no=1, sku="71053", quantity=80), OrderLine(line_no=2, sku="85123A", quantity=40))


def a_customer_id() -> str:
    return f"C-{uuid4().hex[:12]}"


async def a_customer(client: httpx.AsyncClient, **profile: str | bool) -> str:
    customer_id = a_customer_id()
    answer = await client.put(f"/customers/{customer_id}", json={"name": "Lantern Traders", **profile})
    assert answer.status_code == 201, answer.text
    return customer_id


def received(customer_id: str, order_id: UUID, *, reference: str = "PO-4711", lines: Sequence[OrderLine] = LINES) -> OrderReceived:
    return OrderReceived(
        customer_id=customer_id,
        version=1,
        occurred_at=NOW,
        order_id=order_id,
        customer_reference=reference,
        service_level=ServiceLevel.STANDARD,
        allow_partial=False,
        submitted_at=NOW,
        lines=tuple(lines),
    )


def confirmed(customer_id: str, order_id: UUID, *, latest: datetime = NOW + timedelta(hours=72)) -> OrderConfirmed:
    return OrderConfirmed(
        customer_id=customer_id,
        version=2,
        occurred_at=NOW,
        order_id=order_id,
        promised=Promise(earliest=min(NOW, latest), latest=latest),
        allow_partial=False,
        lines=LINES,
    )


def cancelled(customer_id: str, order_id: UUID) -> OrderCancelled:
    return OrderCancelled(customer_id=customer_id, version=3, occurred_at=NOW, order_id=order_id, by=By.CUSTOMER, reason="other")


def short(customer_id: str, order_id: UUID, *, version: int = 1) -> StockShort:
    line = ShortLine(line_no=2, sku="71053", demanded=10, available=6, reserved=0)
    return StockShort(customer_id=customer_id, version=version, occurred_at=NOW, order_id=order_id, first=version == 1, lines=(line,))


def reserved(customer_id: str, order_id: UUID, *, version: int = 2, complete: bool = True) -> StockReserved:
    return StockReserved(
        customer_id=customer_id, version=version, occurred_at=NOW, order_id=order_id, first=False, complete=complete, warehouses=()
    )


async def hear(tx: Transaction, *events: Event) -> None:
    await hear_all(tx, handlers, events)


async def a_key(client: httpx.AsyncClient, customer_id: str, *scopes: str) -> str:
    """A key of the customer, as a caller sends it."""
    answer = await client.post(f"/customers/{customer_id}/keys", json={"scopes": scopes})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["key"]
    return key


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
