"""The people on the road: vehicles are assigned, goods handed over and delivered, some late, some in vain at first, some damaged."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy.local.demo.answers import SHIPMENTS, Shipment
from deploy.local.demo.center import Center, all_of, batches
from deploy.local.demo.choices import Choices
from deploy.local.demo.client import Json
from deploy.local.demo.desk import Desk
from deploy.local.demo.journal import Journal
from deploy.local.demo.opening import VEHICLES

IDLE_SECONDS = 0.15
PATIENT_SECONDS = 120.0
"""A promise that ends later than this is not waited for: promises set to hours cannot be broken in a demo."""
RETRY_SECONDS = 0.5
CONFLICT = frozenset({409})
"""The shipment was cancelled meanwhile, or not everything of it is packed yet."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit at a consignee's: not before `due` (monotonic seconds)."""

    shipment: Shipment
    due: float
    fails: bool


class Drivers:
    def __init__(self, center: Center, desk: Desk, choices: Choices, journal: Journal) -> None:
        self._dispatch, self._desk, self._choices, self._journal = center.dispatch, desk, choices, journal
        self._stops: dict[str, Stop] = {}
        self._done: set[str] = set()

    async def work(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            if not await self.tour():
                await asyncio.sleep(IDLE_SECONDS)

    async def tour(self) -> int:
        """Everything that can be done now; returns how many things that were."""
        done = await self._assign(await self._shipments("planned"))
        done += await self._hand_over([shipment for shipment in await self._shipments("assigned") if shipment.is_packed])
        self._schedule(await self._shipments("handed_over"))
        return done + await self._visit([stop for stop in self._stops.values() if stop.due <= time.monotonic()])

    async def _shipments(self, status: str) -> list[Shipment]:
        return [shipment async for shipment in all_of(self._dispatch, "/shipments", SHIPMENTS, {"status": status})]

    async def _assign(self, shipments: Sequence[Shipment]) -> int:
        assignments = [self._assignment(shipment) for shipment in shipments]
        results = await batches(self._dispatch, "/shipments/assignments", "assignments", assignments, CONFLICT)
        return self._count(results_of=[result.status for result in results], word="shipment assigned")

    def _assignment(self, shipment: Shipment) -> Json:
        vehicle = self._choices.weighted(dict.fromkeys(VEHICLES, 1.0), "vehicle", self._key(shipment))
        return {"shipment_id": shipment.shipment_id, "carrier": VEHICLES[vehicle], "vehicle": vehicle}

    async def _hand_over(self, shipments: Sequence[Shipment]) -> int:
        handovers: list[Json] = [{"shipment_id": shipment.shipment_id} for shipment in shipments]
        results = await batches(self._dispatch, "/shipments/handovers", "handovers", handovers, CONFLICT)
        for shipment, result in zip(shipments, results, strict=True):
            if result.status != 409 and self._choices.happens("cancelled too late", self._key(shipment)):
                await self._desk.cancel(shipment.order_id, "customer_request")
        return self._count([result.status for result in results], "shipment handed over")

    def _count(self, results_of: Sequence[int], word: str) -> int:
        taken = sum(status != 409 for status in results_of)
        self._journal.happened[word] += taken
        return taken

    def _schedule(self, shipments: Sequence[Shipment]) -> None:
        for shipment in shipments:
            if shipment.shipment_id not in self._stops and shipment.shipment_id not in self._done:
                fails = shipment.attempts == 0 and self._choices.happens("failed attempt", self._key(shipment))
                self._stops[shipment.shipment_id] = Stop(shipment, time.monotonic() + self._delay(shipment), fails)

    def _delay(self, shipment: Shipment) -> float:
        """Seconds: a late one comes after the end of its promise."""
        if not self._choices.happens("late delivery", self._key(shipment)):
            return 0.0
        wait = (shipment.promised.latest - datetime.now(UTC)).total_seconds() + 1
        if wait > PATIENT_SECONDS:
            return 0.0
        self._journal.happened["delivery late on purpose"] += 1
        return max(0.0, wait)

    async def _visit(self, stops: Sequence[Stop]) -> int:
        now = datetime.now(UTC)
        reports = [self._failure(stop, now) if stop.fails else self._delivery(stop, now) for stop in stops]
        await batches(self._dispatch, "/deliveries", "deliveries", reports)
        for stop in stops:
            shipment_id = stop.shipment.shipment_id
            if stop.fails:
                self._stops[shipment_id] = Stop(stop.shipment, time.monotonic() + RETRY_SECONDS, fails=False)
            else:
                del self._stops[shipment_id]
                self._done.add(shipment_id)
            self._journal.happened["delivery attempt failed" if stop.fails else "delivery completed"] += 1
        return len(stops)

    def _failure(self, stop: Stop, now: datetime) -> Json:
        reasons = {"consignee_absent": 3.0, "consignee_closed": 2.0, "carrier_out_of_time": 1.0}
        reason = self._choices.weighted(reasons, "reason", self._key(stop.shipment))
        return {"shipment_id": stop.shipment.shipment_id, "outcome": "failed", "delivered_at": _at(stop, now), "reason": reason}

    def _delivery(self, stop: Stop, now: datetime) -> Json:
        key, shipment = self._key(stop.shipment), stop.shipment
        report: dict[str, Json] = {"shipment_id": shipment.shipment_id, "outcome": "delivered", "delivered_at": _at(stop, now)}
        if not self._choices.happens("unsigned delivery", key):
            report["signed_by"] = f"Consignee {self._journal.consignee(shipment.order_id)}"
        damaged, short = (self._choices.happens(kind, key) for kind in ("damaged delivery", "short delivery"))
        if damaged or short:
            self._journal.happened["delivery damaged"] += damaged
            self._journal.happened["delivery short"] += short and not damaged
            report["lines"] = counts(shipment, damaged=damaged)
        return report

    def _key(self, shipment: Shipment) -> str:
        return f"{self._journal.reference(shipment.order_id)}/{shipment.warehouse}/{shipment.release_no}"


def _at(stop: Stop, now: datetime) -> str:
    """Never before the handover, whatever this clock says."""
    return max(now, (stop.shipment.handed_over_at or now) + timedelta(milliseconds=1)).isoformat()


def counts(shipment: Shipment, *, damaged: bool) -> list[Json]:
    """One unit of the first line is damaged, or missing; the rest is accepted."""
    first, *rest = [line for line in shipment.lines if line.packed]
    broken: Json = {"line_no": first.line_no, "accepted": first.packed - 1, "damaged": int(damaged), "short": int(not damaged)}
    return [broken, *({"line_no": line.line_no, "accepted": line.packed, "damaged": 0, "short": 0} for line in rest)]
