"""EDI partners, interchanges and orders"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import enclose, open_to_customers
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CUSTOMERS_MAY = {
    "edi_partners": "SELECT",
    "edi_partner_ids": "SELECT",
    "edi_interchanges": "SELECT, INSERT, UPDATE (holds_control)",
    "edi_messages": "SELECT, INSERT",
    "edi_orders": "SELECT, INSERT",
}
CONTROL = ["partner", "syntax", "control", "sender", "sender_qualifier", "receiver", "receiver_qualifier"]


def upgrade() -> None:
    _partners()
    _interchanges()
    _orders()
    for statement in (*enclose("order_intake", CUSTOMERS_MAY), *open_to_customers("order_intake", CUSTOMERS_MAY)):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(CUSTOMERS_MAY):
        op.drop_table(table)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _partners() -> None:
    op.create_table(
        "edi_partners",
        *_text("code", "customer_id"),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("settings", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
        comment="`settings` is what was put, as `partner_schemas.py` describes it; the customer never changes.",
    )
    op.create_table(
        "edi_partner_ids",
        *_text("syntax", "qualifier", "identifier", "code", "customer_id"),
        sa.PrimaryKeyConstraint("syntax", "identifier", "qualifier", name="edi_partner_ids_pkey"),
        sa.ForeignKeyConstraint(["code"], ["edi_partners.code"], name="edi_partner_ids_code"),
        comment="Who a sender is: each identifier stands for one partner only.",
    )
    op.create_index("edi_partner_ids_by_code", "edi_partner_ids", ["code"])


def _interchanges() -> None:
    op.create_table(
        "edi_interchanges",
        sa.Column("interchange_id", sa.UUID(), nullable=False),
        *_text("customer_id", "partner", "syntax", "sender", "sender_qualifier", "receiver", "receiver_qualifier", "control"),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("holds_control", sa.Boolean(), nullable=False),
        sa.Column("verdict", JSONB(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("acknowledgement", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("interchange_id"),
        sa.UniqueConstraint(*CONTROL, "body_hash", name="edi_interchanges_same"),
        sa.CheckConstraint("outcome IN ('accepted', 'noted', 'partly', 'refused')", name="edi_interchanges_outcome"),
        comment="`body` and `acknowledgement` are enclosed under the keys of the orders they speak of, else under `key_id`. "
        "`holds_control`: another body with this control number is refused.",
    )
    op.create_index("edi_interchanges_control", "edi_interchanges", CONTROL, unique=True, postgresql_where="holds_control")
    op.create_index("edi_interchanges_by_customer", "edi_interchanges", ["customer_id", "interchange_id"])
    op.create_index("edi_interchanges_by_partner", "edi_interchanges", ["partner", "interchange_id"])
    op.create_table(
        "edi_messages",
        sa.Column("interchange_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_text("customer_id", "partner", "type", "release", "reference", "outcome"),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("interchange_id", "position", name="edi_messages_pkey"),
        comment="What became of each message; a document that placed an order is taken once.",
    )
    document = ["partner", "type", "document_number", "purpose"]
    op.create_index("edi_messages_document", "edi_messages", document, unique=True, postgresql_where="effect = 'placed'")
    op.create_index("edi_messages_by_order", "edi_messages", ["order_id"], postgresql_where="order_id IS NOT NULL")


def _orders() -> None:
    op.create_table(
        "edi_orders",
        sa.Column("order_id", sa.UUID(), nullable=False),
        *_text("customer_id", "partner", "syntax", "document", "release"),
        sa.Column("interchange_id", sa.UUID(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
        comment="Orders that came by EDI, with what answers have to repeat; no names, no addresses.",
    )
    op.create_index("edi_orders_by_partner", "edi_orders", ["partner", "order_id"])
