"""What must be true at every moment, faults or not: asked of each database alone, every few seconds, while everything moves."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
from shared.database import passes
from shared.walls import Role

from deploy.local.demo.evidence import STANDING
from deploy.local.demo.invariants import (
    NEVER_OVERSOLD,
    NO_CAUSE_TWICE,
    REFERENCE_TWICE,
    RESERVED_IS_HELD,
    STOCK_IS_THE_LEDGER,
    Invariant,
    verdict_of,
)
from deploy.local.demo.target import Target
from tests.crash.ledger import Ledger
from tests.crash.losses import Losses
from tests.crash.places import Places

EVERY_SECONDS = 3.0
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What who asks a database meets while faults are at work."""
OURS = "aggregate LIKE '%/deadbeef%'"
"""Things of records that the rig itself has put on the bus."""
ANSWERS = Invariant("I2", "One answer a key; what was done is not refused later; a key with another body is refused", "")

_GAPLESS = Invariant(
    "I10",
    "Versions are counted without gaps",
    "SELECT aggregate, max(version), count(*) FROM outbox GROUP BY 1"
    " HAVING max(version) <> count(*) OR count(DISTINCT version) <> count(*)",
)
_PARKED = Invariant(
    "I14",
    "Nothing of the services is parked",
    f"SELECT aggregate, version, parked_because FROM progress WHERE parked_at IS NOT NULL AND NOT {OURS}",
)
_EVERYWHERE = (_GAPLESS, _PARKED)
ALWAYS: Mapping[str, tuple[Invariant, ...]] = {
    "order_intake": (
        *_EVERYWHERE,
        Invariant("I2", "One order a customer's reference", REFERENCE_TWICE),
        Invariant(
            "I4",
            "The units of an order line add up to what was ordered",
            f"SELECT * FROM order_lines WHERE ordered <> {STANDING}",
        ),
    ),
    "inventory": (
        *_EVERYWHERE,
        NEVER_OVERSOLD,
        STOCK_IS_THE_LEDGER,
        RESERVED_IS_HELD,
        NO_CAUSE_TWICE,
    ),
    "dispatch": (
        *_EVERYWHERE,
        Invariant(
            "I5",
            "An order has one shipment a release and warehouse",
            "SELECT order_id, release_no, warehouse FROM shipments GROUP BY 1, 2, 3 HAVING count(*) > 1",
        ),
        Invariant(
            "I5",
            "A shipment is handed over once or cancelled once",
            "SELECT aggregate FROM outbox WHERE type IN ('shipment.handed_over.v1', 'shipment.cancelled.v1')"
            " GROUP BY 1 HAVING count(*) > 1",
        ),
    ),
    "crm": _EVERYWHERE,
    "kpi": _EVERYWHERE,
}
ACKNOWLEDGED = Invariant(
    "I1",
    "No acknowledged order is lost",
    "SELECT order_id FROM unnest($1::uuid[]) AS acknowledged (order_id) EXCEPT SELECT order_id FROM orders",
)
OFFSETS = Invariant("I15", "A consumer's place never moves back, but to the beginning where the log was replaced", "")


@dataclass(frozen=True)
class Finding:
    """An invariant that does not hold, with the first row that says so."""

    invariant: Invariant
    broken: int
    first: str


@dataclass
class Vigil:
    """Looks until told to stop; a database that is away is looked at in the next round."""

    target: Target
    ledger: Ledger
    looks: Counter[str] = field(default_factory=Counter)
    """How often each database could be asked everything while faults were on."""
    is_in_peace: bool = False
    findings: list[Finding] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    _places: Places = field(default_factory=Places)

    async def keep(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set() and not self.findings:
            for package in ALWAYS:
                await self._despite_faults(package)
            self._compare_answers()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), EVERY_SECONDS)

    async def look_once_more(self) -> None:
        """Nothing disturbs any more: every database has to answer."""
        self._compare_answers()
        for package in ALWAYS:
            await self._visit(package)

    async def _despite_faults(self, package: str) -> None:
        try:
            await self._visit(package)
            self.looks[package] += not self.is_in_peace
        except AWAY as error:
            if not passes(error):
                raise

    async def _visit(self, package: str) -> None:
        async with asyncio.timeout(30):
            connection = await asyncpg.connect(self.target.database(package, Role.STAFF))
            try:
                await self._look(package, connection)
            finally:
                connection.terminate()

    async def _look(self, package: str, connection: asyncpg.Connection) -> None:
        """Each look is one statement, so that it sees one state."""
        for invariant in ALWAYS[package]:
            await self._judge(connection, invariant)
        if package == "order_intake":
            known = [one.order_id for one in self.ledger.acknowledged()]
            await self._judge(connection, ACKNOWLEDGED, known)
        await self._compare_places(package, connection)

    async def _judge(self, connection: asyncpg.Connection, invariant: Invariant, *values: object) -> None:
        verdict = await verdict_of(connection, invariant, *values)
        if verdict.broken:
            self._find(Finding(invariant, verdict.broken, verdict.first or ""))

    async def _compare_places(self, package: str, connection: asyncpg.Connection) -> None:
        for place in await self._places.moved_back(package, connection, self.losses):
            self._find(Finding(OFFSETS, 1, place))

    def _compare_answers(self) -> None:
        for text in self.ledger.contradictions()[:1]:
            self._find(Finding(ANSWERS, 1, text))

    def _find(self, finding: Finding) -> None:
        """Of an invariant the first that breaks it; the last look would find it again."""
        if finding.invariant not in [each.invariant for each in self.findings]:
            self.findings.append(finding)
