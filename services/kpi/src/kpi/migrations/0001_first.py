"""The tables of the plumbing, and kpi's own."""

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
        "case_facts",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case_id"),
        comment="One row a case.",
    )
    op.create_index("case_facts_by_order", "case_facts", ["order_id"], unique=False, postgresql_where=sa.text("order_id IS NOT NULL"))
    op.create_index("case_facts_received", "case_facts", ["received_at", "case_id"], unique=False)
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
        "line_facts",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("ordered", sa.BigInteger(), nullable=True),
        sa.Column("first_demanded", sa.BigInteger(), nullable=True),
        sa.Column("first_available", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("advised", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("accepted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("damaged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lost", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warehouses", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("carriers", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line_no"),
        comment="One row a line of an order; first_demanded and first_available are null where the first allocation had all of it.",
    )
    op.create_index(
        "line_facts_delivered",
        "line_facts",
        ["delivered_at", "order_id", "line_no"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
    op.create_table(
        "order_facts",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("consignee_code", sa.Text(), nullable=True),
        sa.Column("service_level", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_earliest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_latest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_allocated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handovers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deliveries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("signed_deliveries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warehouses", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("carriers", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
        comment="One row an order: what is known of its way, in any order of hearing it.",
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "order_facts_allocated",
        "order_facts",
        ["first_allocated_at", "order_id"],
        unique=False,
        postgresql_where=sa.text("first_allocated_at IS NOT NULL"),
    )
    op.create_index(
        "order_facts_delivered",
        "order_facts",
        ["delivered_at", "order_id"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
    op.create_index(
        "order_facts_ended", "order_facts", [sa.literal_column("COALESCE(delivered_at, promised_latest)"), "order_id"], unique=False
    )
    op.create_index(
        "order_facts_promised",
        "order_facts",
        ["promised_latest", "order_id"],
        unique=False,
        postgresql_where=sa.text("promised_latest IS NOT NULL"),
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
    op.drop_index("timers_due", table_name="timers")
    op.drop_table("timers")
    op.drop_table("relay_lease")
    op.drop_index("progress_parked", table_name="progress", postgresql_where="parked_at IS NOT NULL")
    op.drop_table("progress")
    op.drop_table("outbox_pending")
    op.drop_table("outbox")
    op.drop_index("order_facts_promised", table_name="order_facts", postgresql_where=sa.text("promised_latest IS NOT NULL"))
    op.drop_index("order_facts_ended", table_name="order_facts")
    op.drop_index("order_facts_delivered", table_name="order_facts", postgresql_where=sa.text("delivered_at IS NOT NULL"))
    op.drop_index("order_facts_allocated", table_name="order_facts", postgresql_where=sa.text("first_allocated_at IS NOT NULL"))
    op.drop_table("order_facts")
    op.drop_index("line_facts_delivered", table_name="line_facts", postgresql_where=sa.text("delivered_at IS NOT NULL"))
    op.drop_table("line_facts")
    op.drop_index("idempotency_keys_age", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("consumer_offsets")
    op.drop_index("case_facts_received", table_name="case_facts")
    op.drop_index("case_facts_by_order", table_name="case_facts", postgresql_where=sa.text("order_id IS NOT NULL"))
    op.drop_table("case_facts")
    op.drop_table("api_keys")
    op.execute("DROP SEQUENCE outbox_id_seq")
