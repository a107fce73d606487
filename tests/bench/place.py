"""Placing alone: our endpoint beside the bare one, on the same PostgreSQL, turn by turn."""

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from statistics import median
from urllib.request import urlopen
from uuid import UUID

import asyncpg
from shared.key_rows import hash_of
from shared.key_upkeep import make_key_store
from shared.migrations import migrate
from shared.sealing import new_master_key
from shared.settings import KEYS_DATABASE
from shared.walls import Role, entered_as
from uuid_utils.compat import uuid7

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from tests.bench import interchange
from tests.bench.cpu import Cpu
from tests.bench.generator import Run, closed, open_loop, requests

SECRET = token_urlsafe(32)
KEY, OWN_KEY = f"bench.{SECRET}", f"own.{SECRET}"
"""The operator's, and one of the customer's own: its transactions see that customer's rows only."""
CUSTOMER, SKUS, CONNECTIONS = "BENCH", 100, 16
ROUNDS, ORDERS = 3, 4000
UNLIMITED = {"LSC_OPEN_ORDERS_PER_CUSTOMER": "0", "LSC_RATE_WRITE": "", "LSC_IN_FLIGHT_PER_KEY": "256", "LSC_LOG_LEVEL": "warning"}
"""All orders are of one customer, and none of them is ever delivered."""


@dataclass
class Server:
    port: int
    pid: int
    database: str


@contextmanager
def serving(folder: Path, name: str, command: list[str], url: str, settings: Mapping[str, str]) -> Iterator[Server]:
    """A process with one API, ready when it answers."""
    port = free_port()
    environment = os.environ | settings | {"DATABASE_URL": url, "LSC_OPERATOR_KEY": KEY, "LSC_PORT": str(port)} | UNLIMITED
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([*command, *(["--port", str(port)] if name == "bare" else [])], env=environment, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/{'docs' if name == 'bare' else 'readyz'}")
            yield Server(port, process.pid, url)
        finally:
            process.terminate()
            process.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer in 30 s.")


def measure(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """place_only and stored_rows of the report."""
    with Postgres(folder / "postgres") as server:
        urls = {name: _prepared(server, name) for name in ("order_intake", "bare")}
        server.create_database(KEYS_DATABASE)
        settings = {"LSC_KEYS_URL": server.url(KEYS_DATABASE), "LSC_MASTER_KEY": new_master_key("bench")}
        asyncio.run(make_key_store(settings["LSC_KEYS_URL"]))
        bare = [
            sys.executable,
            "-m",
            "uvicorn",
            "tests.bench.bare:build",
            "--factory",
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            "--no-access-log",
        ]
        with (
            serving(folder, "ours", [sys.executable, "-m", "order_intake", "--only", "api"], urls["order_intake"], settings) as ours,
            serving(folder, "bare", bare, _as(Role.STAFF, urls["bare"]), settings) as theirs,
        ):
            return asyncio.run(_measure(ours, theirs, server.pid or 0, rows))


def _prepared(server: Postgres, name: str) -> str:
    """The bare endpoint's tables and indexes are the same as ours."""
    server.create_service("order_intake", name)
    url = server.url(name, "order_intake")
    migrate("order_intake", _as(Role.OWNER, url))
    asyncio.run(_stock(_as(Role.STAFF, url)))
    return url


def _as(role: Role, url: str) -> str:
    return entered_as(url, "order_intake", role)


async def _stock(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO customers (customer_id, blocked, version) VALUES ($1, false, 1) ON CONFLICT DO NOTHING", CUSTOMER)
    skus = [f"SKU-{n}" for n in range(SKUS)]
    await connection.execute("INSERT INTO items (customer_id, sku) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING", CUSTOMER, skus)
    key = "INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes) VALUES ('own', $1, $2, ARRAY['orders:write'])"
    await connection.execute(key, hash_of(SECRET), CUSTOMER)
    await connection.close()


async def _measure(ours: Server, theirs: Server, postgres: int, rows: int) -> dict[str, dict[str, float]]:
    await _warm(ours, theirs)
    rounds = []
    costs: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        mine, spent = await _spending(ours, postgres, KEY)
        rounds.append((mine.per_second, (await _run(theirs, ORDERS)).per_second))
        _, by_customer = await _spending(ours, postgres, OWN_KEY)
        for name in ("api", "postgres"):
            costs[name].append(spent[name])
            costs[f"{name}_by_customers_key"].append(by_customer[name])
    per_second = median(mine for mine, _ in rounds)
    steady = await open_loop(ours.port, _requests(ORDERS), per_second / 2, CONNECTIONS)
    place = {
        "orders_per_second": round(per_second, 1),
        "bare_orders_per_second": round(median(bare for _, bare in rounds), 1),
        "ratio_to_bare": round(median(mine / bare for mine, bare in rounds), 3),
        "p50_ms": steady.percentile_ms(0.5),
        "p95_ms": steady.percentile_ms(0.95),
        "p99_ms": steady.percentile_ms(0.99),
    }
    place |= {f"cpu_ms_per_order_{name}": round(1000 * median(each) / ORDERS, 3) for name, each in costs.items()}
    place["bytes_per_order"] = await _bytes_per_order(ours)
    whole = await interchange.measure(ours.port, KEY, CUSTOMER, SKUS, partial(_per_second, ours), CONNECTIONS)
    return {"place_only": place, "interchange": whole, "stored_rows": await _stored(ours, postgres, rows)}


async def _warm(*servers: Server) -> None:
    for server in servers:
        await _run(server, 500)
        await _analyze(server.database)


async def _per_second(ours: Server, count: int, connections: int) -> float:
    return (await _run(ours, count, connections=connections)).per_second


async def _spending(ours: Server, postgres: int, key: str) -> tuple[Run, dict[str, float]]:
    cpu = Cpu({"api": ours.pid, "postgres": postgres})
    return await _run(ours, ORDERS, key), cpu.spent()


def _requests(count: int, key: str = KEY) -> list[bytes]:
    return list(requests(key, CUSTOMER, str(uuid7()), count, SKUS))


async def _run(server: Server, count: int, key: str = KEY, connections: int = CONNECTIONS) -> Run:
    run = await closed(server.port, _requests(count, key), connections)
    if run.bad:
        raise SystemExit(f"{len(run.bad)} of {count} orders were not placed, first: {run.bad[0]!r}")
    return run


async def _stored(ours: Server, postgres: int, rows: int) -> dict[str, float]:
    """What placing costs (CPU of API and PostgreSQL, and time) with `rows` orders stored, in units of what it costs with 10,000."""
    few = await _cost_with(ours, postgres, 10_000)
    many = await _cost_with(ours, postgres, rows)
    return {
        "rows": rows,
        "cpu_ms_per_order_10000": few[0],
        f"cpu_ms_per_order_{rows}": many[0],
        "cost_ratio": round(many[0] / few[0], 3),
        "time_ratio": round(many[1] / few[1], 3),
    }


async def _cost_with(ours: Server, postgres: int, rows: int) -> tuple[float, float]:
    await _fill(ours.database, rows)
    costs = []
    for _ in range(ROUNDS):
        cpu = Cpu({"api": ours.pid, "postgres": postgres})
        run = await _run(ours, ORDERS // 2)
        spent = cpu.spent()
        costs.append((1000 * (spent["api"] + spent["postgres"]) / (ORDERS // 2), run.seconds))
    return round(median(cpu for cpu, _ in costs), 3), median(seconds for _, seconds in costs)


async def _analyze(url: str) -> None:
    """As autovacuum does within the first minute."""
    connection = await asyncpg.connect(_as(Role.OWNER, url))
    await connection.execute("ANALYZE")
    await connection.close()


async def _fill(url: str, rows: int) -> None:
    """Copies of a placed order by COPY, which row security must not stand before, until so many orders are stored."""
    connection = await asyncpg.connect(_as(Role.OWNER, url))
    missing = rows - await connection.fetchval("SELECT count(*) FROM orders")
    [model] = await connection.fetch("SELECT * FROM orders ORDER BY order_id DESC LIMIT 1")
    ids = [uuid7() for _ in range(max(missing, 0))]
    await _copy(connection, "orders", [model], ids)
    for table in ("order_lines", "order_history"):
        await _copy(connection, table, await connection.fetch(f"SELECT * FROM {table} WHERE order_id = $1", model["order_id"]), ids)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT") if await connection.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    ) else None
    await connection.close()


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", table: str, models: list[asyncpg.Record], ids: list[UUID]) -> None:
    columns = [name for name in models[0].keys() if name != "entry_id"]  # noqa: SIM118 - a record is no mapping
    rows = (tuple(_changed(model, name, order_id) for name in columns) for order_id in ids for model in models)
    await connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    await connection.copy_records_to_table(table, columns=columns, records=rows)
    await connection.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _changed(model: asyncpg.Record, name: str, order_id: UUID) -> object:
    return order_id if name == "order_id" else str(order_id) if name == "customer_reference" else model[name]


async def _bytes_per_order(server: Server) -> float:
    connection = await asyncpg.connect(_as(Role.STAFF, server.database))
    size = await connection.fetchval(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    count = await connection.fetchval("SELECT count(*) FROM orders")
    await connection.close()
    return float(round(float(size) / float(count)))
