from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json

from shared.bus import Heard
from shared.database import Cause, Row
from shared.events import EVENTS, Event
from shared.tables import LARGEST_EVENT

FAULTS_TOLD = 20
LARGEST_VERSION = 2**31 - 1
LONGEST_TEXT = 500
"""Bytes of what names an event or its thing. No name is half as long, and no index takes more than 2,700."""


class Unreadable(Exception):
    """The message does not say what it is, or its body does not fit its type."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers of a message say about the event in its body."""

    event_id: str
    type: str
    aggregate: str
    version: int
    customer_id: str
    key: str
    occurred_at: str
    correlation_id: str
    traceparent: bytes | None
    heard: Heard

    @property
    def cause(self) -> Cause:
        """What this event is to those that it causes."""
        trace = self.traceparent.decode("ascii", "replace") if self.traceparent else None
        return Cause(UUID(self.correlation_id), UUID(self.event_id), trace)


def headers(row: Row, source: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 in Kafka's binary mode, from a row of the outbox."""
    said = [
        _JSON,
        _CLOUD_EVENTS,
        ("ce_id", str(row["event_id"]).encode()),
        ("ce_type", row["type"].encode()),
        ("ce_source", source.encode()),
        ("ce_subject", row["aggregate"].encode()),
        ("ce_time", row["occurred_at"].isoformat().encode()),
        ("ce_recordedtime", row["created_at"].isoformat().encode()),
        ("ce_customerid", row["customer_id"].encode()),
        ("ce_aggregateversion", b"%d" % row["version"]),
        ("ce_correlationid", str(row["correlation_id"]).encode()),
    ]
    if row["causation_id"]:
        said.append(("ce_causationid", str(row["causation_id"]).encode()))
    if row["traceparent"]:
        said.append(("ce_traceparent", row["traceparent"].encode()))
    return said


_JSON = ("content-type", b"application/json")
_CLOUD_EVENTS = ("ce_specversion", b"1.0")


def opened(heard: Heard) -> Envelope:
    """Read the headers; raises Unreadable where one that is needed is missing or wrong."""
    try:
        said = dict(heard.headers)
        return Envelope(
            _text(said["ce_id"]),
            _text(said["ce_type"]),
            _text(said["ce_subject"]),
            _count(said["ce_aggregateversion"]),
            _text(said["ce_customerid"]),
            _text(heard.key or b""),
            _text(said["ce_time"]),
            _text(said["ce_correlationid"]),
            said.get("ce_traceparent"),
            heard,
        )
    except (KeyError, ValueError, AttributeError) as fault:
        raise Unreadable(f"The headers do not say what this message is: {fault!r}.") from fault


def _text(said: bytes) -> str:
    if b"\0" in said:
        raise ValueError("PostgreSQL keeps no text with NUL")
    if len(said) > LONGEST_TEXT:
        raise ValueError(f"no name has more than {LONGEST_TEXT} bytes, this one {len(said)}")
    return said.decode()


def _count(said: bytes) -> int:
    if not 0 < (count := int(said)) <= LARGEST_VERSION:
        raise ValueError(f"versions are counted from 1 to {LARGEST_VERSION}")
    return count


def event_in(envelope: Envelope) -> Event:
    """The event itself; raises Unreadable when its type is unknown or the body does not fit it."""
    said = envelope.heard.body or b""
    if len(said) > LARGEST_EVENT:
        raise Unreadable(f"The body has {len(said)} bytes; that of an event has {LARGEST_EVENT} at most.")
    try:
        body = from_json(said)
        body |= {
            "event_id": envelope.event_id,
            "customer_id": envelope.customer_id,
            "version": envelope.version,
            "occurred_at": envelope.occurred_at,
        }
        return EVENTS[envelope.type].model_validate(body)
    except (KeyError, ValueError, TypeError) as fault:
        raise Unreadable(f"The body does not fit {envelope.type}: {_told(fault)}") from fault


def _told(fault: Exception) -> str:
    """A body can be wrong in a hundred thousand places, and to tell them all would hold up what follows."""
    if isinstance(fault, ValidationError) and fault.error_count() > FAULTS_TOLD:
        return f"it is wrong in {fault.error_count()} places"
    return str(fault)


def unique(envelopes: Sequence[Envelope]) -> list[Envelope]:
    """The first of each event id."""
    return list({envelope.event_id: envelope for envelope in reversed(envelopes)}.values())[::-1]
