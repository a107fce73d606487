"""Looks for holes in the walls of a service's database: asks every enclosed table as a customer, and looks the rest up in the catalogue."""

from collections.abc import Sequence
from contextlib import suppress

import asyncpg
from shared.walls import Role, entered_as

MINE, THEIRS = "WALL-A", "WALL-B"

ENCLOSED = """
SELECT c.oid::regclass::text AS name, relrowsecurity AND relforcerowsecurity AS is_enclosed, relispartition AS is_leaf,
    ARRAY(SELECT format('%s: %s', policyname, qual) FROM pg_policies p WHERE p.tablename = c.relname ORDER BY policyname) AS policies,
    has_table_privilege($1, c.oid, 'SELECT') AS is_read
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attname = 'customer_id' AND NOT attisdropped
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
"""Every table with a customer_id, those of later migrations as well."""


async def holes(url: str, package: str, only: str | None = None) -> list[str]:
    """A sentence for each table that does not keep customers apart; `url` has the service's login and no role."""
    connection = await asyncpg.connect(entered_as(url, package, Role.OWNER))
    found: list[str] = []
    try:
        tables = await connection.fetch(ENCLOSED, Role.CUSTOMER.of(package))
        policies = {table["name"]: table["policies"] for table in tables}
        for table in [table for table in tables if only in (None, table["name"])]:
            if not table["is_enclosed"]:
                found.append(f"{table['name']} is not enclosed")
            if table["is_leaf"]:
                found += [] if table["policies"] == policies["outbox"] else [f"{table['name']} has not the walls of the ledger"]
                continue
            found += await _asked(connection, package, table["name"], is_read=table["is_read"])
    finally:
        await connection.close()
    return found


async def _asked(connection: asyncpg.Connection, package: str, table: str, *, is_read: bool) -> list[str]:
    """In a transaction that leaves nothing behind: a row of each customer, then what the customer MINE can see and do."""
    found: list[str] = []
    turn = connection.transaction()
    await turn.start()
    try:
        await _open_to_customers(connection, package, table, is_read=is_read)
        try:
            for customer in (MINE, THEIRS):
                await _insert(connection, table, customer)
        except asyncpg.InsufficientPrivilegeError:
            return [f"{table}: the owner may not write"]
        await connection.execute(f"SET LOCAL ROLE {Role.CUSTOMER.of(package)}")
        found += await _without_a_customer(connection, table)
        await connection.execute(f"SET LOCAL app.customer_id = '{MINE}'")
        if (seen := set(await _customers(connection, table))) != {MINE}:
            found.append(f"{table}: {MINE} sees rows of {sorted(map(str, seen))}")
        for rows, fault in (("WHERE customer_id = '{THEIRS}'", "changes rows of"), ("", "writes rows for")):
            if await _changes(connection, f"UPDATE {table} SET customer_id = '{THEIRS}' {rows.format(THEIRS=THEIRS)}"):
                found.append(f"{table}: {MINE} {fault} {THEIRS}")
    finally:
        await turn.rollback()
    return found


async def _open_to_customers(connection: asyncpg.Connection, package: str, table: str, *, is_read: bool) -> None:
    """The table is taken first: a vacuum that holds it would wait for the grants to be over, and what follows them for the vacuum."""
    await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    rights = "INSERT, UPDATE, DELETE" if is_read else "SELECT, INSERT, UPDATE, DELETE"
    await connection.execute(f"GRANT {rights} ON {table} TO {Role.CUSTOMER.of(package)}")


async def _without_a_customer(connection: asyncpg.Connection, table: str) -> list[str]:
    """An error, not all rows; a customer once set for a transaction is the empty text afterwards, which owns nothing."""
    inner = connection.transaction()
    await inner.start()
    seen: Sequence[object] = []
    with suppress(asyncpg.UndefinedObjectError):
        seen = await _customers(connection, table)
    await inner.rollback()
    return [f"{table}: rows are seen where no customer is set"] if seen else []


async def _changes(connection: asyncpg.Connection, statement: str) -> bool:
    inner = connection.transaction()
    await inner.start()
    try:
        return await connection.execute(statement) != "UPDATE 0"
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.UniqueViolationError:
        return True
    finally:
        await inner.rollback()


async def _customers(connection: asyncpg.Connection, table: str) -> list[str]:
    return [row[0] for row in await connection.fetch(f"SELECT DISTINCT customer_id FROM {table}")]


async def _insert(connection: asyncpg.Connection, table: str, customer: str) -> None:
    """A row that satisfies what the table asks of it; checks and foreign keys are another matter and are taken off."""
    checks = await connection.fetch(
        "SELECT conrelid::regclass::text AS owner, conname FROM pg_constraint"
        " WHERE conrelid = $1::regclass AND contype IN ('c', 'f') AND conparentid = 0 AND coninhcount = 0",
        table,
    )
    for check in checks:
        await connection.execute(f"ALTER TABLE {check['owner']} DROP CONSTRAINT {check['conname']} CASCADE")
    columns = await connection.fetch(
        "SELECT attname, format_type(atttypid, NULL) AS kind FROM pg_attribute"
        " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'customer_id'"
        " AND attnotnull AND NOT atthasdef AND attidentity = ''",
        table,
    )
    values = [f"'{customer}'", *(_value(column["kind"], customer) for column in columns)]
    names = ", ".join(["customer_id", *(column["attname"] for column in columns)])
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(values)})")


def _value(kind: str, customer: str) -> str:
    if kind.endswith("[]"):
        return "'{}'"
    number = {MINE: 1, THEIRS: 2}[customer]
    return {
        "uuid": f"'00000000-0000-0000-0000-00000000000{number}'",
        "text": f"'{customer}'",
        "bytea": f"'{customer}'",
        "boolean": "false",
        "jsonb": "'{}'",
        "timestamp with time zone": f"now() + interval '{number} s'",
    }.get(kind, str(number))
