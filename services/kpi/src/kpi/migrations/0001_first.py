"""The tables of the plumbing, and kpi's own."""

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


def downgrade() -> None:
    op.drop_index("order_facts_promised", table_name="order_facts", postgresql_where=sa.text("promised_latest IS NOT NULL"))
    op.drop_index("order_facts_ended", table_name="order_facts")
    op.drop_index("order_facts_delivered", table_name="order_facts", postgresql_where=sa.text("delivered_at IS NOT NULL"))
    op.drop_index("order_facts_allocated", table_name="order_facts", postgresql_where=sa.text("first_allocated_at IS NOT NULL"))
    op.drop_table("order_facts")
    op.drop_index("line_facts_delivered", table_name="line_facts", postgresql_where=sa.text("delivered_at IS NOT NULL"))
    op.drop_table("line_facts")
    op.drop_index("case_facts_received", table_name="case_facts")
    op.drop_index("case_facts_by_order", table_name="case_facts", postgresql_where=sa.text("order_id IS NOT NULL"))
    op.drop_table("case_facts")
    first_tables.drop()
