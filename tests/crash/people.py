"""Who works with the system while it is beaten: customers with keys of their own, the warehouse and the drivers of the demo."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from random import Random
from time import monotonic

from pydantic_core import from_json

from deploy.local.demo.center import Center
from deploy.local.demo.choices import Choices
from deploy.local.demo.client import Answer, Json, Refused
from deploy.local.demo.desk import Desk
from deploy.local.demo.drivers import Drivers
from deploy.local.demo.journal import Journal
from deploy.local.demo.warehouse import Warehouse
from tests.crash.changes import Caller, Changes
from tests.crash.ledger import Ledger, Operation, Outcome, outcome_of
from tests.crash.workload import Wish

ATTEMPT_SECONDS = 10.0
PAUSES = (0.1, 0.3, 1.0, 2.0, 5.0, 15.0)
TWICE = 0.03
"""So many calls of the people are sent twice at the same time."""
SCOPES = ["orders:read", "orders:write"]


class Customer(Caller):
    """Asks until it knows, and writes down every attempt. Whatever waits to be asked again is asked when something else was answered."""

    def __init__(self, url: str, key: str, ledger: Ledger, changes: Changes) -> None:
        super().__init__(url, key, "order_intake", changes, connections=40, attempt=ATTEMPT_SECONDS)
        self._ledger = ledger
        self._answered = asyncio.Event()

    async def do(self, operation: Operation, path: str, body: Json) -> Answer:
        request = self._request("POST", path, body, operation.key)
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            entry = self._ledger.sent(operation)
            answer = await self._attempt(request)
            if self._ledger.heard(entry, answer) is not Outcome.UNKNOWN:
                assert answer
                self._answered.set()
                self._answered = asyncio.Event()
                return answer
            await self._rest(pause)
        raise AssertionError("it asks for ever")

    async def _rest(self, pause: float) -> None:
        await asyncio.sleep(PAUSES[0])
        with suppress(TimeoutError):
            async with asyncio.timeout(pause - PAUSES[0]):
                await self._answered.wait()


class Patient(Caller):
    """Never gives up; sometimes sends the same call twice at once, as a scanner that is pressed twice."""

    def __init__(self, service: str, url: str, key: str, seed: int, changes: Changes) -> None:
        super().__init__(url, key, service.replace("-", "_"), changes, attempt=ATTEMPT_SECONDS)
        self._drawn = Random(f"{seed}/{service}")

    async def ask(self, method: str, path: str, body: Json = None, once: str | None = None) -> Answer:
        request = self._request(method, path, body, once)
        if method == "GET" or self._drawn.random() > TWICE:
            return await self._until_definite(request)
        first, second = await asyncio.gather(self._until_definite(request), self._until_definite(request))
        if first.is_ok != second.is_ok:
            raise Refused(f"{method} {path}, sent twice at once and answered {first.status} as well,", second)
        return first

    async def _until_definite(self, request: bytes) -> Answer:
        while outcome_of(answer := await self._attempt(request)) is Outcome.UNKNOWN:
            await asyncio.sleep(PAUSES[1])
        assert answer
        self.calls[answer.status] += 1
        return answer


class Floor(Center):
    """The five services as staff call them; staff never give up."""

    def __init__(self, url: Callable[[str], str], key: str, seed: int, changes: Changes) -> None:
        self.intake, self.inventory, self.dispatch, self.crm, self.kpi = (
            Patient(name, url(name), key, seed, changes) for name in ("order-intake", "inventory", "dispatch", "crm", "kpi")
        )


class Punctual(Choices):
    """As in the demo, but nobody waits until a promise is broken."""

    def happens(self, kind: str, key: str) -> bool:
        return kind != "late delivery" and super().happens(kind, key)


@dataclass
class Known(Journal):
    """The customers' own words for orders, so that the same seed decides the same things."""

    references: dict[str, str] = field(default_factory=dict)

    def reference(self, order_id: str) -> str:
        return self.references.get(order_id, order_id)


class Staff:
    """Pick, pack, assign, hand over and deliver whatever there is, until told to stop."""

    def __init__(self, center: Floor, seed: int) -> None:
        self.journal = Known()
        choices = Punctual(seed)
        self._warehouse = Warehouse(center, choices, self.journal)
        self._drivers = Drivers(center, Desk(center, choices, self.journal), choices, self.journal)

    async def work(self, stopping: asyncio.Event) -> None:
        await asyncio.gather(self._warehouse.work(stopping), self._drivers.work(stopping))


@dataclass
class Fleet:
    """All customers. `seconds` is how long they take to place everything; `asked` is set when they have, answered or not."""

    customers: Mapping[str, Customer]
    ledger: Ledger
    journal: Known
    seconds: float
    began: float = field(default_factory=monotonic)
    placed: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def buy(self, wishes: Sequence[Wish]) -> None:
        self.began = monotonic()
        async with asyncio.TaskGroup() as all_of_them:
            for wish in sorted(wishes, key=lambda wish: wish.at):
                await asyncio.sleep(self.began + wish.at * self.seconds - monotonic())
                all_of_them.create_task(self._live(wish))
            self.asked.set()

    async def _live(self, wish: Wish) -> None:
        customer = self.customers[wish.customer_id]
        key = f"once-{wish.number}" if wish.is_keyed else None
        place = Operation(f"place {wish.number}", "place", wish.customer_id, wish.reference, key)
        times = 2 if wish.repeated == "at once" else 1
        answer, *_ = await asyncio.gather(*(customer.do(place, "/orders", wish.body()) for _ in range(times)))
        self.placed += 1
        if not answer.is_ok:
            raise Refused(f"POST /orders {wish.reference}", answer)
        order_id = str(from_json(answer.body)["order_id"])
        self.journal.references[order_id] = wish.reference
        if wish.repeated == "later":
            await customer.do(place, "/orders", wish.body())
        if wish.is_changed:
            change = Operation(f"change {wish.number}", "change", wish.customer_id, wish.reference, key, same_as=place.name)
            await customer.do(change, "/orders", wish.body(changed=True))
        await self._reconsider(customer, wish, f"/orders/{order_id}")

    async def _reconsider(self, customer: Customer, wish: Wish, order: str) -> None:
        """First another wish, then none any more; the order may be too far on its way for either."""
        cancellation: Json = {"reason": "customer_request"}
        for kind, after, path, body in (
            ("amend", wish.amended_after, "amendments", wish.amendment()),
            ("cancel", wish.cancelled_after, "cancellation", cancellation),
        ):
            if after is None:
                continue
            await asyncio.sleep(after)
            name = f"{kind} {wish.number}"
            operation = Operation(name, kind, wish.customer_id, order.rpartition("/")[2], name.replace(" ", "-"))
            if (await customer.do(operation, f"{order}/{path}", body)).is_ok:
                await customer.do(operation, f"{order}/{path}", body)
