import json
from dataclasses import replace
from datetime import datetime

import pytest
from shared.envelope import Unreadable, event_in, opened
from shared.events import EVENTS, OWNERS, Event, Topic

from tests.contracts.catalogue import Sample, found, noted, samples

ALL = samples()
each_sample = pytest.mark.parametrize("sample", ALL, ids=[sample.name for sample in ALL])
each_event = pytest.mark.parametrize("event", tuple(EVENTS.values()), ids=tuple(EVENTS))


def test_published_samples_are_never_changed_and_never_removed() -> None:
    assert noted()
    assert found() == noted(), "Run `python -m tests.contracts.catalogue`: it notes new samples, and says which old ones were touched."


@each_sample
def test_a_published_sample_is_read_for_ever(sample: Sample) -> None:
    event = sample.event

    assert event.type == sample.type == sample.headers["ce_type"]
    assert (event.topic, event.key, event.aggregate) == (sample.topic, sample.key, sample.headers["ce_subject"])
    assert sample.headers["ce_source"] == f"/{OWNERS[Topic(sample.topic)]}"
    assert (str(event.event_id), event.version) == (sample.headers["ce_id"], int(sample.headers["ce_aggregateversion"]))
    assert event.occurred_at == datetime.fromisoformat(sample.headers["ce_time"])


@each_sample
def test_what_is_read_is_what_was_said(sample: Sample) -> None:
    said_again = json.loads(sample.event.model_dump_json())

    assert _missing(sample.body, said_again) == []


@each_sample
def test_fields_of_the_future_are_ignored(sample: Sample) -> None:
    future = replace(sample, body=_with_news(sample.body), headers={**sample.headers, "ce_future": "x"})  # type: ignore[arg-type]

    assert future.event == sample.event


@each_sample
def test_a_body_without_a_field_that_it_needs_is_unreadable(sample: Sample) -> None:
    needed = [name for name, field in EVENTS[sample.type].model_fields.items() if field.is_required() and not field.exclude]

    for name in needed:
        rest = {field: value for field, value in sample.body.items() if field != name}
        with pytest.raises(Unreadable):
            event_in(opened(replace(sample, body=rest).heard))


@each_event
def test_every_event_has_samples_with_and_without_its_optional_fields(event: type[Event]) -> None:
    bodies = [sample.body for sample in ALL if sample.type == event.type]
    optional = [name for name, field in event.model_fields.items() if not field.is_required() and not field.exclude]

    assert bodies
    for name in optional:
        assert any(body.get(name) is not None for body in bodies), f"no sample of {event.type} has {name}"
        assert any(name not in body for body in bodies), f"every sample of {event.type} has {name}"


def test_no_sample_is_of_an_unknown_type() -> None:
    assert {sample.type for sample in ALL} == set(EVENTS)


def _missing(said: object, again: object, path: str = "") -> list[str]:
    """Where `again` lacks or changes something of `said`."""
    if isinstance(said, dict) and isinstance(again, dict):
        return [fault for name, value in said.items() for fault in _missing(value, again.get(name, "nothing"), f"{path}/{name}")]
    if isinstance(said, list) and isinstance(again, list) and len(said) == len(again):
        return [fault for index, value in enumerate(said) for fault in _missing(value, again[index], f"{path}/{index}")]
    return [] if said == again else [path]


def _with_news(value: object) -> object:
    if isinstance(value, dict):
        return {**{name: _with_news(each) for name, each in value.items()}, "a_field_of_the_future": {"x": [1]}}
    return [_with_news(each) for each in value] if isinstance(value, list) else value
