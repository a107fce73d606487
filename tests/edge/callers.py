"""Honest callers, who go on while others attack, and what they notice of it."""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from itertools import count
from math import ceil

from tests.edge.conftest import Api
from tests.edge.scheduling import Took, processor_seconds
from tests.edge.who import CUSTOMER, CUSTOMER_KEY, SKU
from tests.edge.wire import connected, heard, request

CALLERS = 6
PAUSE = 0.04
_numbers = count()


@dataclass
class Seen:
    took: list[Took] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """The 99th percentile by the clock."""
        return _p99([each.seconds for each in self.took])

    @property
    def own_seconds(self) -> float:
        """The same on a machine that is busy with nothing else."""
        ran, waited = sum(each.ran for each in self.took), sum(each.waited for each in self.took)
        share = ran / (ran + waited) if waited else 1.0
        return _p99([each.alone(share) for each in self.took])


def _p99(values: list[float]) -> float:
    return sorted(values)[ceil(0.99 * len(values)) - 1]


class Callers:
    """`async with Callers(api) as seen:` - each places orders and reads them, on a connection of its own, with the customer's key."""

    def __init__(self, api: Api) -> None:
        self.api, self.seen = api, Seen()

    async def __aenter__(self) -> Seen:
        self._tasks = [asyncio.create_task(self._go_on()) for _ in range(CALLERS)]
        return self.seen

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results

    def _processor(self) -> tuple[float, float, float]:
        _, we_waited = processor_seconds(os.getpid())
        return *processor_seconds(self.api.process.pid), we_waited

    async def _go_on(self) -> None:
        async with connected(self.api.port) as (reader, writer):
            while True:
                for raw in (_order(), _reading()):
                    began, before = time.perf_counter(), self._processor()
                    writer.write(raw)
                    self.seen.statuses.add((await heard(reader)).status)
                    seconds, after = time.perf_counter() - began, self._processor()
                    self.seen.took.append(Took(seconds, *(now - then for now, then in zip(after, before, strict=True))))
                    await asyncio.sleep(PAUSE)


def _order() -> bytes:
    address = {"name": "Consignee", "street": "Street 1", "city": "City", "postal_code": "12345", "country": "GB"}
    lines = [{"sku": SKU, "quantity": 1}]
    body = {"customer_id": CUSTOMER, "customer_reference": f"HONEST-{next(_numbers)}", "ship_to": address, "lines": lines}
    return request("POST", "/orders", f"Authorization: Bearer {CUSTOMER_KEY}", body=json.dumps(body).encode())


def _reading() -> bytes:
    return request("GET", f"/orders?customer_id={CUSTOMER}&limit=10", f"Authorization: Bearer {CUSTOMER_KEY}")
