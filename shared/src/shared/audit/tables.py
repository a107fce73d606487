"""Two tables that only grow, in every service: who did what, and the seals that prove it."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Index, Integer, LargeBinary, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, UUID

INSTANT = DateTime(timezone=True)
_declared = MetaData()

audit = Table(
    "audit",
    _declared,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", INSTANT, nullable=False, server_default=func.now()),
    Column("caller", Text, nullable=False),
    Column("customer_id", Text),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text(collation="C"), nullable=False),
    Column("items", ARRAY(Text)),
    Column("things", Integer, nullable=False),
    Column("status", Integer),
    Column("client", Text),
    Column("correlation_id", UUID, nullable=False),
    CheckConstraint("kind IN ('staff', 'customer', 'console')", name="audit_kind"),
    Index("audit_at", "at"),
    Index("audit_by_caller", "caller", "at"),
    Index("audit_by_action", "action", "at"),
    Index("audit_by_subject", "subject"),
    Index("audit_by_item", "items", postgresql_using="gin", postgresql_where="items IS NOT NULL"),
    Index("audit_by_correlation", "correlation_id"),
)
"""`subject` is the path of the thing; of a batch that of the collection, and `items` are the paths of its `things` things."""

seals = Table(
    "audit_seals",
    _declared,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed_at", INSTANT, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("top", BigInteger, nullable=False),
    Column("ids", ARRAY(BigInteger), nullable=False),
    Column("row_hashes", LargeBinary, nullable=False),
    Column("awaited", ARRAY(BigInteger), nullable=False),
    Column("awaited_since", ARRAY(INSTANT), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("octet_length(row_hashes) = 32 * cardinality(ids) AND octet_length(hash) = 32", name="audit_seals_whole"),
)
"""`entries` and `top` are how many entries, and up to which id, are sealed; `awaited` are ids below `top` that may still be committed."""


def add_audit(metadata: MetaData) -> None:
    for table in (audit, seals):
        table.to_metadata(metadata)
