"""Documents that change an order, and what a test does with them."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from order_intake.edi import Message, read
from order_intake.sending import write_documents
from shared.database import Pool
from shared.key_store import KeyStore

from tests.order_intake.interchanges import Line, a_940, an_850, an_860, an_ordchg, an_orders, edifact, x12
from tests.order_intake.senders import Sender, a_sender, effects
from tests.order_intake.test_amending import reallocated
from tests.order_intake.test_partners_hear import told

ALL = ["order_response", "shipping_advice", "ship_notice"]
FIRST: Sequence[Line] = (("SKU-1", 12), ("SKU-2", 5))
POC = ["POC*1*QI*20*20*EA*4.50**VN*SKU-1", "POC*2*DI", "POC*3*AI*4*4*EA*1.25**VN*SKU-3", "CTT*3"]
LIN = ["LIN+1+3+SKU-1:SA", "QTY+21:20:PCE", "LIN+2+2+SKU-2:SA", "LIN+3+1+SKU-3:SA", "QTY+21:4:PCE"]
ANEW = [("SKU-1", 20), ("SKU-3", 4)]
Body = Callable[..., bytes]


def in_x12(me: str, *sets: Sequence[str], control: int = 1) -> bytes:
    return x12(me, *sets, control=control, group={"850": "PO", "860": "PC", "940": "OW"}[sets[0][0]])


def by_860(me: str, *rows: str, control: int = 2, change: str = "1") -> bytes:
    return in_x12(me, an_860("PO-1", *(rows or POC), purpose="04", change=change), control=control)


def by_ordchg(me: str, *rows: str, control: int = 2, change: str = "CHG-1") -> bytes:
    return edifact(me, an_ordchg("PO-1", *(rows or LIN), function="4", change=change), control=f"ICR{control}")


def anew(kind: Callable[..., Sequence[str]], **said: str) -> Body:
    """The whole order, as it shall be."""
    document = kind("PO-1", ANEW, **said)
    return lambda me: edifact(me, document) if kind is an_orders else in_x12(me, document, control=2)


WAYS: dict[str, Body] = {
    "860": by_860,
    "ORDCHG": by_ordchg,
    "940 R": anew(a_940, status="R"),
    "850 05": anew(an_850, purpose="05"),
    "ORDERS 5": anew(an_orders, function="5"),
}
both_syntaxes = pytest.mark.parametrize(("syntax", "change"), [("X12", by_860), ("EDIFACT", by_ordchg)], ids=["860", "ORDCHG"])


AT_ONCE = [row for row in an_850("PO-1", FIRST) if not row.startswith("DTM")]
"""Without a window it is released as soon as there is stock."""


async def an_ordering(client: httpx.AsyncClient, pool: Pool, order: Sequence[str] = (), **changes: object) -> Sender:
    sender = await a_sender(client, pool, **changes)
    assert effects(await sender.send(in_x12(sender.me, order or an_850("PO-1", FIRST)))) == ["placed"]
    return sender


async def allocated(pool: Pool, changed: dict[str, Any], amendment_no: int = 1) -> None:
    """The warehouses have what is wanted now."""
    order_id = UUID(changed["messages"][0]["order_id"])
    await told(pool, reallocated(order_id, {1: 20, 3: 4}, amendment_no=amendment_no))


async def lines(sender: Sender) -> dict[str, int]:
    [order] = await sender.orders()
    return {line["sku"]: line["quantity"] for line in order["lines"] if line["status"] != "cancelled"}


async def heard(pool: Pool, store: KeyStore, sender: Sender) -> list[Message]:
    """All that waits for the partner but the answer to its order, in the order in which it was written."""
    while await write_documents(pool, store):
        pass
    page = (await sender.client.get("/edi/outbox", params={"partner": sender.code})).json()
    bodies = [(await sender.client.get(entry["document"])).content for entry in page["items"]]
    return [message for body in bodies for interchange in read(body).interchanges for message in interchange.messages][1:]
