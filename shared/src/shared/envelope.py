from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import from_json

from shared.bus import Heard
from shared.database import Row
from shared.events import EVENTS, Event


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
    recorded_at: str
    correlation_id: str
    traceparent: str | None
    heard: Heard


def headers(row: Row, source: str) -> tuple[tuple[str, bytes], ...]:
    """CloudEvents 1.0 in Kafka's binary mode, from a row of the outbox."""
    texts = [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_id", str(row["event_id"])),
        ("ce_type", row["type"]),
        ("ce_source", source),
        ("ce_subject", row["aggregate"]),
        ("ce_time", row["occurred_at"].isoformat()),
        ("ce_recordedtime", row["created_at"].isoformat()),
        ("ce_customerid", row["customer_id"]),
        ("ce_aggregateversion", str(row["version"])),
        ("ce_correlationid", str(row["correlation_id"])),
    ]
    if row["causation_id"]:
        texts.append(("ce_causationid", str(row["causation_id"])))
    if row["traceparent"]:
        texts.append(("ce_traceparent", row["traceparent"]))
    return tuple((name, text.encode()) for name, text in texts)


def opened(heard: Heard) -> Envelope:
    """Read the headers; raises Unreadable where one that is needed is missing or wrong."""
    try:
        said = {name: value.decode() for name, value in heard.headers}
        return Envelope(
            said["ce_id"],
            said["ce_type"],
            said["ce_subject"],
            int(said["ce_aggregateversion"]),
            said["ce_customerid"],
            (heard.key or b"").decode(),
            said["ce_time"],
            said["ce_recordedtime"],
            said["ce_correlationid"],
            said.get("ce_traceparent"),
            heard,
        )
    except (KeyError, ValueError, AttributeError) as fault:
        raise Unreadable(f"The headers do not say what this message is: {fault!r}.") from fault


def event_in(envelope: Envelope) -> Event:
    """The event itself; raises Unreadable when its type is unknown or the body does not fit it."""
    try:
        body = from_json(envelope.heard.body or b"")
        body |= {
            "event_id": envelope.event_id,
            "customer_id": envelope.customer_id,
            "version": envelope.version,
            "occurred_at": envelope.occurred_at,
        }
        return EVENTS[envelope.type].model_validate(body)
    except (KeyError, ValueError, TypeError, ValidationError) as fault:
        raise Unreadable(f"The body does not fit {envelope.type}: {fault}") from fault


def unique(envelopes: Sequence[Envelope]) -> list[Envelope]:
    """The first of each event id."""
    return list({envelope.event_id: envelope for envelope in reversed(envelopes)}.values())[::-1]
