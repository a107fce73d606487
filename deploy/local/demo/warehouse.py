"""The people in the warehouse: they pick what is open, sometimes find too little, and pack it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from deploy.local.demo.answers import PICKS, Pick
from deploy.local.demo.center import BATCH_ITEMS, Center, all_of, batches
from deploy.local.demo.choices import Choices
from deploy.local.demo.client import Json
from deploy.local.demo.journal import Journal

IDLE_SECONDS = 0.15
CARTON_LINES = 20
PACK_LINES = 1_000
CONFLICT = frozenset({409})
"""The order was cancelled meanwhile: its picks are void, its packs are not wanted."""

Release = tuple[str, str, int]
"""order, warehouse, release: what is packed and travels together."""


class Warehouse:
    def __init__(self, center: Center, choices: Choices, journal: Journal) -> None:
        self._inventory, self._choices, self._journal = center.inventory, choices, journal
        self._picked: dict[Release, dict[int, int]] = {}

    async def work(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            if not await self.shift():
                await asyncio.sleep(IDLE_SECONDS)

    async def shift(self) -> int:
        """Pick all that is open now, then pack it; returns how many picks that were."""
        picks = [pick async for pick in all_of(self._inventory, "/picks", PICKS, {"status": "open"})]
        for some in whole_orders(picks):
            await self._pick(some)
        await self._pack()
        return len(picks)

    async def _pick(self, picks: Sequence[Pick]) -> None:
        found = [self._found(pick) for pick in picks]
        confirmations: list[Json] = [{"pick_id": pick.pick_id, "quantity": quantity} for pick, quantity in zip(picks, found, strict=True)]
        results = await batches(self._inventory, "/picks/confirmations", "confirmations", confirmations, CONFLICT)
        for pick, quantity, result in zip(picks, found, results, strict=True):
            if result.status == 409:
                self._journal.happened["pick void before it was confirmed"] += 1
                continue
            self._journal.happened["pick short" if quantity < pick.quantity else "pick confirmed"] += 1
            if quantity:
                lines = self._picked.setdefault((pick.order_id, pick.warehouse, pick.release_no), defaultdict(int))
                lines[pick.line_no] += quantity

    def _found(self, pick: Pick) -> int:
        """A pick of a release after the first is never short again, so that every order comes to an end."""
        key = f"{self._journal.reference(pick.order_id)}/{pick.line_no}/{pick.warehouse}"
        if pick.release_no > 1 or not self._choices.happens("short pick", key):
            return pick.quantity
        return self._choices.part(pick.quantity, "found", key, 0.0, 1.0)

    async def _pack(self) -> None:
        picked, self._picked = self._picked, {}
        wanted = [parcel for release, lines in picked.items() for parcel in parcels(release, lines)]
        for result in await batches(self._inventory, "/packs", "packs", wanted, CONFLICT):
            self._journal.happened["pack refused: the order was cancelled" if result.status == 409 else "pack completed"] += 1


def parcels(release: Release, lines: dict[int, int]) -> Iterator[dict[str, Json]]:
    """Usually one; a pack takes no more than PACK_LINES lines."""
    order_id, warehouse, release_no = release
    ordered: list[Json] = [{"line_no": line_no, "quantity": quantity} for line_no, quantity in sorted(lines.items())]
    for number, some in enumerate(_cut(ordered, PACK_LINES), 1):
        yield {
            "order_id": order_id,
            "reference": f"{warehouse}-{release_no}-{number}",
            "warehouse": warehouse,
            "release_no": release_no,
            "cartons": [{"lines": in_carton} for in_carton in _cut(some, CARTON_LINES)],
        }


def _cut(items: Sequence[Json], most: int) -> Iterator[Sequence[Json]]:
    return (items[start : start + most] for start in range(0, len(items), most))


def whole_orders(picks: Iterable[Pick], most: int = BATCH_ITEMS) -> Iterator[list[Pick]]:
    """Calls of at most that many picks in which no order is cut, unless it is longer than a call."""
    some: list[Pick] = []
    for _, group in groupby(sorted(picks, key=lambda pick: (pick.order_id, pick.line_no)), key=lambda pick: pick.order_id):
        of_order = list(group)
        if some and len(some) + len(of_order) > most:
            yield some
            some = []
        some += of_order
    if some:
        yield some
