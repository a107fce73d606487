"""Who orders, amends and cancels, and what they were told."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from uuid import UUID

from order_intake.amendment_schemas import NewAmendment, WantedLine
from order_intake.commands.amending import amend_order
from order_intake.commands.drafts import Placed
from order_intake.commands.orders import cancel_order
from order_intake.commands.placing import place_orders
from order_intake.schemas import NewCancellation, NewOrder
from order_intake.settings import Terms
from shared.batches import Outcome, only
from shared.database import Pool, Transaction
from shared.errors import DomainError
from shared.sealing import SubjectKey

from deploy.local.demo.journal import Acknowledged
from tests.machine.calls import Call, called, called_at_once

OWNER = "OWNER"
TERMS = Terms()
ADDRESS = {"name": "Consignee", "street": "1 Harbour Road", "city": "Shanghai", "postal_code": "200120", "country": "CN"}
Lines = Sequence[tuple[str, int]]


class Customers:
    def __init__(self, pool: Pool, keys: dict[str, SubjectKey]) -> None:
        self.pool, self._keys = pool, keys
        self.acknowledged: list[Acknowledged] = []
        self._placed: list[NewOrder] = []
        self._numbers = count(1)

    async def place(self, lines: Lines, *, allow_partial: bool, at_once: bool) -> None:
        """`at_once`: the same call twice, neither waiting for the other."""
        place = self._placing(self._new(lines, allow_partial=allow_partial))
        answers = await called_at_once(self.pool, place) if at_once else [await called(self.pool, place)]
        for answer in answers:
            placed = only([answer]).value
            self.acknowledged.append(Acknowledged(*placed.new.reference, str(placed.first.order_id)))
        self._placed.append(placed.new)

    async def place_again(self, number: int, *, is_changed: bool) -> tuple[Outcome[Placed], UUID]:
        """The answer, and which order it was when it was placed first."""
        index = number % len(self._placed)
        new = self._placed[index]
        body = new.model_copy(update={"allow_partial": not new.allow_partial}) if is_changed else new
        first = next(one.order_id for one in self.acknowledged if one.customer_reference == new.customer_reference)
        return await called(self.pool, self._placing(body)), UUID(first)

    async def cancel(self, order_id: UUID) -> None:
        """It may be too late."""
        wish = NewCancellation(reason="changed_mind")
        try:
            await called(self.pool, lambda tx: cancel_order(tx, order_id, wish))
        except DomainError:
            return

    async def amend(self, order_id: UUID, quantities: Sequence[int], added: Sequence[tuple[str, int]], *, times: int = 1) -> None:
        """Other quantities of its lines, 0 is without that line, and more lines; it may be too late."""
        lines = await self.pool.fetch("SELECT line_no, sku FROM order_lines WHERE order_id = $1 ORDER BY line_no", order_id)
        wanted = [(line_no, sku, quantity) for (line_no, sku), quantity in zip(lines, quantities, strict=False) if quantity]
        wanted += [(len(lines) + nth, sku, quantity) for nth, (sku, quantity) in enumerate(added, 1)]
        if not wanted:
            return
        named = [WantedLine(line_no=line_no, sku=sku, quantity=quantity) for line_no, sku, quantity in wanted]
        wish = NewAmendment(reference=f"AM-{next(self._numbers)}", lines=named)
        try:
            answers = [await called(self.pool, lambda tx: amend_order(tx, order_id, wish, TERMS, self._read)) for _ in range(times)]
        except DomainError:
            return
        assert [answer.is_new for answer in answers] == [True, False][:times]

    async def _read(self, key_ids: Iterable[str | None]) -> Mapping[str, SubjectKey]:
        return self._keys

    def order(self, number: int) -> UUID:
        return UUID(self.acknowledged[number % len(self.acknowledged)].order_id)

    def _new(self, lines: Lines, *, allow_partial: bool) -> NewOrder:
        body = {
            "customer_id": OWNER,
            "customer_reference": f"PO-{next(self._numbers)}",
            "ship_to": ADDRESS,
            "allow_partial": allow_partial,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        }
        return NewOrder.model_validate(body)

    def _placing(self, new: NewOrder) -> Call[Outcome[Placed]]:
        async def place(tx: Transaction) -> Outcome[Placed]:
            [outcome] = await place_orders(tx, [new], TERMS, self._take)
            return outcome

        return place

    async def _take(self, number: int) -> Sequence[SubjectKey]:
        keys = [SubjectKey.new() for _ in range(number)]
        self._keys |= {key.key_id: key for key in keys}
        return keys
