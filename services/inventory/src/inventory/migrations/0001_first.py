"""first"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared import first_tables

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    first_tables.create()
    op.execute("CREATE SEQUENCE sscc_serial AS bigint")
    op.create_table(
        "adjustments",
        sa.Column("adjustment_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("adjusted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("adjustment_id", name="adjustments_pkey"),
        sa.UniqueConstraint("customer_id", "sku", "warehouse", "reference", name="adjustments_customer_id_sku_warehouse_reference_key"),
    )
    op.create_table(
        "cartons",
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("pack_id", sa.UUID(), nullable=False),
        sa.Column("carton_no", sa.Integer(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("sscc", name="cartons_pkey"),
    )
    op.create_index("cartons_pack_id", "cartons", ["pack_id"], unique=False)
    op.create_table(
        "demand",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.CheckConstraint("waiting BETWEEN 0 AND ordered", name="demand_within_ordered"),
        sa.PrimaryKeyConstraint("order_id", "line_no", name="demand_pkey"),
        comment="What an order's lines want, and how much of it still waits for stock.",
    )
    op.create_index("demand_waiting", "demand", ["customer_id", "sku"], unique=False, postgresql_where="waiting > 0")
    op.create_table(
        "fulfilments",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("allow_partial", sa.Boolean(), nullable=False),
        sa.Column("promised_latest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrival_no", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('gathering', 'undecided', 'waiting', 'served', 'cancelled')", name="fulfilments_status"),
        sa.PrimaryKeyConstraint("order_id", name="fulfilments_pkey"),
        postgresql_with={"fillfactor": "60"},
    )
    op.create_table(
        "items",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("volume_l", sa.Double(), nullable=True),
        sa.Column("event_version", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "sku", name="items_pkey"),
        comment="Whoever changes stock of an item, in any warehouse, holds the lock of its row here.",
    )
    op.create_table(
        "packs",
        sa.Column("pack_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", name="packs_pkey"),
        sa.UniqueConstraint("order_id", "reference", name="packs_order_id_reference_key"),
    )
    op.create_table(
        "picks",
        sa.Column("pick_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("picked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("packed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("picked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=True, comment="picked_at as the first confirmation said it"),
        sa.CheckConstraint("status IN ('open', 'confirmed', 'short', 'void')", name="picks_status"),
        sa.CheckConstraint("packed BETWEEN 0 AND picked", name="picks_packed_of_picked"),
        sa.CheckConstraint("picked BETWEEN 0 AND quantity", name="picks_picked_of_quantity"),
        sa.PrimaryKeyConstraint("pick_id", name="picks_pkey"),
        sa.UniqueConstraint("order_id", "line_no", "warehouse", "release_no", name="picks_order_id_line_no_warehouse_release_no_key"),
        postgresql_with={"fillfactor": "60"},
    )
    op.create_index("picks_open", "picks", ["warehouse", "pick_id"], unique=False, postgresql_where="status = 'open'")
    op.create_index("picks_short", "picks", ["pick_id"], unique=False, postgresql_where="status = 'short'")
    op.create_index("picks_void", "picks", ["pick_id"], unique=False, postgresql_where="status = 'void'")
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.CheckConstraint("held >= 0", name="reservations_held"),
        sa.PrimaryKeyConstraint("order_id", "line_no", "warehouse", name="reservations_pkey"),
        comment="What is set aside for a line until it is issued, written off or freed; sums to stock.reserved.",
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "stock_ledger",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("d_on_hand", sa.BigInteger(), nullable=False),
        sa.Column("d_reserved", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause_event_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "sku", "warehouse", "entry_id", name="stock_ledger_pkey"),
        sa.UniqueConstraint(
            "cause_event_id",
            "line_no",
            "warehouse",
            "kind",
            name="stock_ledger_cause_event_id_line_no_warehouse_kind_key",
            postgresql_nulls_not_distinct=True,
        ),
        comment="Append-only: every change of stock once, with its cause.",
    )
    op.create_table(
        "warehouses",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("code", name="warehouses_pkey"),
    )
    op.create_table(
        "stock",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("event_version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("reserved BETWEEN 0 AND on_hand", name="stock_never_oversold"),
        sa.ForeignKeyConstraint(["warehouse"], ["warehouses.code"], name="stock_warehouse_fkey"),
        sa.PrimaryKeyConstraint("customer_id", "sku", "warehouse", name="stock_pkey"),
        postgresql_with={"fillfactor": "50"},
    )


def downgrade() -> None:
    op.drop_table("stock")
    op.drop_table("warehouses")
    op.drop_table("stock_ledger")
    op.drop_table("reservations")
    op.drop_table("picks")
    op.drop_table("packs")
    op.drop_table("items")
    op.drop_table("fulfilments")
    op.drop_table("demand")
    op.drop_table("cartons")
    op.drop_table("adjustments")
    op.execute("DROP SEQUENCE sscc_serial")
    first_tables.drop()
