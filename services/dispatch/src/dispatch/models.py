"""The tables of dispatch."""

from shared.tables import INSTANT, add_plumbing, one_of
from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import UUID

from dispatch.delivering import Result
from dispatch.planning import Cancellation
from dispatch.shipment import Status

metadata = MetaData()
add_plumbing(metadata)


carriers = Table(
    "carriers",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
)

vehicles = Table(
    "vehicles",
    metadata,
    Column("code", Text, primary_key=True),
    Column("carrier", Text, ForeignKey("carriers.code"), nullable=False),
    Column("name", Text, nullable=False),
    Column("capacity_kg", Float),
    Column("capacity_l", Float),
    Column("revision", Integer, nullable=False, server_default="1"),
    Index("vehicles_of_carrier", "carrier", "code"),
)

# The row that everything about an order's shipments is decided under.
orders = Table(
    "orders",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("cancellation", Text),
    Column("decided_at", INSTANT),
    CheckConstraint(one_of("cancellation", Cancellation), name="orders_cancellation_known"),
)

shipments = Table(
    "shipments",
    metadata,
    Column("shipment_id", UUID, primary_key=True),
    Column("order_id", UUID, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("release_no", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("consignee_code", Text),
    Column("ship_to_key_id", Text),
    Column("ship_to_sealed", Text),
    Column("erased_at", INSTANT),
    Column("promised_earliest", INSTANT, nullable=False),
    Column("promised_latest", INSTANT, nullable=False),
    Column("carrier", Text),
    Column("vehicle", Text),
    Column("assigned_at", INSTANT),
    Column("handed_over_at", INSTANT),
    Column("handed_over_said", INSTANT),
    Column("delivered_at", INSTANT),
    Column("attempts", Integer, nullable=False),
    Column("event_version", Integer, nullable=False),
    UniqueConstraint("order_id", "release_no", "warehouse", name="shipments_once"),
    CheckConstraint(one_of("status", Status), name="shipments_status_known"),
    CheckConstraint("(handed_over_at IS NOT NULL) = (status IN ('handed_over', 'delivered'))", name="shipments_handed_over"),
    CheckConstraint("(delivered_at IS NOT NULL) = (status = 'delivered')", name="shipments_delivered"),
    CheckConstraint("status IN ('planned', 'cancelled') OR (carrier IS NOT NULL AND vehicle IS NOT NULL)", name="shipments_assigned"),
    CheckConstraint("(ship_to_sealed IS NULL) = (erased_at IS NOT NULL)", name="shipments_erased"),
    Index("shipments_by_status", "status", "shipment_id"),
    Index("shipments_by_warehouse", "warehouse", "shipment_id"),
    postgresql_with={"fillfactor": "80"},
)

shipment_lines = Table(
    "shipment_lines",
    metadata,
    Column("shipment_id", UUID, ForeignKey("shipments.shipment_id"), primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("line_no", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("packed", Integer, nullable=False),
    Column("packed_at", INSTANT),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("damaged", Integer, nullable=False, server_default="0"),
    Column("short", Integer, nullable=False, server_default="0"),
    CheckConstraint("missing >= 0 AND packed >= 0 AND missing + packed <= quantity", name="shipment_lines_within_plan"),
    CheckConstraint("accepted + damaged + short IN (0, packed)", name="shipment_lines_add_up"),
    CheckConstraint("accepted >= 0 AND damaged >= 0 AND short >= 0", name="shipment_lines_counted"),
    postgresql_with={"fillfactor": "70"},
)

# What the warehouse said of a release that is not heard of yet.
packed_ahead = Table(
    "packed_ahead",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("release_no", Integer, primary_key=True),
    Column("warehouse", Text, primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("missing", Integer, nullable=False),
    Column("packed", Integer, nullable=False),
    Column("packed_at", INSTANT),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", UUID, primary_key=True),
    Column("shipment_id", UUID, ForeignKey("shipments.shipment_id"), nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("delivered_at", INSTANT, nullable=False),
    Column("said_at", INSTANT),
    Column("outcome", Text, nullable=False),
    Column("attempt_no", Integer, nullable=False),
    Column("key_id", Text),
    Column("signed_by", Text),
    Column("reason", Text),
    UniqueConstraint("shipment_id", "delivered_at", name="deliveries_once"),
    Index("deliveries_delivered", "shipment_id", unique=True, postgresql_where="outcome = 'delivered'"),
    CheckConstraint(one_of("outcome", Result), name="deliveries_outcome_known"),
)
