"""What a person at a console is shown of a refused event."""

from collections.abc import Sequence

import pytest
from fastapi import APIRouter
from shared.database import Transaction
from shared.events import OrderRejected
from shared.parked import operate
from shared.registry import Handlers
from shared.service import Service
from shared.settings import Settings
from uuid_utils.compat import uuid7

from tests.shared.plumbing import World, metadata, quiet, record, rejected

REASON = "\x1b]0;owned\x07\x1b[2J[/red] [link=file:///etc/passwd]click[/link] \u202eexe.txt\r\nall is well"
SHOWN = r"\x1b]0;owned\x07\x1b[2J[/red] [link=file:///etc/passwd]click[/link] \u202eexe.txt\x0d\x0aall is well"


def refusing() -> Handlers:
    """Handlers that repeat in their refusal what the event says."""
    handlers = Handlers()

    @handlers.on(OrderRejected, unordered=True)
    async def refuse(tx: Transaction, events: Sequence[OrderRejected]) -> None:
        raise ValueError(events[0].reason)

    return handlers


async def test_the_list_shows_an_escape_sequence_and_does_not_do_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    event = rejected(uuid7(), 1, REASON)
    await world.bus().send([record(event)])
    await quiet(world.consumer(handlers=refusing()))
    await world.pool.execute("UPDATE progress SET parked_because = $1", REASON)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("DATABASE_URL", world.url)
    service = Service("listener", "shared", "Listener", Settings, metadata, APIRouter(), refusing())

    capsys.readouterr()

    await operate(service, Settings(), "list", None)
    listed = capsys.readouterr().out
    await operate(service, Settings(), "replay", event.aggregate)
    replayed = capsys.readouterr().out

    assert event.aggregate in listed
    assert SHOWN in listed
    assert "[link=file:///etc/passwd]click[/link]" in replayed
    assert (listed + replayed).replace("\n", "").isprintable()
