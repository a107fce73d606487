"""The tables of the plumbing, and crm's own."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE outbox_id_seq AS bigint CACHE 1")
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'resolved') = (num_nulls(resolved_at, cause, remedy) = 0)", name="cases_resolved_whole"),
        sa.CheckConstraint("status IN ('new', 'resolved')", name="cases_status"),
        sa.CheckConstraint("line_no IS NULL OR order_id IS NOT NULL", name="cases_line_of_order"),
        sa.PrimaryKeyConstraint("case_id"),
        sa.UniqueConstraint("customer_id", "reference", name="cases_reference"),
    )
    op.create_index("cases_by_contact", "cases", ["customer_id", "contacted_at"], unique=False)
    op.create_index("cases_by_customer", "cases", ["customer_id", "case_id"], unique=False)
    op.create_index("cases_by_kind", "cases", ["kind", "case_id"], unique=False)
    op.create_index("cases_by_order", "cases", ["order_id", "case_id"], unique=False)
    op.create_index("cases_by_status", "cases", ["status", "case_id"], unique=False)
    op.create_index("cases_open", "cases", ["customer_id", "received_at"], unique=False, postgresql_where="resolved_at IS NULL")
    op.create_table(
        "consumer_offsets",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("last_event_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition"),
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key"),
    )
    op.create_index("idempotency_keys_age", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "items",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "sku"),
        comment="Read model of inventory's items: what a sku is called.",
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("customer_reference", sa.Text(), nullable=True),
        sa.Column("line_nos", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("promised_latest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id"),
        comment="Read model of order-intake's orders.",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "orders_open", "orders", ["customer_id", "promised_latest", "order_id"], unique=False, postgresql_where="ended_at IS NULL"
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('outbox_id_seq')"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.UUID(), nullable=False),
        sa.Column("causation_id", sa.UUID(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(body) <= 262144", name="outbox_body_fits"),
        sa.PrimaryKeyConstraint("created_at", "id", name="outbox_pkey"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_table(
        "outbox_pending",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_table(
        "progress",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("consumer", "aggregate"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("progress_parked", "progress", ["consumer", "parked_at"], unique=False, postgresql_where="parked_at IS NOT NULL")
    op.create_table(
        "relay_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "stockouts",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.Column("is_over", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
        comment="One row an order that ever waited for stock, or was cancelled or rejected; case_id is its latest stockout case.",
    )
    op.create_table(
        "timeline",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "at", "event_id"),
    )
    op.create_index("timeline_by_order", "timeline", ["order_id"], unique=False, postgresql_where="order_id IS NOT NULL")
    op.create_table(
        "timers",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("timers_due", "timers", ["due_at"], unique=False)
    op.create_table(
        "waiting",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "aggregate", "version"),
    )


def downgrade() -> None:
    op.drop_table("waiting")
    op.drop_table("timers")
    op.drop_table("timeline")
    op.drop_table("stockouts")
    op.drop_table("relay_lease")
    op.drop_table("progress")
    op.drop_table("outbox_pending")
    op.drop_table("outbox")
    op.execute("DROP SEQUENCE outbox_id_seq")
    op.drop_table("orders")
    op.drop_table("items")
    op.drop_table("idempotency_keys")
    op.drop_table("customers")
    op.drop_table("consumer_offsets")
    op.drop_table("cases")
    op.drop_table("api_keys")
