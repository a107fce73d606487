"""`python -m crm keys`: keys without a key, for the first one of an installation; works on the database, as the API does."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError
from shared.audit.console import record_command
from shared.auth import Caller
from shared.batches import only
from shared.command_line import Command
from shared.crash import crash_point
from shared.database import Transaction, open_pool, transaction
from shared.errors import DomainError, InvalidInput
from shared.roles import StaffRole
from shared.scopes import EVERYTHING
from shared.settings import Duration, Settings
from shared.walls import Role

from crm.commands.keys import issue_keys, revoke_keys
from crm.errors import KeyNotFound
from crm.granting import Wanted
from crm.key_schemas import NewKey, NewStaffKey

INSTALLER = Caller("installer", None, frozenset({EVERYTHING}))
"""Whoever may write into the database may hand out any key."""
_OWNER = "SELECT customer_id FROM api_keys WHERE key_id = $1"
_LIST = """
SELECT key_id, coalesce(k.customer_id, '(staff)') AS owner, coalesce(role, array_to_string(scopes, ',')) AS may, label,
       issued_at, expires_at, revoked_at, last_used_at
FROM api_keys k LEFT JOIN issued_keys USING (key_id) WHERE key_id > $1 AND ($2::text IS NULL OR k.customer_id = $2)
ORDER BY key_id LIMIT 1000
"""


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    issue = actions.add_parser("issue", help="make a key and print it, this once")
    owner = issue.add_mutually_exclusive_group(required=True)
    owner.add_argument("--role", choices=[str(role) for role in StaffRole], help="a key of staff, with the scopes of this role")
    owner.add_argument("--customer", help="a key of this customer; needs --scopes")
    issue.add_argument("--scopes", help="such as orders:read,orders:write")
    issue.add_argument("--label", help="what it is for")
    issue.add_argument("--expires-in", help="such as 90d; without it the key is good until it is revoked")
    listed = actions.add_parser("list", help="all keys, a line each")
    listed.add_argument("--customer", help="only this customer's")
    actions.add_parser("revoke", help="take a key away").add_argument("key_id")


async def _run(settings: Settings, chosen: Namespace) -> None:
    try:
        match chosen.action:
            case "issue":
                await _issue(settings, chosen)
            case "list":
                await _list(settings, chosen.customer)
            case _:
                await _revoke(settings, chosen.key_id)
    except ValidationError as wrong:
        sys.exit("\n".join(f"{each['loc'][0]}: {each['msg'].removeprefix('Value error, ')}" for each in wrong.errors()))
    except DomainError as refused:
        sys.exit(refused.detail)


async def _issue(settings: Settings, chosen: Namespace) -> None:
    wanted = _wanted(chosen)
    async with _transaction(settings) as tx:
        made = only(await issue_keys(tx, INSTALLER, [wanted])).value
        await record_command(tx, "keys issue", _path(wanted.customer_id, made.key_id))
    _say(made.key)
    whose = f"customer {wanted.customer_id}" if wanted.customer_id else f"staff ({wanted.role})"
    until = f" until {wanted.expires_at:%Y-%m-%d %H:%M} UTC" if wanted.expires_at else ""
    _note(f"The key {made.key_id} of {whose} is good{until} for: {' '.join(sorted(wanted.scopes))}.")
    _note("It is shown this once, only its hash is kept. A caller sends the header `Authorization: Bearer` and the line above.")
    _note("crm knows it within 2 s, the other services within 5 s while crm's worker runs.")


def _wanted(chosen: Namespace) -> Wanted:
    label, expires_at = chosen.label, _expiry(chosen.expires_in)
    if chosen.role:
        staff = NewStaffKey(role=StaffRole(chosen.role), label=label, expires_at=expires_at)
        return Wanted.of_staff(staff.role, staff.expires_at, staff.label)
    new = NewKey(scopes=(chosen.scopes or "").split(",") if chosen.scopes else [], label=label, expires_at=expires_at)
    return Wanted(chosen.customer, frozenset(new.scopes), new.expires_at, new.label)


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.now(UTC) + TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        raise InvalidInput(f"--expires-in is written like 12h or 90d, not {text}.") from None


async def _list(settings: Settings, customer_id: str | None) -> None:
    _say("\t".join(("key_id", "owner", "may", "label", "issued", "expires", "revoked", "used in crm")))
    async with _transaction(settings) as tx:
        last = ""
        while rows := await tx.fetch(_LIST, last, customer_id):
            for row in rows:
                _say("\t".join(f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value or "-" for value in row))
            last = rows[-1]["key_id"]


async def _revoke(settings: Settings, key_id: str) -> None:
    async with _transaction(settings) as tx:
        found = await tx.fetchrow(_OWNER, key_id)
        if found is None:
            raise KeyNotFound(key_id)
        done = only(await revoke_keys(tx, [(key_id, found["customer_id"])]))
        await record_command(tx, "keys revoke", _path(found["customer_id"], key_id))
    _note("It is revoked: dead within 5 s while crm's worker runs." if done.created else "It was revoked before.")


def _path(customer_id: str | None, key_id: str) -> str:
    """Where the API shows the key."""
    return f"/customers/{customer_id}/keys/{key_id}" if customer_id else f"/keys/{key_id}"


@asynccontextmanager
async def _transaction(settings: Settings) -> AsyncIterator[Transaction]:
    pool = await open_pool(settings.database("crm", Role.STAFF), 1)
    try:
        async with transaction(pool) as tx:
            yield tx
            crash_point("keys_command.done")
    finally:
        await pool.close()


def _say(line: str) -> None:
    print(line)  # noqa: T201 - a command's answer


def _note(line: str) -> None:
    """Beside the answer, so that `KEY=$(...)` takes the key alone."""
    print(line, file=sys.stderr)  # noqa: T201 - a command's answer


KEYS = Command("keys", "issue, list and revoke keys of customers and staff", _arguments, _run)
