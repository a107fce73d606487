from shared.tables import INSTANT, one_of
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from order_intake import edi_models as edi_tables
from order_intake import edi_out_models as edi_out_tables
from order_intake.amendment_models import order_amendments
from order_intake.lifecycle import ErasureStatus, OrderStatus
from order_intake.metadata import metadata
from order_intake.open_orders import UNDER_WAY
from order_intake.quantities import BUCKETS

__all__ = [
    "customers",
    "edi_out_tables",
    "edi_tables",
    "erasure_orders",
    "erasures",
    "holds",
    "items",
    "metadata",
    "order_amendments",
    "order_history",
    "order_lines",
    "orders",
    "reservations",
]


orders = Table(
    "orders",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("customer_reference", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("partial", Boolean, nullable=False, server_default=false()),
    Column("service_level", Text, nullable=False),
    Column("allow_partial", Boolean, nullable=False),
    Column("submitted_at", INSTANT, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("requested_earliest", INSTANT),
    Column("requested_latest", INSTANT),
    Column("confirmed_at", INSTANT),
    Column("promised_earliest", INSTANT),
    Column("promised_latest", INSTANT),
    Column("delivered_at", INSTANT),
    Column("consignee_code", Text),
    Column("ship_to_key_id", Text),
    Column("ship_to", Text),
    Column("erased_at", INSTANT),
    Column("open_holds", Integer, nullable=False),
    Column("cancellation", Text),
    Column("cancellation_by", Text),
    Column("cancellation_reason", Text),
    Column("open_amendment", Integer),
    Column("release_count", Integer, nullable=False, server_default="0"),
    Column("open_shipments", Integer, nullable=False, server_default="0"),
    Column("event_version", Integer, nullable=False),
    UniqueConstraint("customer_reference", "customer_id", name="orders_reference"),
    CheckConstraint(one_of("status", OrderStatus), name="orders_status"),
    CheckConstraint("cancellation IN ('requested', 'refused')", name="orders_cancellation"),
    CheckConstraint("num_nulls(confirmed_at, promised_earliest, promised_latest) IN (0, 3)", name="orders_promise_whole"),
    CheckConstraint("open_holds >= 0 AND open_shipments >= 0", name="orders_counts"),
    CheckConstraint("(ship_to IS NULL) = (erased_at IS NOT NULL)", name="orders_erased"),
    Index("orders_plain", "order_id", postgresql_where="ship_to_key_id IS NULL AND ship_to IS NOT NULL"),
    Index("orders_by_customer", "customer_id", "order_id"),
    Index("orders_by_status", "status", "order_id"),
    Index("orders_under_way", "customer_id", postgresql_where=text(UNDER_WAY)),
    postgresql_with={"fillfactor": "80"},
    comment="order_id carries received_at to the millisecond, so that the primary key serves ranges of time as well.",
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("sku", Text, nullable=False),
    Column("ordered", Integer, nullable=False),
    *(Column(bucket, Integer, nullable=False, server_default="0") for bucket in BUCKETS),
    Column("picked_total", Integer, nullable=False, server_default="0"),
    Column("packed_total", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("order_id", "line_no", name="order_lines_pkey"),
    CheckConstraint(f"ordered = {' + '.join(BUCKETS)}", name="order_lines_sum"),
    CheckConstraint(f"least({', '.join(BUCKETS)}) >= 0 AND ordered > 0", name="order_lines_not_negative"),
    postgresql_with={"fillfactor": "70"},
)

reservations = Table(
    "reservations",
    metadata,
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    PrimaryKeyConstraint("order_id", "warehouse", "line_no", name="reservations_pkey"),
    CheckConstraint("quantity > 0", name="reservations_quantity"),
    comment="What is reserved and waits for its release; a line's rows add up to its bucket `reserved`.",
)

holds = Table(
    "holds",
    metadata,
    Column("hold_id", UUID, primary_key=True),
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_at", INSTANT, nullable=False),
    Column("released_at", INSTANT),
    Index("holds_by_order", "order_id", "placed_at"),
)

order_history = Table(
    "order_history",
    metadata,
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("entry_id", BigInteger, Identity(always=True), nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text),
    PrimaryKeyConstraint("order_id", "entry_id", name="order_history_pkey"),
)

items = Table(
    "items",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    comment="Read model of item.registered.",
)

customers = Table(
    "customers",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("blocked", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    comment="Read model of customer.registered.",
)

erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("requested_at", INSTANT, nullable=False, server_default=func.now()),
    Column("status", Text, nullable=False),
    Column("wanted_key_id", Text),
    Column("wanted", Text),
    Column("searched_to", UUID),
    Column("finished_at", INSTANT),
    CheckConstraint(one_of("status", ErasureStatus), name="erasures_status"),
    CheckConstraint("(wanted IS NOT NULL) = (status = 'searching')", name="erasures_wanted"),
    CheckConstraint("(finished_at IS NOT NULL) = (status = 'done')", name="erasures_finished"),
    Index("erasures_by_customer", "customer_id", "erasure_id"),
    Index("erasures_unfinished", "status", "erasure_id", postgresql_where="finished_at IS NULL"),
    comment="`wanted` is whom to look for, sealed under a key of its own; both go when the search has ended at `searched_to`.",
)

erasure_orders = Table(
    "erasure_orders",
    metadata,
    Column("erasure_id", UUID, nullable=False),
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("erased_at", INSTANT),
    PrimaryKeyConstraint("erasure_id", "order_id", name="erasure_orders_pkey"),
    Index("erasure_orders_open", "order_id", postgresql_where="erased_at IS NULL"),
    comment="Which orders an erasure means; the one that has not ended yet waits for its end.",
)
