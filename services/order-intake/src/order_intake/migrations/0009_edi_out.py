"""What goes out to EDI partners"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import enclose, open_to_customers
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CUSTOMERS_MAY = {
    "edi_controls": "SELECT, INSERT, UPDATE (last)",
    "edi_outbox": "SELECT, UPDATE (received_at, acknowledgement, codes, acknowledged_at, event_version)",
    "edi_documents": "SELECT, INSERT, UPDATE (outcome, codes)",
}
OURS = ("edi_cartons", "edi_shipments")


def upgrade() -> None:
    _controls()
    _outbox()
    _documents()
    _shipments()
    for statement in (*enclose("order_intake", (*CUSTOMERS_MAY, *OURS)), *open_to_customers("order_intake", CUSTOMERS_MAY)):
        op.execute(statement)


def downgrade() -> None:
    for table in (*OURS, *CUSTOMERS_MAY):
        op.drop_table(table)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _instant(name: str, **options: object) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]  # the options of a column


def _controls() -> None:
    op.create_table(
        "edi_controls",
        *_text("partner", "kind", "customer_id"),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "kind", name="edi_controls_pkey"),
        sa.ForeignKeyConstraint(["partner"], ["edi_partners.code"], name="edi_controls_partner"),
        comment="The control numbers given last: ISA, GS, ST; UNB, UNH. Locked behind everything else that a transaction locks.",
    )


def _outbox() -> None:
    op.create_table(
        "edi_outbox",
        sa.Column("entry_id", sa.UUID(), nullable=False),
        *_text("customer_id", "partner", "syntax", "type", "control"),
        sa.Column("group_control", sa.Integer(), nullable=True),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _instant("posted_at", nullable=False),
        _instant("received_at", nullable=True),
        sa.Column("acknowledgement", sa.Text(), server_default="awaited", nullable=False),
        sa.Column("codes", sa.Text(), server_default="", nullable=False),
        _instant("acknowledge_by", nullable=False),
        _instant("acknowledged_at", nullable=True),
        _instant("overdue_at", nullable=True),
        sa.Column("event_version", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
        sa.UniqueConstraint("partner", "syntax", "control", name="edi_outbox_control"),
        sa.CheckConstraint("acknowledgement IN ('awaited', 'accepted', 'noted', 'partly', 'refused')", name="edi_outbox_acknowledgement"),
        sa.CheckConstraint("(acknowledgement = 'awaited') = (acknowledged_at IS NULL)", name="edi_outbox_acknowledged"),
        comment="Interchanges as they were written; `sealed` holds the bytes, enclosed under the keys of the orders that they speak of.",
    )
    op.create_index("edi_outbox_by_customer", "edi_outbox", ["customer_id", "entry_id"])
    op.create_index("edi_outbox_waiting", "edi_outbox", ["partner", "entry_id"], postgresql_where="received_at IS NULL")
    op.create_index("edi_outbox_group", "edi_outbox", ["partner", "group_control"], postgresql_where="group_control IS NOT NULL")
    overdue = "overdue_at IS NOT NULL AND acknowledged_at IS NULL"
    op.create_index("edi_outbox_overdue", "edi_outbox", ["partner"], postgresql_where=overdue)


def _documents() -> None:
    op.create_table(
        "edi_documents",
        sa.Column("document_id", sa.UUID(), nullable=False),
        *_text("customer_id", "partner", "kind", "type", "release"),
        sa.Column("order_id", sa.UUID(), nullable=True),
        _instant("said_at", server_default=sa.text("now()"), nullable=False),
        sa.Column("rows", JSONB(), nullable=True),
        sa.Column("entry_id", sa.UUID(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("codes", sa.Text(), server_default="", nullable=False),
        sa.Column("unwritable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("document_id"),
        sa.CheckConstraint("(rows IS NULL) = (entry_id IS NOT NULL)", name="edi_documents_rows"),
        sa.CheckConstraint("outcome IN ('accepted', 'noted', 'partly', 'refused')", name="edi_documents_outcome"),
        comment="Messages. `rows` are its segments until an interchange is written with it; they hold no name and no address.",
    )
    due = "entry_id IS NULL AND unwritable IS NULL"
    op.create_index("edi_documents_due", "edi_documents", ["document_id"], postgresql_where=due)
    op.create_index("edi_documents_unwritable", "edi_documents", ["partner"], postgresql_where="unwritable IS NOT NULL")
    op.create_index("edi_documents_by_entry", "edi_documents", ["entry_id", "reference"], postgresql_where="entry_id IS NOT NULL")
    op.create_index("edi_documents_by_order", "edi_documents", ["order_id", "document_id"], postgresql_where="order_id IS NOT NULL")


def _shipments() -> None:
    op.create_table(
        "edi_cartons",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("release_no", sa.Integer(), nullable=False),
        *_text("sscc", "customer_id"),
        sa.Column("lines", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "warehouse", "release_no", "sscc", name="edi_cartons_pkey"),
        comment="What pack.completed told of orders that came by EDI; `lines` are pairs of line number and quantity.",
    )
    op.create_table(
        "edi_shipments",
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        *_text("customer_id", "warehouse"),
        sa.Column("release_no", sa.Integer(), nullable=False),
        *_text("carrier"),
        _instant("handed_over_at", nullable=False),
        sa.Column("lines", JSONB(), nullable=False),
        _instant("advised_at", nullable=True),
        sa.PrimaryKeyConstraint("shipment_id"),
        comment="What shipment.handed_over told of orders that came by EDI; advised when all its cartons were heard of.",
    )
    op.create_index("edi_shipments_by_order", "edi_shipments", ["order_id", "shipment_id"])
