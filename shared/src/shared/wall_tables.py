"""The walls as the second migration of every service makes them, around the tables that the first one made."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from shared.walls import OF_THE_CUSTOMER, Role, enclose, let_customers_say, open_to_customers, open_to_serving

PLUMBING = ("api_keys", "idempotency_keys", "outbox")


def raise_walls(package: str, own: Sequence[str], customers_may: Mapping[str, str]) -> None:
    """Enclose the plumbing and the service's `own` tables, and give every role its rights."""
    op.add_column("idempotency_keys", sa.Column("customer_id", sa.Text()))
    rights = (*open_to_serving(package), *let_customers_say(package), *open_to_customers(package, customers_may))
    for statement in (*rights, *enclose(package, (*PLUMBING, *_leaves(), *own))):
        op.execute(statement)


def tear_down(package: str, own: Sequence[str]) -> None:
    serving = ", ".join(role.of(package) for role in (Role.STAFF, Role.WORKER, Role.CUSTOMER))
    for table in (*PLUMBING, *_leaves(), *own):
        op.execute(f"DROP POLICY customer ON {table}")
        op.execute(f"DROP POLICY everyone ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for kind in ("TABLES", "SEQUENCES"):
        op.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {serving}")
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {kind} FROM {serving}")
    op.drop_column("idempotency_keys", "customer_id")


def renew_walls() -> None:
    """Every customers' policy as `enclose` makes it today."""
    tables = op.get_bind().execute(sa.text("SELECT tablename FROM pg_policies WHERE policyname = 'customer'")).scalars()
    for table in list(tables):
        op.execute(f"ALTER POLICY customer ON {table} USING ({OF_THE_CUSTOMER})")


def name_customers(children: Mapping[str, tuple[str, str]]) -> None:
    """Give rows below a thing the customer of the thing: `children` maps a table to its parent and the column that leads there."""
    for table, (parent, column) in children.items():
        op.add_column(table, sa.Column("customer_id", sa.Text()))
        op.execute(f"UPDATE {table} AS c SET customer_id = p.customer_id FROM {parent} AS p WHERE p.{column} = c.{column}")
        op.alter_column(table, "customer_id", nullable=False)


def forget_customers(children: Iterable[str]) -> None:
    for table in children:
        op.drop_column(table, "customer_id")


def _leaves() -> list[str]:
    """Of a ledger that was in use before."""
    found = op.get_bind().execute(sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'outbox'::regclass"))
    return list(found.scalars())
