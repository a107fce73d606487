"""Who sees which rows: PostgreSQL's row security, by the role that a connection has from its first moment.

Every table with a `customer_id` is enclosed. Staff, worker and owner see all rows, a customer those of its own, and no role, not even
the owner, passes by the policies. What customers do not need they have no right to at all.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache

OF_THE_CUSTOMER = "customer_id = (SELECT current_setting('app.customer_id'))"
"""An error, not all rows, where no customer was set. Asked once a statement, and unknown to the planner: a plan is made for the
customer who comes first and serves all who come later, so it must not depend on how many rows the first one has."""


class Role(StrEnum):
    """As whom a process connects to its service's database; PostgreSQL's role is `<package>_<role>`."""

    CUSTOMER = "customer"
    STAFF = "staff"
    WORKER = "worker"
    OWNER = "owner"

    def of(self, package: str) -> str:
        return f"{package}_{self}"


def entered_as(url: str, package: str, role: Role) -> str:
    """The address with the role as PostgreSQL takes it at the start of a connection; so a pool has one role, and its plans as well."""
    return f"{url}{'&' if '?' in url else '?'}role={role.of(package)}"


def limited_to(customer_id: str) -> str:
    """The statement that opens a transaction for one customer, in one round trip."""
    return f"BEGIN; SET LOCAL app.customer_id = {_quoted(customer_id)}"


@cache
def limited_select(select: str, parameters: int) -> str:
    """The select as a transaction of its own for one customer, who is its last parameter.

    The condition has neither columns nor a row to wait for: PostgreSQL looks at it once, before anything else of the statement. Were
    it ever later, the policies would find no customer and show nothing.
    """
    return f"SELECT seen.* FROM ({select}) AS seen WHERE ({_limiting(parameters + 1)}) IS NOT NULL"


@cache
def limited_ending(ending: str, parameters: int) -> str:
    """The same for what ends with an empty SELECT below its inserts, which run when that is done; policies refuse what comes earlier."""
    return ending.removesuffix("SELECT") + _limiting(parameters + 1)


def _limiting(parameter: int) -> str:
    return f"SELECT set_config('app.customer_id', ${parameter}, true)"


def _quoted(text: str) -> str:
    """A literal, whatever stands in it; NUL is refused by the connection."""
    return "'" + text.replace("'", "''") + "'"


def enclose(package: str, tables: Iterable[str]) -> list[str]:
    """The statements that give each table its two policies."""
    everyone = ", ".join(role.of(package) for role in (Role.STAFF, Role.WORKER, Role.OWNER))
    return [
        statement
        for table in tables
        for statement in (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY customer ON {table} TO {Role.CUSTOMER.of(package)} USING ({OF_THE_CUSTOMER})",
            f"CREATE POLICY everyone ON {table} TO {everyone} USING (true)",
        )
    ]


def open_to_serving(package: str) -> list[str]:
    """Staff and worker may read and write every table, those of later migrations as well; the version of the tables everybody reads."""
    serving = f"{Role.STAFF.of(package)}, {Role.WORKER.of(package)}"
    rights = "SELECT, INSERT, UPDATE, DELETE"
    return [
        f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {serving}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {serving}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON TABLES TO {serving}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {serving}",
    ]


def open_to_customers(package: str, rights: Mapping[str, str]) -> list[str]:
    """`rights` by table, such as `SELECT, INSERT`: what a customer's calls need, and nothing else."""
    return [f"GRANT {right} ON {table} TO {Role.CUSTOMER.of(package)}" for table, right in rights.items()]


SAYING: Mapping[str, str] = {
    "outbox": "INSERT, SELECT (id, created_at)",
    "outbox_pending": "INSERT",
    "timers": "INSERT",
    "idempotency_keys": "SELECT, INSERT",
}
"""What every change needs: say it, remember when to look again, keep the answer."""


def let_customers_say(package: str) -> list[str]:
    who = Role.CUSTOMER.of(package)
    return [*open_to_customers(package, SAYING), f"GRANT USAGE ON SEQUENCE outbox_id_seq, timers_id_seq TO {who}"]
