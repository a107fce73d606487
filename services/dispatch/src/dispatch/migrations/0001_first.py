"""The plumbing's tables, and those of carriers, vehicles, shipments and deliveries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
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
        "carriers",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
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
        "orders",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("cancellation", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cancellation IN ('cancelled', 'refused')", name="orders_cancellation_known"),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.execute(sa.schema.CreateSequence(sa.Sequence("outbox_id_seq", data_type=sa.BigInteger(), cache=1)))
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
        "packed_ahead",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("packed", sa.Integer(), nullable=False),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "release_no", "warehouse", "line_no"),
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
        "shipments",
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("consignee_code", sa.Text(), nullable=True),
        sa.Column("ship_to_key_id", sa.Text(), nullable=True),
        sa.Column("ship_to_sealed", sa.Text(), nullable=False),
        sa.Column("promised_earliest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised_latest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_said", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(delivered_at IS NOT NULL) = (status = 'delivered')", name="shipments_delivered"),
        sa.CheckConstraint("(handed_over_at IS NOT NULL) = (status IN ('handed_over', 'delivered'))", name="shipments_handed_over"),
        sa.CheckConstraint("status IN ('planned', 'assigned', 'handed_over', 'delivered', 'cancelled')", name="shipments_status_known"),
        sa.CheckConstraint(
            "status IN ('planned', 'cancelled') OR (carrier IS NOT NULL AND vehicle IS NOT NULL)", name="shipments_assigned"
        ),
        sa.PrimaryKeyConstraint("shipment_id"),
        sa.UniqueConstraint("order_id", "release_no", "warehouse", name="shipments_once"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("shipments_by_status", "shipments", ["status", "shipment_id"], unique=False)
    op.create_index("shipments_by_warehouse", "shipments", ["warehouse", "shipment_id"], unique=False)
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
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.UUID(), nullable=False),
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('delivered', 'failed')", name="deliveries_outcome_known"),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipments.shipment_id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id"),
        sa.UniqueConstraint("shipment_id", "delivered_at", name="deliveries_once"),
    )
    op.create_index("deliveries_delivered", "deliveries", ["shipment_id"], unique=True, postgresql_where="outcome = 'delivered'")
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("packed", sa.Integer(), nullable=False),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("damaged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("short", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("accepted + damaged + short IN (0, packed)", name="shipment_lines_add_up"),
        sa.CheckConstraint("accepted >= 0 AND damaged >= 0 AND short >= 0", name="shipment_lines_counted"),
        sa.CheckConstraint("missing >= 0 AND packed >= 0 AND missing + packed <= quantity", name="shipment_lines_within_plan"),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipments.shipment_id"],
        ),
        sa.PrimaryKeyConstraint("shipment_id", "line_no"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "vehicles",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("capacity_kg", sa.Float(), nullable=True),
        sa.Column("capacity_l", sa.Float(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["carrier"],
            ["carriers.code"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("vehicles_of_carrier", "vehicles", ["carrier", "code"], unique=False)


def downgrade() -> None:
    op.drop_index("vehicles_of_carrier", table_name="vehicles")
    op.drop_table("vehicles")
    op.drop_table("shipment_lines")
    op.drop_index("deliveries_delivered", table_name="deliveries", postgresql_where="outcome = 'delivered'")
    op.drop_table("deliveries")
    op.drop_table("waiting")
    op.drop_index("timers_due", table_name="timers")
    op.drop_table("timers")
    op.drop_index("shipments_by_warehouse", table_name="shipments")
    op.drop_index("shipments_by_status", table_name="shipments")
    op.drop_table("shipments")
    op.drop_table("relay_lease")
    op.drop_index("progress_parked", table_name="progress", postgresql_where="parked_at IS NOT NULL")
    op.drop_table("progress")
    op.drop_table("packed_ahead")
    op.drop_table("outbox_pending")
    op.drop_table("outbox")
    op.execute(sa.schema.DropSequence(sa.Sequence("outbox_id_seq")))
    op.drop_table("orders")
    op.drop_index("idempotency_keys_age", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("consumer_offsets")
    op.drop_table("carriers")
    op.drop_table("api_keys")
