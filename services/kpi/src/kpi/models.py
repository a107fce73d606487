from shared.tables import INSTANT, add_plumbing
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

metadata = MetaData()
add_plumbing(metadata)

_ROOM_FOR_UPDATES = {"fillfactor": "70"}


def _codes(name: str) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default="{}")


def _count(name: str, kind: type[Integer] = BigInteger) -> Column[int]:
    return Column(name, kind, nullable=False, server_default="0")


order_facts = Table(
    "order_facts",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("consignee_code", Text),
    Column("service_level", Text),
    Column("submitted_at", INSTANT),
    Column("received_at", INSTANT),
    Column("confirmed_at", INSTANT),
    Column("promised_earliest", INSTANT),
    Column("promised_latest", INSTANT),
    Column("first_allocated_at", INSTANT),
    Column("released_at", INSTANT),
    Column("handed_over_at", INSTANT),
    Column("delivered_at", INSTANT),
    Column("cancelled_at", INSTANT),
    Column("cancelled_by", Text),
    Column("rejected_at", INSTANT),
    _count("handovers", Integer),
    _count("deliveries", Integer),
    _count("signed_deliveries", Integer),
    _codes("warehouses"),
    _codes("carriers"),
    Index("order_facts_promised", "promised_latest", "order_id", postgresql_where=text("promised_latest IS NOT NULL")),
    Index("order_facts_allocated", "first_allocated_at", "order_id", postgresql_where=text("first_allocated_at IS NOT NULL")),
    Index("order_facts_delivered", "delivered_at", "order_id", postgresql_where=text("delivered_at IS NOT NULL")),
    Index("order_facts_ended", text("COALESCE(delivered_at, promised_latest)"), "order_id"),
    postgresql_with=_ROOM_FOR_UPDATES,
    comment="One row an order: what is known of its way, in any order of hearing it.",
)

line_facts = Table(
    "line_facts",
    metadata,
    Column("order_id", UUID, primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("sku", Text),
    Column("ordered", BigInteger),
    Column("amended", BigInteger),
    Column("first_demanded", BigInteger),
    Column("first_available", BigInteger),
    Column("delivered_at", INSTANT),
    _count("advised"),
    _count("accepted"),
    _count("damaged"),
    _count("lost"),
    _codes("warehouses"),
    _codes("carriers"),
    Index("line_facts_delivered", "delivered_at", "order_id", "line_no", postgresql_where=text("delivered_at IS NOT NULL")),
    comment="One row a line of an order; ordered is what was confirmed, amended what is wanted since, 0 where the line was cancelled;"
    " first_demanded and first_available are null where the first allocation had all of it.",
)

case_facts = Table(
    "case_facts",
    metadata,
    Column("case_id", UUID, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_id", UUID),
    Column("line_no", Integer),
    Column("received_at", INSTANT),
    Column("resolved_at", INSTANT),
    Index("case_facts_received", "received_at", "case_id"),
    Index("case_facts_by_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    comment="One row a case.",
)
