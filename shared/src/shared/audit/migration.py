"""The audit's tables as a migration of every service makes them. They never change here: a change is a migration in each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.walls import Role, enclose

_ADD_ONLY = """
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$
"""


_SAID = "caller, customer_id, kind, action, subject, items, things, status, client, correlation_id"
"""What a process may say; number and time of an entry are the database's."""


def create(package: str) -> None:
    _entries()
    _seals()
    op.execute(_ADD_ONLY)
    for table in ("audit", "audit_seals"):
        guarded = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        op.execute(f"CREATE TRIGGER only_grows {guarded} FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER only_grows")
    for statement in (*enclose(package, ["audit"]), *_rights(package)):
        op.execute(statement)


def _rights(package: str) -> tuple[str, ...]:
    """Whoever serves may add entries and, except customers, read them; only the worker seals."""
    staff, worker, customer = (role.of(package) for role in (Role.STAFF, Role.WORKER, Role.CUSTOMER))
    return (
        f"REVOKE ALL ON audit, audit_seals FROM {staff}, {worker}",
        f"GRANT INSERT ({_SAID}) ON audit TO {staff}, {worker}, {customer}",
        f"GRANT SELECT ON audit, audit_seals TO {staff}, {worker}",
        f"GRANT INSERT ON audit_seals TO {worker}",
    )


def _entries() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("items", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("things", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.UUID(), nullable=False),
        sa.CheckConstraint("kind IN ('staff', 'customer', 'console')", name="audit_kind"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_by_caller", "audit", ["caller", "at"])
    op.create_index("audit_by_action", "audit", ["action", "at"])
    op.create_index("audit_by_subject", "audit", ["subject"])
    op.create_index("audit_by_item", "audit", ["items"], postgresql_using="gin", postgresql_where="items IS NOT NULL")
    op.create_index("audit_by_correlation", "audit", ["correlation_id"])


def _seals() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("top", sa.BigInteger(), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("row_hashes", sa.LargeBinary(), nullable=False),
        sa.Column("awaited", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("awaited_since", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(row_hashes) = 32 * cardinality(ids) AND octet_length(hash) = 32", name="audit_seals_whole"),
        sa.PrimaryKeyConstraint("position"),
    )


def drop() -> None:
    op.drop_table("audit_seals")
    op.drop_table("audit")
    op.execute("DROP FUNCTION audit_only_grows()")
