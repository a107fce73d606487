"""Watches the system from outside, by SQL: how far the orders are, and whether anything is still on its way."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import asyncpg
from shared.walls import Role

from deploy.local.demo.target import Target, subscriptions

MOVING = ("received", "confirmed", "allocated", "released", "picking", "packed", "shipped")
"""Orders that somebody still has to do something for; the others have come to an end, or wait for stock."""


def moving(statuses: Mapping[str, int]) -> int:
    return sum(count for status, count in statuses.items() if status in MOVING)


@dataclass(frozen=True)
class Rest:
    """What keeps the system from being at rest, by name; empty = at rest."""

    left: dict[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.left.items()) or "at rest"


class Board:
    """`async with Board(target) as board:` - one connection a database."""

    counted = "SELECT coalesce(sum(version), 0)::bigint FROM progress"
    """How many events a service has applied."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._databases: dict[str, asyncpg.Pool] = {}
        self._subscriptions = subscriptions(target)

    async def __aenter__(self) -> Self:
        for package in self._target.packages:
            self._databases[package] = await asyncpg.create_pool(self._target.database(package, Role.STAFF), min_size=0, max_size=1)
        return self

    async def __aexit__(self, *_: object) -> None:
        for pool in self._databases.values():
            await pool.close()

    async def statuses(self) -> dict[str, int]:
        """How many orders there are in each status."""
        rows = await self._databases["order_intake"].fetch("SELECT status, count(*) FROM orders GROUP BY status")
        return {row[0]: row[1] for row in rows}

    async def news_travels(self) -> bool:
        """Is any event not yet sent, or sent and not yet applied by a service that has to hear it?"""
        return bool((await self._news()).left)

    async def rest(self) -> Rest:
        left = {f"orders {status}": count for status, count in (await self.statuses()).items() if status in MOVING}
        left["open picks"] = await self._count("inventory", "SELECT count(*) FROM picks WHERE status = 'open'")
        left["open shipments"] = await self._count(
            "dispatch", "SELECT count(*) FROM shipments WHERE status NOT IN ('delivered', 'cancelled')"
        )
        for package in self._target.packages:
            left[f"timers soon due in {package}"] = await self._count(package, _SOON_DUE)
        return Rest({what: count for what, count in (left | (await self._news()).left).items() if count})

    async def seconds_until_due(self, patience: float) -> float:
        """Until the last promise falls due; promises beyond the patience are not waited for."""
        sql = (
            "SELECT coalesce(extract(epoch FROM max(promised_latest) - now()), 0)::float FROM orders"
            " WHERE promised_latest BETWEEN now() AND now() + make_interval(secs => $1)"
        )
        return float(await self._databases["order_intake"].fetchval(sql, patience))

    async def _news(self) -> Rest:
        """Every event that a service has to hear raises one version in its `progress` by one: so sums tell what is unheard."""
        left: dict[str, int] = {}
        said: Counter[str] = Counter()
        heard: dict[str, int] = {}
        for package, pool in self._databases.items():
            left[f"events waiting in {package}"] = await self._count(package, "SELECT count(*) FROM outbox_pending")
            said.update({row[0]: row[1] for row in await pool.fetch("SELECT topic, count(*) FROM outbox GROUP BY topic")})
            heard[package] = await self._count(package, self.counted)
        for package, topics in self._subscriptions.items():
            left[f"events unheard in {package}"] = sum(said[topic] for topic in topics) - heard[package]
        return Rest({what: count for what, count in left.items() if count})

    async def _count(self, package: str, sql: str) -> int:
        return int(await self._databases[package].fetchval(sql))


_SOON_DUE = "SELECT count(*) FROM timers WHERE due_at < now() + interval '1 minute'"
"""Whoever looks at everything needs a while, in which no timer may fire."""
