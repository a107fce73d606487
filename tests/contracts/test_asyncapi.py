import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from jsonschema_rs import validator_for
from shared.docs import documents, stale
from shared.events import EVENTS, OWNERS, Event, Topic
from shared.events.asyncapi import IN_HEADERS, Json, document

from tests.contracts.catalogue import Sample, samples

DOCUMENT = json.loads(json.dumps(document()))
NAME = re.compile(r"[A-Za-z0-9_\-]+")
ALL = samples()


def _follow(reference: str) -> Mapping[str, Json]:
    found = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    assert isinstance(found, Mapping)
    return found


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name == "$ref":
                assert isinstance(each, str)
                yield each
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_it_has_what_asyncapi_3_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    assert set(DOCUMENT) <= {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    named = [DOCUMENT["channels"], DOCUMENT["operations"], *DOCUMENT["components"].values()]
    assert all(NAME.fullmatch(name) for group in named for name in group)


def test_every_reference_leads_somewhere() -> None:
    references = list(_references(DOCUMENT))

    assert len(references) > 100
    assert all(reference.startswith("#/") and _follow(reference) for reference in references)


def test_every_topic_is_a_channel_with_its_messages_and_its_owner_sends_them() -> None:
    senders = {operation["channel"]["$ref"]: operation for operation in DOCUMENT["operations"].values()}

    assert set(DOCUMENT["channels"]) == set(Topic)
    for topic, channel in DOCUMENT["channels"].items():
        operation = senders.pop(f"#/channels/{topic}")
        said = {_follow(_follow(message["$ref"])["$ref"])["name"] for message in operation["messages"]}  # type: ignore[arg-type]
        assert channel["address"] == topic
        assert (operation["action"], operation["tags"]) == ("send", [{"name": OWNERS[Topic(topic)]}])
        assert said == {event.type for event in EVENTS.values() if event.topic == topic}
    assert senders == {}


@pytest.mark.parametrize("event", tuple(EVENTS.values()), ids=tuple(EVENTS))
def test_every_event_is_a_message_with_headers_and_body(event: type[Event]) -> None:
    message = DOCUMENT["components"]["messages"][event.__name__]
    body = _follow(message["payload"]["$ref"])

    assert message["name"] == event.type
    assert message["headers"]["allOf"][1]["properties"]["ce_type"] == {"const": event.type}
    assert set(body["properties"]) == set(event.model_fields) - IN_HEADERS  # type: ignore[arg-type]


@pytest.mark.parametrize("sample", ALL, ids=[sample.name for sample in ALL])
def test_the_schemas_accept_what_is_on_the_wire(sample: Sample) -> None:
    message = DOCUMENT["components"]["messages"][EVENTS[sample.type].__name__]
    parts = {"components": DOCUMENT["components"]}

    body, headers = validator_for({**parts, **message["payload"]}), validator_for({**parts, **message["headers"]})

    assert [fault.message for fault in body.iter_errors(sample.body)] == []
    assert [fault.message for fault in headers.iter_errors(sample.headers)] == []


def test_the_schemas_refuse_what_is_not() -> None:
    message = DOCUMENT["components"]["messages"]["CustomerRegistered"]
    parts = {"components": DOCUMENT["components"]}

    assert not validator_for({**parts, **message["payload"]}).is_valid({"blocked": "no"})
    assert not validator_for({**parts, **message["headers"]}).is_valid({"ce_type": "customer.registered.v1"})


def test_the_documents_are_current() -> None:
    assert stale(Path(__file__).parents[2] / "docs", documents()) == [], "Run `python -m shared.docs` and commit what it writes."


def test_a_stale_document_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "shared.docs", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    missing, written, current = run("--check"), run(), run("--check")
    (tmp_path / "docs" / "events.md").write_text("old")
    old = run("--check")

    assert [missing.returncode, written.returncode, current.returncode, old.returncode] == [1, 0, 0, 1]
    assert "python -m shared.docs" in old.stderr
    assert "events.md" in old.stderr
    assert "asyncapi.json" not in old.stderr
