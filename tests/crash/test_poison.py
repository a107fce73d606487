"""Of poison only that is excused which the broker lost before its hearer had read it; and every kind goes wrong where it is meant to."""

import asyncio
from collections.abc import Callable
from importlib import import_module

import pytest
from shared.applying import Batch
from shared.bus import Heard, Partition, partition_of
from shared.database import Transaction, open_pool
from shared.envelope import Unreadable, event_in, opened
from shared.events import EVENTS
from shared.registry import Handlers
from shared.walls import Role, entered_as
from uuid_utils.compat import uuid7

from tests.crash import checks
from tests.crash.checks import _buried, _differing
from tests.crash.faults import Field
from tests.crash.faults.catalogue import Places, Poisoned, Spot
from tests.crash.faults.events import KINDS, TYPES, UNREADABLE, Said, _expected
from tests.crash.profiles import Profile
from tests.crash.result import Result

BOTH = frozenset({"crm", "kpi"})
THING = "order/deadbeef-1"
REFUSED = "a text that PostgreSQL refuses"


def at(crm: int, kpi: int) -> Places:
    return {"crm": {("orders", 3): crm}, "kpi": {("orders", 3): kpi}}


def a_poison(before: Places, offset: int = 10) -> Poisoned:
    return Poisoned(THING, "orders", BOTH, BOTH).said(Spot.of("orders", 3, offset, before))


def undone(ground: Field) -> list[str]:
    return Result(Profile("tried", 1, 1.0, {}), 1, ground=ground).undone


@pytest.mark.parametrize(
    ("before", "at_the_loss", "certain"),
    [
        (at(10, 0), at(11, 11), {"crm", "kpi"}),
        (at(10, 10), at(11, 10), {"crm"}),
        ({"crm": {}, "kpi": {}}, at(12, 0), {"crm"}),
        (at(10, 10), {"kpi": {("orders", 3): 11}}, {"kpi"}),
        ({"kpi": {}}, at(11, 11), {"kpi"}),
        (at(500, 10), at(500, 11), {"kpi"}),
    ],
    ids=["all read it", "one did not", "never read before", "one does not answer", "one did not answer before", "a place of an older log"],
)
def test_who_had_read_it_before_it_was_lost_has_no_excuse(before: Places, at_the_loss: Places, certain: set[str]) -> None:
    poison = a_poison(before)
    assert poison.certain == BOTH

    assert poison.lost(at_the_loss).certain == certain


async def test_a_database_that_does_not_answer_says_nothing_of_its_places(ground: Field) -> None:
    assert await ground.places() == {}


async def test_places_are_those_of_the_database(ground: Field, database_of: Callable[[str], str]) -> None:
    ground.target = ground.target.model_copy(update={"database_url": await asyncio.to_thread(database_of, "crm")})
    pool = await open_pool(ground.target.database("crm", Role.OWNER), 1)
    await pool.execute("INSERT INTO consumer_offsets VALUES ('crm', 'tried', 3, 12, NULL)")
    try:
        places = await ground.places()
    finally:
        await pool.execute("DELETE FROM consumer_offsets WHERE topic = 'tried'")
        await pool.close()

    assert places["crm"]["tried", 3] == 12


def test_a_second_loss_takes_nothing_back_that_was_read_before_the_first() -> None:
    assert a_poison(at(0, 0)).lost(at(11, 4)).lost(at(0, 20)).certain == {"crm"}


def test_what_was_not_said_for_certain_is_asked_of_nobody() -> None:
    assert Poisoned(THING, "orders", BOTH, BOTH).lost(at(11, 11)).certain == frozenset()


@pytest.mark.parametrize(
    ("parked", "found"), [({}, "has not parked"), ({THING: [1]}, "holds versions"), ({THING: [1, 2]}, "")], ids=["not", "half", "whole"]
)
def test_after_a_loss_it_is_still_asked_of_those_who_had_read_it(ground: Field, parked: dict[str, list[int]], found: str) -> None:
    ground.poisoned["mark"] = a_poison(at(0, 0))
    ground.forget_poison(at(11, 0))

    assert [found in finding.first for finding in _differing("crm", parked, ground.poisoned.values())] == [True] * bool(found)
    assert _differing("kpi", {}, ground.poisoned.values()) == []


def test_after_a_loss_letters_are_still_asked_of_those_who_had_read_it(ground: Field) -> None:
    ground.poisoned["mark"] = a_poison(at(0, 0))
    ground.forget_poison(at(11, 0))

    assert [finding.invariant for finding in _buried("crm", [], ground.poisoned)] == [checks.BURIED]
    assert _buried("crm", ["mark"], ground.poisoned) == _buried("kpi", [], ground.poisoned) == []


def test_a_run_that_lost_all_of_its_poison_proves_nothing_of_it(ground: Field) -> None:
    ground.poisoned |= {"mark": a_poison(at(0, 0)), "buried": Poisoned("order/2", "orders", frozenset(), BOTH, BOTH)}
    assert "poison that somebody has to have parked" not in undone(ground)

    ground.forget_poison(at(3, 3))
    assert "poison that somebody has to have parked" in undone(ground)


def said_of(kind: str) -> tuple[Said, Heard]:
    said = Said(f"deadbeef{str(uuid7())[8:]}", TYPES.get(kind, "order.rejected.v1"), "mark")
    key, body, written = KINDS[kind](said)
    return said, Heard(
        Partition("orders", partition_of(said.thing)), 0, key, [(name, value) for name, value in written if value is not None], body
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_goes_wrong_where_it_is_meant_to(kind: str) -> None:
    _, heard = said_of(kind)
    if kind in UNREADABLE:
        with pytest.raises(Unreadable):
            opened(heard)
    elif kind == REFUSED:
        assert event_in(opened(heard)).type == TYPES[kind]
    else:
        with pytest.raises(Unreadable):
            event_in(opened(heard))


async def test_who_listens_parks_what_its_database_refuses(database_of: Callable[[str], str]) -> None:
    said, heard = said_of(REFUSED)
    type_ = TYPES[REFUSED]
    parks = _expected(EVENTS[type_].topic, type_, said, REFUSED).parks
    assert parks

    for service in sorted(parks):
        assert "CharacterNotInRepertoireError" in await _refusal(service, heard, database_of)


async def _refusal(service: str, heard: Heard, database_of: Callable[[str], str]) -> str:
    package = service.replace("-", "_")
    handlers: Handlers = import_module(f"{package}.app").SERVICE.handlers
    pool = await open_pool(entered_as(await asyncio.to_thread(database_of, package), package, Role.WORKER), 1)
    tx = Transaction(pool)
    try:
        batch = Batch(tx, service, handlers, careful=True)
        await batch.apply([heard])
        return " ".join(one.reason for one in batch.refused)
    finally:
        await tx.rollback()
        await pool.close()
