from shared.tables import INSTANT, add_plumbing, one_of
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from inventory.states import FulfilmentStatus, PickStatus

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)
add_plumbing(metadata)

warehouses = Table(
    "warehouses",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
)

items = Table(
    "items",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("gtin", Text),
    Column("unit", Text, nullable=False),
    Column("weight_kg", Double),
    Column("volume_l", Double),
    Column("event_version", Integer, nullable=False, server_default="0"),
    comment="Whoever changes stock of an item, in any warehouse, holds the lock of its row here.",
)

stock = Table(
    "stock",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("warehouse", Text, ForeignKey("warehouses.code"), primary_key=True),
    Column("on_hand", BigInteger, nullable=False, server_default="0"),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    Column("event_version", Integer, nullable=False, server_default="0"),
    CheckConstraint("reserved BETWEEN 0 AND on_hand", name="stock_never_oversold"),
    postgresql_with={"fillfactor": "50"},
)

stock_ledger = Table(
    "stock_ledger",
    metadata,
    Column("entry_id", BigInteger, Identity(always=True), nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("d_on_hand", BigInteger, nullable=False),
    Column("d_reserved", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cause_event_id", UUID, nullable=False),
    Column("order_id", UUID),
    Column("line_no", Integer),
    Column("at", INSTANT, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("customer_id", "sku", "warehouse", "entry_id"),
    UniqueConstraint("cause_event_id", "line_no", "warehouse", "kind", postgresql_nulls_not_distinct=True),
    comment="Append-only: every change of stock once, with its cause.",
)

adjustments = Table(
    "adjustments",
    metadata,
    Column("adjustment_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("adjusted_at", INSTANT, nullable=False),
    UniqueConstraint("customer_id", "sku", "warehouse", "reference"),
)

fulfilments = Table(
    "fulfilments",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("allow_partial", Boolean, nullable=False),
    Column("promised_latest", INSTANT, nullable=False),
    Column("arrival_no", BigInteger, Identity(always=True), nullable=False),
    Column("event_version", Integer, nullable=False),
    CheckConstraint(one_of("status", FulfilmentStatus), name="fulfilments_status"),
    postgresql_with={"fillfactor": "60"},
)

demand = Table(
    "demand",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("ordered", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    CheckConstraint("waiting BETWEEN 0 AND ordered", name="demand_within_ordered"),
    Index("demand_waiting", "customer_id", "sku", postgresql_where="waiting > 0"),
    comment="What an order's lines want, and how much of it still waits for stock.",
)

reservations = Table(
    "reservations",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("warehouse", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("held", Integer, nullable=False),
    CheckConstraint("held >= 0", name="reservations_held"),
    comment="What is set aside for a line until it is issued, written off or freed; sums to stock.reserved.",
    postgresql_with={"fillfactor": "70"},
)

picks = Table(
    "picks",
    metadata,
    Column("pick_id", UUID, primary_key=True),
    Column("order_id", UUID, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("release_no", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("picked", Integer, nullable=False, server_default="0"),
    Column("packed", Integer, nullable=False, server_default="0"),
    Column("status", Text, nullable=False, server_default="open"),
    Column("released_at", INSTANT, nullable=False),
    Column("picked_at", INSTANT),
    Column("said_at", INSTANT, comment="picked_at as the first confirmation said it"),
    UniqueConstraint("order_id", "line_no", "warehouse", "release_no"),
    CheckConstraint(one_of("status", PickStatus), name="picks_status"),
    CheckConstraint("picked BETWEEN 0 AND quantity", name="picks_picked_of_quantity"),
    CheckConstraint("packed BETWEEN 0 AND picked", name="picks_packed_of_picked"),
    Index("picks_open", "warehouse", "pick_id", postgresql_where="status = 'open'"),
    Index("picks_short", "pick_id", postgresql_where="status = 'short'"),
    Index("picks_void", "pick_id", postgresql_where="status = 'void'"),
    postgresql_with={"fillfactor": "60"},
)

packs = Table(
    "packs",
    metadata,
    Column("pack_id", UUID, primary_key=True),
    Column("order_id", UUID, nullable=False),
    Column("reference", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("release_no", Integer, nullable=False),
    Column("packed_at", INSTANT, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    UniqueConstraint("order_id", "reference"),
)

cartons = Table(
    "cartons",
    metadata,
    Column("sscc", Text, primary_key=True),
    Column("pack_id", UUID, nullable=False, index=True),
    Column("carton_no", Integer, nullable=False),
    Column("lines", JSONB, nullable=False),
)

sscc_serial = Sequence("sscc_serial", metadata=metadata, data_type=BigInteger)
