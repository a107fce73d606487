"""The customers' side: orders, holds, cancellations, credits and complaints, by the public APIs."""

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import urlencode

from deploy.local.demo.answers import BATCH, CASE, ORDER, ORDERS, Order
from deploy.local.demo.center import Center, all_of
from deploy.local.demo.choices import Choices
from deploy.local.demo.client import Answer, Client, GaveUp, Json, Refused
from deploy.local.demo.countries import code_of
from deploy.local.demo.dataset import Credit, Sale
from deploy.local.demo.journal import Journal

HEARD_SECONDS = 60.0
"""What one service knows the others hear; longer than this is a fault."""
ENDED = frozenset({"cancelled", "rejected"})


class Desk:
    def __init__(self, center: Center, choices: Choices, journal: Journal) -> None:
        self._center, self._choices, self._journal = center, choices, journal

    async def place(self, sale: Sale) -> str:
        answer = await self._center.intake.ask("POST", "/orders", self._body(sale))
        if answer.status == 409:
            return await self._found(sale)
        if not answer.is_ok:
            raise Refused(f"POST /orders {sale.invoice}", answer)
        return self._placed(sale, answer.read(ORDER).order_id, answer.status)

    async def place_all(self, sales: Sequence[Sale]) -> None:
        """One batch call, in the order of the invoices."""
        answer = await self._center.intake.post("/orders/batch", {"orders": [self._body(sale) for sale in sales]})
        for sale, result in zip(sales, answer.read(BATCH).results, strict=True):
            if result.status == 409:
                await self._found(sale)
            elif result.id is None:
                raise Refused(f"POST /orders/batch {sale.invoice}", answer)
            else:
                self._placed(sale, result.id, result.status)

    async def order(self, order_id: str) -> Order:
        return (await self._center.intake.get(f"/orders/{order_id}")).read(ORDER)

    async def cancel(self, order_id: str, reason: str, by: str = "customer") -> int:
        """200 cancelled, 202 dispatch decides, 409 too late."""
        path = f"/orders/{order_id}/cancellation"
        answer = await self._center.intake.ask("POST", path, {"reason": reason, "by": by}, once=f"cancel-{order_id}-{reason}")
        if not answer.is_ok and answer.status != 409:
            raise Refused(f"POST {path}", answer)
        self._journal.happened[f"cancellation asked ({reason}): {_WORDS[answer.status]}"] += 1
        return answer.status

    async def hold(self, order_id: str, reason: str) -> bool:
        """False when the order was released before the call came."""
        path = f"/orders/{order_id}/hold"
        answer = await self._center.intake.ask("POST", path, {"reason": reason}, once=f"hold-{order_id}")
        if not answer.is_ok and answer.status != 409:
            raise Refused(f"POST {path}", answer)
        self._journal.happened[f"hold asked ({reason}): {'held' if answer.is_ok else 'too late'}"] += 1
        return answer.is_ok

    async def settle_hold(self, order_id: str) -> None:
        """Somebody decides: the order goes on, or is rejected."""
        rejected = self._choices.happens("rejected from hold", self._journal.reference(order_id))
        path = f"/orders/{order_id}/{'rejection' if rejected else 'hold-release'}"
        answer = await self._center.intake.ask("POST", path, {"reason": "credit"} if rejected else {}, once=f"settle-{order_id}")
        if not answer.is_ok and answer.status != 409:
            raise Refused(f"POST {path}", answer)
        self._journal.happened["hold ended: " + ("too late" if not answer.is_ok else "rejected" if rejected else "released")] += 1

    async def held_orders(self, owner: str) -> list[Order]:
        return [order async for order in all_of(self._center.intake, "/orders", ORDERS, {"customer_id": owner, "status": "received"})]

    async def credit(self, lines: Sequence[Credit]) -> None:
        """All lines of a credit invoice: what concerns one order is asked once."""
        for sale in dict.fromkeys(line.sale for line in lines):
            of_sale = [line for line in lines if line.sale == sale]
            outcome = await self._credit_of(self._journal.placed[sale], of_sale) if sale else await self._complain(of_sale, None)
            for line in of_sale:
                self._journal.credit(line, outcome)

    async def _credit_of(self, order_id: str, lines: Sequence[Credit]) -> str:
        if (await self.order(order_id)).status in ENDED:
            return "its order was cancelled or rejected before"
        status = await self.cancel(order_id, "credit_note")
        if status == 200 or (status == 202 and await self._is_cancelled(order_id)):
            return "order cancelled"
        if (await self.order(order_id)).status in ENDED:
            return "its order was cancelled or rejected before"
        return await self._complain(lines, order_id)

    async def _is_cancelled(self, order_id: str) -> bool:
        """Dispatch decides under the locks of the shipments; we hear of it."""
        deadline = time.monotonic() + HEARD_SECONDS
        while time.monotonic() < deadline:
            order = await self.order(order_id)
            if order.status in ENDED or order.cancellation != "requested":
                return order.status == "cancelled"
            await asyncio.sleep(0.1)
        raise GaveUp(f"The cancellation of {order_id} was not decided in {HEARD_SECONDS:.0f} s.")

    async def _complain(self, lines: Sequence[Credit], order_id: str | None) -> str:
        for line in lines:
            case_id = (await heard(self._center.crm, "/cases", _complaint(line, order_id))).read(CASE).case_id
            if self._choices.happens("resolved complaint", line.reference):
                await self._resolve(case_id)
        return "complaint on its order" if order_id else "complaint without an order"

    async def _resolve(self, case_id: str) -> None:
        path = f"/cases/{case_id}/resolution"
        answer = await self._center.crm.ask(
            "POST", path, {"cause": "Goods came back", "remedy": "Credit note sent"}, once=f"resolve-{case_id}"
        )
        if not answer.is_ok and answer.status != 409:
            raise Refused(f"POST {path}", answer)
        self._journal.happened["complaint resolved"] += answer.is_ok

    async def _found(self, sale: Sale) -> str:
        """An earlier play placed an order with this reference and another body."""
        wanted = {"customer_id": sale.owner, "customer_reference": sale.invoice}
        [order] = (await self._center.intake.get(f"/orders?{urlencode(wanted)}")).read(ORDERS).items
        return self._placed(sale, order.order_id, 200)

    def _placed(self, sale: Sale, order_id: str, status: int) -> str:
        self._journal.place(sale, order_id)
        self._journal.happened["order placed" if status == 201 else "order found from an earlier play"] += 1
        return order_id

    def _body(self, sale: Sale) -> Json:
        return {
            "customer_id": sale.owner,
            "customer_reference": sale.invoice,
            "ship_to": {
                "code": sale.consignee,
                "name": f"Consignee {sale.consignee}",
                "street": f"Street of consignee {sale.consignee}",
                "city": f"City of consignee {sale.consignee}",
                "postal_code": sale.consignee,
                "country": code_of(sale.country),
            },
            "service_level": self._choices.service_level(sale.invoice),
            "allow_partial": self._choices.happens("partial allowed", sale.invoice),
            "lines": [{"line_no": line.line_no, "sku": line.sku, "quantity": line.quantity} for line in sale.lines],
        }


async def heard(client: Client, path: str, body: Json) -> Answer:
    """A call that names what another service made a moment ago: 422 until the news has come."""
    deadline = time.monotonic() + HEARD_SECONDS
    while True:
        answer = await client.ask("POST", path, body)
        if answer.is_ok or answer.status != 422 or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    if not answer.is_ok:
        raise Refused(f"POST {path}", answer)
    return answer


def _complaint(line: Credit, order_id: str | None) -> Json:
    about: dict[str, Json] = {"order_id": order_id, "line_no": line.line_no} if order_id else {}
    subject = f"Credit {line.invoice}: {line.quantity} of {line.sku} returned"
    return {"customer_id": line.owner, "kind": "complaint", "subject": subject, "reference": line.reference, **about}


_WORDS = {200: "cancelled", 202: "dispatch decides", 409: "too late"}
