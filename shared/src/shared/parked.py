"""`python -m <service> parked list|replay|discard kind/id`: what a handler refused, and what waits behind it."""

from rich.console import Console
from rich.table import Table

from shared import progress
from shared.applying import Batch
from shared.audit.console import record_command
from shared.crash import crash_point
from shared.database import Pool, Transaction, open_pool, transaction
from shared.gate import Verdict, judge
from shared.plain import line, printed
from shared.registry import Handlers
from shared.service import Service
from shared.settings import Settings
from shared.walls import Role

_BECAUSE = "SELECT coalesce(parked_because, '') FROM progress WHERE consumer = $1 AND aggregate = $2"
_DISCARDED = "is discarded; a replay applies what waits behind it."


async def operate(service: Service, settings: Settings, action: str, aggregate: str | None) -> None:
    pool = await open_pool(settings.database(service.package, Role.WORKER), 2)
    console = Console()
    try:
        if action == "list":
            console.print(await _table(pool, service.name))
        elif aggregate is None:
            console.print(f"Say which: python -m {service.package} parked {action} kind/id", markup=False)
        elif action == "replay":
            console.print(printed(await replay(pool, service.name, service.handlers, aggregate)))
        else:
            console.print(printed(await discard(pool, service.name, aggregate)))
    finally:
        await pool.close()


async def _table(pool: Pool, consumer: str) -> Table:
    rows = await pool.fetch(
        "SELECT p.aggregate, p.version, p.parked_at, p.parked_because,"
        " (SELECT count(*) FROM waiting w WHERE w.consumer = p.consumer AND w.aggregate = p.aggregate) AS waits"
        " FROM progress p WHERE consumer = $1 AND parked_at IS NOT NULL ORDER BY parked_at LIMIT 200",
        consumer,
    )
    table = Table("aggregate", "applied up to", "parked at", "events waiting", "because", title=f"Parked in {consumer}")
    for row in rows:
        table.add_row(
            printed(row["aggregate"]),
            str(row["version"]),
            f"{row['parked_at']:%Y-%m-%d %H:%M:%S}",
            str(row["waits"]),
            printed(line(row["parked_because"])[:120]),
        )
    return table


async def replay(pool: Pool, consumer: str, handlers: Handlers, aggregate: str) -> str:
    """Apply what waits, in order, in one transaction; what is refused again stays parked, and the rest behind it."""
    async with transaction(pool) as tx:
        verdict = await _released(tx, consumer, aggregate)
        batch = Batch(tx, consumer, handlers, careful=True)
        await batch.run(verdict)
        await record_command(tx, "parked replay", aggregate)
        crash_point("parked.replayed")
    if batch.refused:
        return f"{aggregate} is parked again at version {batch.refused[0].envelope.version}: {batch.refused[0].reason}"
    return f"{aggregate}: {len(verdict.apply)} events applied, nothing waits behind them."


async def discard(pool: Pool, consumer: str, aggregate: str) -> str:
    """Give up the refused event alone; what waits behind it is applied by a replay."""
    async with transaction(pool) as tx:
        standing = (await progress.standings(tx, consumer, [aggregate]))[aggregate]
        if not standing.parked:
            return f"{aggregate} is not parked in {consumer}: nothing of it was refused."
        if (await tx.fetchval(_BECAUSE, consumer, aggregate)).endswith(_DISCARDED):
            return f"What was refused of {aggregate} is discarded already. Now: parked replay {aggregate}"
        refused = standing.version + 1
        await progress.forget(tx, consumer, [(aggregate, refused)])
        await progress.advance(tx, consumer, {aggregate: refused})
        await progress.park(tx, consumer, {aggregate: f"Version {refused} {_DISCARDED}"})
        await record_command(tx, "parked discard", aggregate)
        crash_point("parked.discarded")
    return f"{aggregate}: version {refused} is discarded. Now: parked replay {aggregate}"


async def _released(tx: Transaction, consumer: str, aggregate: str) -> Verdict:
    standings = await progress.standings(tx, consumer, [aggregate])
    await progress.unpark(tx, consumer, aggregate)
    standings[aggregate].parked = False
    waiting = await progress.stored(tx, consumer, [aggregate])
    verdict = judge(standings, [], waiting)
    verdict.drained = [(each.aggregate, each.version) for each in verdict.apply]
    verdict.store = []
    return verdict
