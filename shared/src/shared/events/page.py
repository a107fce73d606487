"""The contract as a page to read: a table for every topic, then the parts that bodies are made of."""

from collections.abc import Iterable, Mapping

from shared.events import EVENTS, OWNERS, Event, Topic
from shared.events.asyncapi import HEADERS, Json, events_of, meaning, pattern, schemas

INTRODUCTION = """# Events

Generated from `shared/src/shared/events` by `python -m shared.docs`; the same for tools is `asyncapi.json` (AsyncAPI 3).

Every topic has one owner, the only service that sends to it. What has the same key is heard in the order in which it was said;
between keys and between topics no order is promised. An event may come twice; `ce_aggregateversion` counts 1, 2, 3 within its
aggregate. Fields are only ever added: ignore those you do not know. `?` marks a field that may be missing or null, `[]` a list.
What a service refused lies, as it came, on `<service>.dead-letters`."""


def page() -> str:
    made = schemas()
    topics = [_topic(topic, made) for topic in Topic]
    names = {event.__name__ for event in EVENTS.values()}
    rest = {name: schema for name, schema in made.items() if name not in names}
    return "\n\n".join([INTRODUCTION, *topics, _parts(rest), _choices(rest), _headers()]) + "\n"


def _topic(topic: Topic, made: Mapping[str, Json]) -> str:
    events = events_of(topic)
    title = f"## {topic}\n\nOwner: {OWNERS[topic]}. Key: `{_plain(pattern(events[0]).key)}`."
    return f"{title}\n\n" + _table(("event", "aggregate", "meaning", "body"), [_event(event, made) for event in events])


def _event(event: type[Event], made: Mapping[str, Json]) -> tuple[str, ...]:
    return f"`{event.type}`", f"`{_plain(pattern(event).aggregate)}`", meaning(event), _fields(made[event.__name__])


def _parts(rest: Mapping[str, Json]) -> str:
    rows = [(f"`{name}`", _said(schema), _fields(schema)) for name, schema in rest.items() if _get(schema, "properties")]
    return "## Parts of bodies\n\n" + _table(("part", "meaning", "fields"), rows)


def _choices(rest: Mapping[str, Json]) -> str:
    rows = [(f"`{name}`", _said(schema), _list(_get(schema, "enum"))) for name, schema in rest.items() if _get(schema, "enum")]
    return "## Choices\n\n" + _table(("name", "meaning", "values"), rows)


def _headers() -> str:
    rows = [(f"`{name}`", "yes" if always else "no", text) for name, (_, text, always) in HEADERS.items()]
    return "## Headers\n\nCloudEvents 1.0 in Kafka's binary mode.\n\n" + _table(("header", "always", "meaning"), rows)


def _fields(schema: Json) -> str:
    properties, required = _get(schema, "properties"), _get(schema, "required")
    assert isinstance(properties, Mapping)
    needed = required if isinstance(required, list) else []
    return ", ".join(f"`{name}{'' if name in needed else '?'}` {_kind(of)}" for name, of in properties.items())


def _kind(schema: Json) -> str:
    """A type in a word: a part's name, a format, or what JSON calls it."""
    options = _get(schema, "anyOf")
    if isinstance(options, list):
        return " or ".join(_kind(option) for option in options if _get(option, "type") != "null")
    if _get(schema, "type") == "array":
        return f"{_kind(_get(schema, 'items'))}[]"
    return str(_get(schema, "$ref") or _get(schema, "format") or _get(schema, "type")).rpartition("/")[2]


def _get(schema: Json, name: str) -> Json:
    return schema.get(name) if isinstance(schema, Mapping) else None


def _said(schema: Json) -> str:
    return " ".join(str(_get(schema, "description") or "").split())


def _list(values: Json) -> str:
    return ", ".join(f"`{value}`" for value in values) if isinstance(values, list) else ""


def _plain(pattern: str) -> str:
    return pattern.replace("{", "").replace("}", "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
