"""Whoever works in the center: picks and packs, a carton a line; hands over what is packed; the first try to deliver finds nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.journeys.house import House, Json


@dataclass(frozen=True)
class Crew:
    carrier: str
    vehicle: str
    absent: str
    """What the driver says of the first try."""
    signed_by: str

    async def pack(self, house: House, picks: Sequence[Json]) -> None:
        if picks:
            found = [{"pick_id": pick["pick_id"], "quantity": pick["quantity"]} for pick in picks]
            await house.send("inventory", "POST", "/picks/confirmations", {"confirmations": found})
            packs = [
                {"order_id": pick["order_id"], "reference": pick["pick_id"], "cartons": [{"lines": [_of(pick, "line_no", "quantity")]}]}
                for pick in picks
            ]
            await house.send("inventory", "POST", "/packs", {"packs": packs})

    async def drive(self, house: House, shipments: Sequence[Json]) -> None:
        for shipment in shipments:
            if all(line["packed"] == line["quantity"] for line in shipment["lines"]):
                await self._deliver(house, _of(shipment, "shipment_id"))

    async def _deliver(self, house: House, this: Json) -> None:
        seat = this | {"carrier": self.carrier, "vehicle": self.vehicle}
        await house.send("dispatch", "POST", "/shipments/assignments", {"assignments": [seat]})
        await house.send("dispatch", "POST", "/shipments/handovers", {"handovers": [this]})
        tried = this | {"outcome": "failed", "reason": self.absent}
        await house.send("dispatch", "POST", "/deliveries", {"deliveries": [tried]}, once=f"tried-{this['shipment_id']}")
        got = this | {"outcome": "delivered", "signed_by": self.signed_by}
        await house.send("dispatch", "POST", "/deliveries", {"deliveries": [got]}, once=f"got-{this['shipment_id']}")


def _of(thing: Json, *names: str) -> Json:
    return {name: thing[name] for name in names}
