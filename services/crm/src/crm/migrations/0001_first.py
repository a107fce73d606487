"""The tables of the plumbing, and crm's own."""

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


def downgrade() -> None:
    op.drop_table("timeline")
    op.drop_table("stockouts")
    op.drop_table("orders")
    op.drop_table("items")
    op.drop_table("customers")
    op.drop_table("cases")
    first_tables.drop()
