"""The plumbing's tables, the same in every service's database."""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import UUID

from shared.audit.tables import add_audit
from shared.key_tables import add_keys

INSTANT = DateTime(timezone=True)
LARGEST_EVENT = 262_144
"""Bytes of the largest event body, 256 KiB."""


def one_of(column: str, values: Iterable[str]) -> str:
    """The condition of a CHECK: nothing else stands in the column."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def add_plumbing(metadata: MetaData) -> None:
    """Declare the plumbing's tables beside a service's own."""
    _ledger(metadata)
    _sending(metadata)
    _places(metadata)
    _applied(metadata)
    _callers(metadata)
    _timers(metadata)
    add_audit(metadata)


def _ledger(metadata: MetaData) -> None:
    """What was said, never changed; a leaf a day."""
    ids = Sequence("outbox_id_seq", metadata=metadata, data_type=BigInteger, cache=1)
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, ids, nullable=False, server_default=ids.next_value()),
        Column("created_at", INSTANT, nullable=False, server_default=func.now()),
        Column("event_id", UUID, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("aggregate", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("type", Text, nullable=False),
        Column("customer_id", Text, nullable=False),
        Column("occurred_at", INSTANT, nullable=False),
        Column("correlation_id", UUID, nullable=False),
        Column("causation_id", UUID),
        Column("traceparent", Text),
        Column("body", LargeBinary, nullable=False),
        CheckConstraint(f"octet_length(body) <= {LARGEST_EVENT}", name="outbox_body_fits"),
        PrimaryKeyConstraint("created_at", "id", name="outbox_pkey"),
        postgresql_partition_by="RANGE (created_at)",
    )


def _sending(metadata: MetaData) -> None:
    """What the relay still has to send, and who may."""
    Table(
        "outbox_pending",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("created_at", INSTANT, nullable=False),
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    Table(
        "relay_lease",
        metadata,
        Column("name", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Column("renewed_at", INSTANT, nullable=False),
    )


def _places(metadata: MetaData) -> None:
    """How far each consumer has read."""
    Table(
        "consumer_offsets",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next_offset", BigInteger, nullable=False),
        Column("last_event_id", Text),
    )


def _applied(metadata: MetaData) -> None:
    """How far each aggregate was applied, and what waits for its turn."""
    Table(
        "progress",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("aggregate", Text, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("parked_at", INSTANT),
        Column("parked_because", Text),
        Index("progress_parked", "consumer", "parked_at", postgresql_where="parked_at IS NOT NULL"),
        postgresql_with={"fillfactor": "70"},
    )
    Table(
        "waiting",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("aggregate", Text, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("event", LargeBinary, nullable=False),
        Column("since", INSTANT, nullable=False, server_default=func.now()),
    )


def _callers(metadata: MetaData) -> None:
    """Who may call, and which answers were already given."""
    add_keys(metadata)
    Table(
        "idempotency_keys",
        metadata,
        Column("caller", Text, primary_key=True),
        Column("route", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", INSTANT, nullable=False, server_default=func.now()),
        Column("customer_id", Text),
        Index("idempotency_keys_age", "created_at"),
    )


def _timers(metadata: MetaData) -> None:
    Table(
        "timers",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=True),
        Column("kind", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("due_at", INSTANT, nullable=False),
        Column("failures", Integer, nullable=False, server_default="0"),
        Index("timers_due", "due_at"),
    )
