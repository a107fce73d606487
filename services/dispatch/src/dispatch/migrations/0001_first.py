"""The plumbing's tables, and those of carriers, vehicles, shipments and deliveries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from shared import first_tables

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    first_tables.create()
    op.create_table(
        "carriers",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("cancellation", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cancellation IN ('cancelled', 'refused')", name="orders_cancellation_known"),
        sa.PrimaryKeyConstraint("order_id"),
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
    op.drop_index("shipments_by_warehouse", table_name="shipments")
    op.drop_index("shipments_by_status", table_name="shipments")
    op.drop_table("shipments")
    op.drop_table("packed_ahead")
    op.drop_table("orders")
    op.drop_table("carriers")
    first_tables.drop()
