"""One run: the system is brought up, used and beaten at the same time, left in peace, and judged."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic

from pydantic_core import from_json
from shared.walls import Role

from deploy.local.demo.center import Center, batches
from deploy.local.demo.client import Client, Json, Refused
from deploy.local.demo.desk import HEARD_SECONDS
from deploy.local.demo.opening import furnish, register, stock_up
from deploy.local.demo.target import Target
from deploy.local.errors import StackError
from tests.crash import checks
from tests.crash.beating import HINDERED, Beating
from tests.crash.changes import Changes
from tests.crash.conduct import ended, told_of_faults
from tests.crash.faults import CATALOGUE, Field
from tests.crash.faults.kafka import replay
from tests.crash.ledger import Ledger
from tests.crash.offender import told_of
from tests.crash.people import SCOPES, Customer, Fleet, Floor, Staff
from tests.crash.places import NOTED
from tests.crash.points import Points, cells
from tests.crash.profiles import Profile
from tests.crash.result import Result
from tests.crash.small_disk import SmallDisk
from tests.crash.stage import Stage
from tests.crash.vigil import Finding, Vigil
from tests.crash.workload import CUSTOMERS, Workload

Say = Callable[[str], None]


async def until_done_or(is_over: Callable[[], bool], *works: Awaitable[object]) -> None:
    """Asked every second. However it ends, nobody goes on alone."""
    all_done = asyncio.gather(*works)
    try:
        while not all_done.done() and not is_over():
            await asyncio.wait([all_done], timeout=1)
        if all_done.done():
            await all_done
    finally:
        all_done.cancel()
        await asyncio.gather(all_done, return_exceptions=True)


class Rig:
    def __init__(self, profile: Profile, seed: int, folder: Path, say: Say) -> None:
        self.profile, self.seed, self.say = profile, seed, say
        self.workload = Workload.of(seed, profile.orders, profile.manners)
        self.ledger, self.changes = Ledger.at(folder / "ledger.jsonl"), Changes()
        self.stage = Stage(folder, self._note, patches=profile.patches)
        self.result = Result(profile, seed, ledger=self.ledger)
        self._people: list[asyncio.Task[None]] = []
        self._log = (folder / "rig.log").open("w")

    async def run(self) -> Result:
        """SAFETY: used and beaten until all orders are placed and all faults are over. HEAL: left in peace until nothing moves."""
        try:
            await self.stage.rise()
            self.target = Target.of(self.stage.stack, self.stage.port("order-intake"))
            self.vigil = Vigil(self.target, self.ledger)
            points = Points(cells(Random(f"{self.seed}/cells"), full=self.profile.full) if self.profile.walkers else [])
            self.ground = self.result.ground = Field(self.stage, self.target, self.vigil, points, self.profile.full)
            await self._prepare_disk()
            for package in self.target.packages:
                await self.ground.as_owner(package, *NOTED)
            for package, statement in self.profile.schema:
                await self.ground.as_owner(package, statement)
            async with self._opened() as (staff, fleet):
                await self._play(staff, fleet)
        except Refused as refused:
            self.result.findings.append(Finding(checks.WORK, 1, str(refused)))
        finally:
            await self._clear_away()
            self.result.seconds = monotonic() - self.result.began
        return self.result

    async def _clear_away(self) -> None:
        await self.stage.fall()
        if self.stage.disk:
            self.stage.disk.remove()
        self._log.close()
        self.ledger.close()

    async def _play(self, staff: Staff, fleet: Fleet) -> None:
        self._fleet, stopping = fleet, asyncio.Event()
        try:
            async with asyncio.TaskGroup() as everybody:
                everybody.create_task(staff.work(stopping))
                everybody.create_task(self.vigil.keep(stopping))
                self._people = [everybody.create_task(each) for each in (fleet.buy(self.workload.wishes), self._late_stock())]
                try:
                    await self._safety(fleet)
                    if not self.vigil.findings:
                        await self._heal()
                finally:
                    stopping.set()
                    for task in self._people:
                        task.cancel()
        except* Refused as refused:
            self.result.findings += [Finding(checks.WORK, 1, str(each)) for each in refused.exceptions]
        await self._judge(staff)

    async def _judge(self, staff: Staff) -> None:
        """What does not come to rest is looked at as well: what is missing says why."""
        self.result.happened = dict(staff.journal.happened)
        self.result.findings += await self._all_that_is_broken() if self.vigil.is_in_peace else self.vigil.findings
        self.result.findings += told_of_faults(self.changes.faults) + ended(self.stage.all_programs)
        if self.result.findings:
            self.result.caught_after = monotonic() - self._fleet.began
            found = " ".join(finding.first for finding in self.result.findings)
            self.result.offender = await told_of(found, self.ground, self.stage.folder)

    async def _all_that_is_broken(self) -> list[Finding]:
        found: list[Finding] = []
        try:
            found += await checks.final(self.ground, self.ledger)
            found += await checks.counted_anew(self.stage)
            found += await self.changes.missing(lambda package: self.target.database(package, Role.STAFF))
        except HINDERED as error:
            found = [*(found or self.vigil.findings), Finding(checks.STUCK, 1, f"not all could be judged in the end: {error!r}")]
        return found

    async def _safety(self, fleet: Fleet) -> None:
        """Until everything was asked for and the last fault is over. What a fault that was broken off still owes is done then."""
        beating = Beating(self.ground, self.profile, self.seed, self._note)

        def is_broken() -> bool:
            self._show("SAFETY")
            return bool(self.vigil.findings)

        await until_done_or(is_broken, fleet.asked.wait(), beating.run())
        if not self.vigil.findings and (owed := self.vigil.losses.owed):
            await self.stage.mend()
            await replay(self.ground, owed)

    async def _late_stock(self) -> None:
        await asyncio.sleep(self.profile.seconds * 0.6)
        async with self._floor() as center:
            await stock_up(center, self.workload.late, "late")

    async def _heal(self) -> None:
        """Everybody is answered and everything at rest, so many seconds after the last fault was over."""
        began, calm, calm_since = monotonic(), 0, 0.0
        self.vigil.is_in_peace = True
        await self.stage.mend()
        while calm < 2:
            asked_at = monotonic()
            rest = await self._looked()
            calm = 0 if rest else calm + 1
            calm_since = asked_at if calm == 1 else calm_since
            if rest != self.result.left:
                self.result.left = rest
            if monotonic() - began > self.profile.heal_seconds and rest:
                self.result.findings.append(Finding(checks.STUCK, 1, rest))
                self.stage.ask_where_they_stand()
                return
            self._show("HEAL")
            await asyncio.sleep(0.5)
        self.result.settle(calm_since - began)

    async def _looked(self) -> str:
        if any(not task.done() for task in self._people):
            return "calls that have no answer yet"
        try:
            rest = await checks.left(self.target)
        except HINDERED as error:
            return repr(error)
        return str(rest) if rest.left else ""

    async def _prepare_disk(self) -> None:
        if not self.profile.small_disk:
            return
        disk = SmallDisk.below(tempfile.gettempdir())
        try:
            await asyncio.to_thread(disk.make, self.stage.postgres)
            self.stage.disk = disk
        except StackError as why:
            self.ground.absent["small disk"] = str(why)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Staff, Fleet]]:
        """Warehouses, carriers, customers with keys, items and stock; and everybody has heard of them."""
        async with self._floor() as center:
            await self._furnish(center)
            staff = Staff(center, self.seed)
            customers = {name: await self._customer(center, name) for name in CUSTOMERS}
            await self._until_heard(customers)
            yield staff, Fleet(customers, self.ledger, staff.journal, self.profile.seconds)
            for customer in customers.values():
                await customer.close()

    async def _furnish(self, center: Center) -> None:
        await furnish(center)
        for customer in CUSTOMERS:
            await register(center, customer, blocked=False)
        items: list[Json] = [{"customer_id": customer, "sku": sku, "description": sku} for customer, sku in self.workload.items]
        await batches(center.inventory, "/items/batch", "items", items)
        await stock_up(center, self.workload.opening, "opening")

    async def _customer(self, center: Center, name: str) -> Customer:
        answer = await center.crm.post(f"/customers/{name}/keys", {"scopes": SCOPES})
        return Customer(self.stage.called_at("order-intake"), str(from_json(answer.body)["key"]), self.ledger, self.changes)

    def _floor(self) -> Floor:
        return Floor(self.stage.called_at, self.target.key, self.seed, self.changes)

    async def _until_heard(self, customers: dict[str, Customer]) -> None:
        async with asyncio.timeout(3 * HEARD_SECONDS):
            while await self._looked():
                await asyncio.sleep(0.2)
            for customer in customers.values():
                while not (await Client.ask(customer, "GET", "/orders?limit=1")).is_ok:
                    await asyncio.sleep(1)

    def _note(self, text: str) -> None:
        """For whoever looks for a cause: what was done to the system, and when."""
        self._log.write(f"{datetime.now(UTC):%H:%M:%S.%f} {text}\n")
        self._log.flush()

    def _show(self, phase: str) -> None:
        counts = self.ledger.counts
        told = f"{phase} {monotonic() - self._fleet.began:4.0f} s  orders {self._fleet.placed}/{self.profile.orders}"
        struck = sum(count for name, count in self.ground.counts.items() if name in CATALOGUE)
        self.say(
            f"{told}  attempts {counts.total()}, unknown {counts['unknown']}  faults {struck}"
            f"  checks {self.vigil.looks.total()}" + (f"  left: {self.result.left}" if self.result.left else "")
        )
