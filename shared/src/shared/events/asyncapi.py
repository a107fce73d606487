"""The contract as an AsyncAPI 3.0 document, made from the event classes."""

from collections.abc import Mapping, Sequence
from inspect import getdoc

from pydantic.json_schema import models_json_schema

from shared.events import EVENTS, OWNERS, Event, Topic

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None

IN_HEADERS = frozenset(Event.model_fields)
"""Fields of every event that travel in the headers."""

HEADERS: dict[str, tuple[str, str, bool]] = {
    "content-type": ("", "application/json", True),
    "ce_specversion": ("", "1.0", True),
    "ce_id": ("uuid", "The event's id: the same event sent twice has the same.", True),
    "ce_type": ("", "Which event it is; a break of its body is a new number at the end.", True),
    "ce_source": ("uri-reference", "The service that says it.", True),
    "ce_subject": ("", "The aggregate, as kind/id.", True),
    "ce_time": ("date-time", "When it happened.", True),
    "ce_recordedtime": ("date-time", "When the service wrote it down.", True),
    "ce_customerid": ("", "The owner of the goods.", True),
    "ce_aggregateversion": ("", "Counts the aggregate's events, 1, 2, 3 without gaps, in decimal digits.", True),
    "ce_correlationid": ("uuid", "The same for everything that one request set off.", True),
    "ce_causationid": ("uuid", "The event that this one answers; missing where a request or a timer was the cause.", False),
    "ce_traceparent": ("", "W3C trace context of the request.", False),
}
"""Header: its format, its meaning (or its only value), and whether it is always there."""


def document() -> Mapping[str, Json]:
    """Everything that is said between the services, for readers and for tools."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Logistics Service Center",
            "version": "1.0.0",
            "description": "What five services tell each other. Each topic has one owner, the only one that sends to it. Grow only: "
            "fields are added, never changed; ignore fields and types that you do not know. Expect every event twice and late; "
            "ce_aggregateversion says which one is next.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in Topic},
        "operations": {f"{OWNERS[topic]}-says-{topic}": _operation(topic) for topic in Topic},
        "components": {
            "messages": {event.__name__: _message(event) for event in EVENTS.values()},
            "schemas": {"Headers": _headers(), **schemas()},
            "correlationIds": {"chain": {"location": "$message.header#/ce_correlationid"}},
        },
    }


def events_of(topic: Topic) -> list[type[Event]]:
    return [event for event in EVENTS.values() if event.topic is topic]


def meaning(event: type[Event]) -> str:
    return " ".join((getdoc(event) or "").split())


def pattern(event: type[Event]) -> Event:
    """The event with its fields' names in braces for values: so `key` and `aggregate` show how they are made."""
    names = {name: f"{{{name}}}" for name in event.model_fields}
    return event.model_construct(**names)  # type: ignore[arg-type]  # names stand where values would


def _channel(topic: Topic) -> Json:
    events = events_of(topic)
    key = pattern(events[0]).key
    return {
        "address": topic,
        "title": topic.capitalize(),
        "description": f"Owner: {OWNERS[topic]}. Key: {key}. What has the same key comes in the order in which it was said.",
        "messages": {event.__name__: _ref("components/messages", event.__name__) for event in events},
        "bindings": {"kafka": {"topic": topic, "topicConfiguration": {"retention.ms": -1}, "bindingVersion": "0.5.0"}},
        "tags": [{"name": OWNERS[topic]}],
    }


def _operation(topic: Topic) -> Json:
    return {
        "action": "send",
        "title": f"{OWNERS[topic]} says what happened to its {topic}",
        "channel": _ref("channels", topic),
        "messages": [_ref(f"channels/{topic}/messages", event.__name__) for event in events_of(topic)],
        "tags": [{"name": OWNERS[topic]}],
    }


def _message(event: type[Event]) -> Json:
    said: dict[str, Json] = {
        "ce_type": {"const": event.type},
        "ce_source": {"const": f"/{OWNERS[event.topic]}"},
        "ce_subject": {"description": pattern(event).aggregate},
    }
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": meaning(event),
        "contentType": "application/json",
        "correlationId": _ref("components/correlationIds", "chain"),
        "headers": {"allOf": [_ref("components/schemas", "Headers"), {"type": "object", "properties": said}]},
        "payload": _ref("components/schemas", event.__name__),
        "bindings": {"kafka": {"key": {"type": "string", "description": pattern(event).key}, "bindingVersion": "0.5.0"}},
    }


def _headers() -> Json:
    constant = ("content-type", "ce_specversion")
    properties: dict[str, Json] = {}
    for name, (form, text, _) in HEADERS.items():
        said: dict[str, Json] = {"const": text} if name in constant else {"description": text}
        properties[name] = {"type": "string", **({"format": form} if form else {}), **said}
    return {
        "type": "object",
        "description": "CloudEvents 1.0 in Kafka's binary mode.",
        "properties": properties,
        "required": [name for name, (_, _, always) in HEADERS.items() if always],
    }


def schemas() -> dict[str, Json]:
    """The bodies, as a reader must take them: without the fields that travel in the headers."""
    _, made = models_json_schema([(event, "validation") for event in EVENTS.values()], ref_template="#/components/schemas/{model}")
    return {name: _body(schema) for name, schema in sorted(made["$defs"].items())}


def _body(schema: Mapping[str, Json]) -> Json:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping) or "occurred_at" not in properties:
        return schema
    kept: dict[str, Json] = {name: value for name, value in properties.items() if name not in IN_HEADERS}
    assert isinstance(required, Sequence)
    return {**schema, "properties": kept, "required": [name for name in required if name not in IN_HEADERS]}


def _ref(folder: str, name: str) -> Json:
    return {"$ref": f"#/{folder}/{name}"}
