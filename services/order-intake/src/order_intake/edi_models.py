"""The tables of EDI: partners, what they sent, and the orders that came so."""

from shared.tables import INSTANT
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from order_intake.metadata import metadata

edi_partners = Table(
    "edi_partners",
    metadata,
    Column("code", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("settings", JSONB, nullable=False),
    comment="`settings` is what was put, as `partner_schemas.py` describes it; the customer never changes.",
)

edi_partner_ids = Table(
    "edi_partner_ids",
    metadata,
    Column("syntax", Text, nullable=False),
    Column("qualifier", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    PrimaryKeyConstraint("syntax", "identifier", "qualifier", name="edi_partner_ids_pkey"),
    ForeignKeyConstraint(["code"], ["edi_partners.code"], name="edi_partner_ids_code"),
    Index("edi_partner_ids_by_code", "code"),
    comment="Who a sender is: each identifier stands for one partner only.",
)

edi_interchanges = Table(
    "edi_interchanges",
    metadata,
    Column("interchange_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("syntax", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_qualifier", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("receiver_qualifier", Text, nullable=False),
    Column("control", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("holds_control", Boolean, nullable=False),
    Column("verdict", JSONB, nullable=False),
    Column("key_id", Text),
    Column("body", LargeBinary),
    Column("acknowledgement", LargeBinary),
    UniqueConstraint(
        "partner", "syntax", "control", "sender", "sender_qualifier", "receiver", "receiver_qualifier", "body_hash",
        name="edi_interchanges_same",
    ),
    Index(
        "edi_interchanges_control", "partner", "syntax", "control", "sender", "sender_qualifier", "receiver", "receiver_qualifier",
        unique=True, postgresql_where=text("holds_control"),
    ),
    Index("edi_interchanges_by_customer", "customer_id", "interchange_id"),
    Index("edi_interchanges_by_partner", "partner", "interchange_id"),
    Index("edi_interchanges_kept", "interchange_id", postgresql_where=text("key_id IS NOT NULL")),
    CheckConstraint("outcome IN ('accepted', 'noted', 'partly', 'refused')", name="edi_interchanges_outcome"),
    comment="`body` and `acknowledgement` are enclosed under the keys of the orders they speak of, else under `key_id`, until they are "
    "destroyed: NULL, or empty. `holds_control`: another body with this control number is refused.",
)  # fmt: skip

edi_messages = Table(
    "edi_messages",
    metadata,
    Column("interchange_id", UUID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("document_number", Text),
    Column("purpose", Text),
    Column("effect", Text, nullable=False),
    Column("order_id", UUID),
    Column("change_number", Text),
    PrimaryKeyConstraint("interchange_id", "position", name="edi_messages_pkey"),
    Index(
        "edi_messages_document", "partner", "type", "document_number", "purpose",
        unique=True, postgresql_where=text("effect = 'placed'"),
    ),
    Index(
        "edi_messages_change", "partner", "type", "document_number", "change_number", "purpose",
        unique=True, postgresql_where=text("effect = 'changed' AND change_number IS NOT NULL"),
    ),
    Index("edi_messages_by_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    comment="What became of each message; a document that placed an order is taken once, a numbered change of one as well.",
)  # fmt: skip

edi_orders = Table(
    "edi_orders",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("syntax", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("interchange_id", UUID, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Index("edi_orders_by_partner", "partner", "order_id"),
    comment="Orders that came by EDI, with what answers have to repeat; no names, no addresses.",
)
