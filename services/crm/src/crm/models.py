from shared.tables import INSTANT, add_plumbing, one_of
from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, false, func
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from crm.lifecycle import CaseStatus

metadata = MetaData()
add_plumbing(metadata)

api_keys = metadata.tables["api_keys"]

customers = Table(
    "customers",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("blocked", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("event_version", Integer, nullable=False),
    Column("registered_at", INSTANT, nullable=False, server_default=func.now()),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reference", Text),
    Column("fingerprint", LargeBinary),
    Column("order_id", UUID),
    Column("line_no", Integer),
    Column("status", Text, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("contacted_at", INSTANT, nullable=False),
    Column("resolved_at", INSTANT),
    Column("cause", Text),
    Column("remedy", Text),
    Column("event_version", Integer, nullable=False),
    UniqueConstraint("customer_id", "reference", name="cases_reference"),
    CheckConstraint(one_of("status", CaseStatus), name="cases_status"),
    CheckConstraint("(status = 'resolved') = (num_nulls(resolved_at, cause, remedy) = 0)", name="cases_resolved_whole"),
    CheckConstraint("line_no IS NULL OR order_id IS NOT NULL", name="cases_line_of_order"),
    Index("cases_by_customer", "customer_id", "case_id"),
    Index("cases_by_order", "order_id", "case_id"),
    Index("cases_by_status", "status", "case_id"),
    Index("cases_by_kind", "kind", "case_id"),
    Index("cases_open", "customer_id", "received_at", postgresql_where="resolved_at IS NULL"),
    Index("cases_by_contact", "customer_id", "contacted_at"),
)

stockouts = Table(
    "stockouts",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("case_id", UUID),
    Column("is_over", Boolean, nullable=False, server_default=false()),
    comment="One row an order that ever waited for stock, or was cancelled or rejected; case_id is its latest stockout case.",
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("customer_reference", Text),
    Column("line_nos", ARRAY(Integer), nullable=False),
    Column("status", Text, nullable=False),
    Column("promised_latest", INSTANT),
    Column("delivered_at", INSTANT),
    Column("ended_at", INSTANT),
    Index("orders_open", "customer_id", "promised_latest", "order_id", postgresql_where="ended_at IS NULL"),
    postgresql_with={"fillfactor": "80"},
    comment="Read model of order-intake's orders.",
)

items = Table(
    "items",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("description", Text, nullable=False),
    comment="Read model of inventory's items: what a sku is called.",
)

timeline = Table(
    "timeline",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("event_id", UUID, primary_key=True),
    Column("order_id", UUID),
    Column("type", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("recorded_at", INSTANT, nullable=False, server_default=func.now()),
    Index("timeline_by_order", "order_id", postgresql_where="order_id IS NOT NULL"),
)

issued_keys = Table(
    "issued_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("customer_id", Text),
    Column("label", Text),
    Column("role", Text),
    CheckConstraint("(role IS NULL) = (customer_id IS NOT NULL)", name="issued_keys_role_of_staff"),
    Index("issued_keys_by_customer", "customer_id", "key_id"),
    comment="What crm alone knows of a key: what it is for.",
)
