"""Who may call: the same table in every service, filled by what crm says about keys, and by LSC_OPERATOR_KEY."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, LargeBinary, MetaData, Table, Text, false, text
from sqlalchemy.dialects.postgresql import ARRAY

INSTANT = DateTime(timezone=True)
THIS_TRANSACTION = "pg_current_xact_id()::text::bigint"


def add_keys(metadata: MetaData) -> Table:
    """A revoked key stays as a row. `changed_in` is the transaction of the last change, by which the copies in memory find what is new."""
    return Table(
        "api_keys",
        metadata,
        Column("key_id", Text, primary_key=True),
        Column("secret_hash", LargeBinary, nullable=False),
        Column("customer_id", Text),
        Column("scopes", ARRAY(Text), nullable=False),
        Column("expires_at", INSTANT),
        Column("from_settings", Boolean, nullable=False, server_default=false()),
        Column("issued_at", INSTANT),
        Column("revoked_at", INSTANT),
        Column("last_used_at", INSTANT),
        Column("changed_in", BigInteger, nullable=False, server_default=text(THIS_TRANSACTION)),
        CheckConstraint("NOT from_settings OR customer_id IS NULL", name="api_keys_from_settings_are_staff"),
        Index("api_keys_changed", "changed_in"),
        Index("api_keys_by_customer", "customer_id", "key_id"),
        postgresql_with={"fillfactor": "80"},
    )


def change() -> None:
    """The migration of every service: keys can be revoked, and are found by their last change."""
    op.add_column("api_keys", Column("from_settings", Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("api_keys", Column("issued_at", INSTANT))
    op.add_column("api_keys", Column("revoked_at", INSTANT))
    op.add_column("api_keys", Column("last_used_at", INSTANT))
    op.add_column("api_keys", Column("changed_in", BigInteger(), server_default=sa.text(THIS_TRANSACTION), nullable=False))
    op.execute("UPDATE api_keys SET from_settings = true WHERE customer_id IS NULL")
    op.create_check_constraint("api_keys_from_settings_are_staff", "api_keys", "NOT from_settings OR customer_id IS NULL")
    op.create_index("api_keys_changed", "api_keys", ["changed_in"])
    op.create_index("api_keys_by_customer", "api_keys", ["customer_id", "key_id"])
    op.execute("ALTER TABLE api_keys SET (fillfactor = 80)")


def change_back() -> None:
    op.execute("DELETE FROM api_keys WHERE revoked_at IS NOT NULL")
    op.drop_index("api_keys_by_customer", "api_keys")
    op.drop_index("api_keys_changed", "api_keys")
    op.drop_constraint("api_keys_from_settings_are_staff", "api_keys")
    for name in ("from_settings", "issued_at", "revoked_at", "last_used_at", "changed_in"):
        op.drop_column("api_keys", name)
    op.execute("ALTER TABLE api_keys RESET (fillfactor)")
