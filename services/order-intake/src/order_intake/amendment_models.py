from shared.tables import INSTANT
from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, UUID

from order_intake.metadata import metadata

order_amendments = Table(
    "order_amendments",
    metadata,
    Column("order_id", UUID, nullable=False),
    Column("amendment_no", Integer, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("reference", Text),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("amended_at", INSTANT, nullable=False),
    Column("lines", JSONB),
    Column("requested", JSONB),
    Column("promised_earliest", INSTANT),
    Column("promised_latest", INSTANT),
    Column("former_promised_earliest", INSTANT),
    Column("former_promised_latest", INSTANT),
    Column("ship_to", Text),
    Column("former_ship_to", Text),
    Column("former_consignee_code", Text),
    PrimaryKeyConstraint("order_id", "amendment_no", name="order_amendments_pkey"),
    UniqueConstraint("order_id", "reference", name="order_amendments_reference"),
    CheckConstraint(
        "num_nulls(promised_earliest, promised_latest, former_promised_earliest, former_promised_latest) IN (0, 4)",
        name="order_amendments_promise_whole",
    ),
    CheckConstraint("(ship_to IS NULL) = (former_ship_to IS NULL)", name="order_amendments_consignee_whole"),
    comment="What an order was changed to before its release, and from what. Addresses are sealed under the order's key.",
)
