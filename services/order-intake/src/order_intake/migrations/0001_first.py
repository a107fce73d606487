"""first"""

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
        "customers",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id"),
        comment="Read model of customer.registered.",
    )
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hold_id"),
    )
    op.create_index("holds_by_order", "holds", ["order_id", "placed_at"], unique=False)
    op.create_table(
        "items",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "sku"),
        comment="Read model of item.registered.",
    )
    op.create_table(
        "order_history",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "entry_id", name="order_history_pkey"),
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("backordered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reserved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("released", sa.Integer(), server_default="0", nullable=False),
        sa.Column("picked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("packed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("damaged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("picked_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("packed_total", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "least(waiting, backordered, reserved, released, picked, packed, shipped, delivered, damaged, lost, cancelled) >= 0 AND ordered > 0",
            name="order_lines_not_negative",
        ),
        sa.CheckConstraint(
            "ordered = waiting + backordered + reserved + released + picked + packed + shipped + delivered + damaged + lost + cancelled",
            name="order_lines_sum",
        ),
        sa.PrimaryKeyConstraint("order_id", "line_no", name="order_lines_pkey"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("customer_reference", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("partial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("service_level", sa.Text(), nullable=False),
        sa.Column("allow_partial", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_earliest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_latest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_earliest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_latest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consignee_code", sa.Text(), nullable=True),
        sa.Column("ship_to_key_id", sa.Text(), nullable=True),
        sa.Column("ship_to", sa.Text(), nullable=False),
        sa.Column("open_holds", sa.Integer(), nullable=False),
        sa.Column("cancellation", sa.Text(), nullable=True),
        sa.Column("cancellation_by", sa.Text(), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column("release_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_shipments", sa.Integer(), server_default="0", nullable=False),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("cancellation IN ('requested', 'refused')", name="orders_cancellation"),
        sa.CheckConstraint(
            "status IN ('received', 'confirmed', 'backordered', 'allocated', 'released', 'picking', 'packed', 'shipped', 'delivered', 'closed', 'rejected', 'cancelled')",
            name="orders_status",
        ),
        sa.CheckConstraint("num_nulls(confirmed_at, promised_earliest, promised_latest) IN (0, 3)", name="orders_promise_whole"),
        sa.CheckConstraint("open_holds >= 0 AND open_shipments >= 0", name="orders_counts"),
        sa.PrimaryKeyConstraint("order_id"),
        sa.UniqueConstraint("customer_reference", "customer_id", name="orders_reference"),
        comment="order_id carries received_at to the millisecond, so that the primary key serves ranges of time as well.",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("orders_by_customer", "orders", ["customer_id", "order_id"], unique=False)
    op.create_index("orders_by_status", "orders", ["status", "order_id"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="reservations_quantity"),
        sa.PrimaryKeyConstraint("order_id", "warehouse", "line_no", name="reservations_pkey"),
        comment="What is reserved and waits for its release; a line's rows add up to its bucket `reserved`.",
    )


def downgrade() -> None:
    op.drop_table("reservations")
    op.drop_index("orders_by_status", table_name="orders")
    op.drop_index("orders_by_customer", table_name="orders")
    op.drop_table("orders")
    op.drop_table("order_lines")
    op.drop_table("order_history")
    op.drop_table("items")
    op.drop_index("holds_by_order", table_name="holds")
    op.drop_table("holds")
    op.drop_table("customers")
    first_tables.drop()
