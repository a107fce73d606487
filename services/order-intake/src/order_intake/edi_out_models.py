"""The tables of what goes out to partners: numbers, documents, interchanges, and what documents are made of."""

from shared.tables import INSTANT
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from order_intake.metadata import metadata

edi_controls = Table(
    "edi_controls",
    metadata,
    Column("partner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    PrimaryKeyConstraint("partner", "kind", name="edi_controls_pkey"),
    ForeignKeyConstraint(["partner"], ["edi_partners.code"], name="edi_controls_partner"),
    comment="The control numbers given last: ISA, GS, ST; UNB, UNH. Locked behind everything else that a transaction locks.",
)

edi_outbox = Table(
    "edi_outbox",
    metadata,
    Column("entry_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("syntax", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("control", Text, nullable=False),
    Column("group_control", Integer),
    Column("documents", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("posted_at", INSTANT, nullable=False),
    Column("received_at", INSTANT),
    Column("acknowledgement", Text, nullable=False, server_default="awaited"),
    Column("codes", Text, nullable=False, server_default=""),
    Column("acknowledge_by", INSTANT, nullable=False),
    Column("acknowledged_at", INSTANT),
    Column("overdue_at", INSTANT),
    Column("event_version", Integer, nullable=False, server_default="0"),
    UniqueConstraint("partner", "syntax", "control", name="edi_outbox_control"),
    CheckConstraint("acknowledgement IN ('awaited', 'accepted', 'noted', 'partly', 'refused')", name="edi_outbox_acknowledgement"),
    CheckConstraint("(acknowledgement = 'awaited') = (acknowledged_at IS NULL)", name="edi_outbox_acknowledged"),
    Index("edi_outbox_by_customer", "customer_id", "entry_id"),
    Index("edi_outbox_waiting", "partner", "entry_id", postgresql_where=text("received_at IS NULL")),
    Index("edi_outbox_group", "partner", "group_control", postgresql_where=text("group_control IS NOT NULL")),
    Index("edi_outbox_overdue", "partner", postgresql_where=text("overdue_at IS NOT NULL AND acknowledged_at IS NULL")),
    comment="Interchanges as they were written; `sealed` holds the bytes, enclosed under the keys of the orders that they speak of.",
)

edi_documents = Table(
    "edi_documents",
    metadata,
    Column("document_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("order_id", UUID),
    Column("said_at", INSTANT, nullable=False, server_default=func.now()),
    Column("rows", JSONB),
    Column("entry_id", UUID),
    Column("reference", Text),
    Column("outcome", Text),
    Column("codes", Text, nullable=False, server_default=""),
    Column("unwritable", Text),
    Column("given_up_at", INSTANT),
    CheckConstraint("(rows IS NULL) = (entry_id IS NOT NULL)", name="edi_documents_rows"),
    CheckConstraint("outcome IN ('accepted', 'noted', 'partly', 'refused')", name="edi_documents_outcome"),
    Index("edi_documents_due", "document_id", postgresql_where=text("entry_id IS NULL AND unwritable IS NULL")),
    Index(
        "edi_documents_unwritable", "partner", "document_id",
        postgresql_where=text("unwritable IS NOT NULL AND given_up_at IS NULL"),
    ),
    Index("edi_documents_by_entry", "entry_id", "reference", postgresql_where=text("entry_id IS NOT NULL")),
    Index("edi_documents_by_order", "order_id", "document_id", postgresql_where=text("order_id IS NOT NULL")),
    comment="Messages. `rows` are its segments until an interchange is written with it; they hold no name and no address.",
)  # fmt: skip

edi_cartons = Table(
    "edi_cartons",
    metadata,
    Column("order_id", UUID, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("release_no", Integer, nullable=False),
    Column("sscc", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("lines", JSONB, nullable=False),
    PrimaryKeyConstraint("order_id", "warehouse", "release_no", "sscc", name="edi_cartons_pkey"),
    comment="What pack.completed told of orders that came by EDI; `lines` are pairs of line number and quantity.",
)

edi_shipments = Table(
    "edi_shipments",
    metadata,
    Column("shipment_id", UUID, primary_key=True),
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("release_no", Integer, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("handed_over_at", INSTANT, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("advised_at", INSTANT),
    Index("edi_shipments_by_order", "order_id", "shipment_id"),
    comment="What shipment.handed_over told of orders that came by EDI; advised when all its cartons were heard of.",
)

edi_reports = Table(
    "edi_reports",
    metadata,
    Column("report_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("warehouse", Text),
    Column("daily_on", Date),
    Column("requested_at", INSTANT, nullable=False, server_default=func.now()),
    Column("counted_at", INSTANT),
    Column("documents", Integer),
    UniqueConstraint("partner", "daily_on", name="edi_reports_daily"),
    Index("edi_reports_by_partner", "partner", "report_id"),
    CheckConstraint("(counted_at IS NULL) = (documents IS NULL)", name="edi_reports_counted"),
    comment="Inventory reports that were asked for, by a person or by the day; `documents` were said of it.",
)

edi_report_parts = Table(
    "edi_report_parts",
    metadata,
    Column("report_id", UUID, nullable=False),
    Column("part", Integer, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("balances", JSONB, nullable=False),
    PrimaryKeyConstraint("report_id", "part", name="edi_report_parts_pkey"),
    comment="What stock.reported told of a report, until its last part has come.",
)
