"""A command that finds what it needs away says so in a line; it is no fault of whoever called it."""

import os
import sys
from importlib import import_module

import pytest
from shared.main import main

from shared import __main__ as common

COMMANDS = {
    "migrate": ("crm.app", "migrate"),
    "check": ("crm.app", "check"),
    "parked": ("crm.app", "parked", "list"),
    "relay": ("crm.app", "relay", "replay", "--from", "2026-01-01T00:00:00Z"),
    "audit": ("crm.app", "audit", "verify"),
    "keys": ("crm.app", "keys", "list"),
    "topics": ("shared", "topics"),
    "topics of Kafka": ("shared", "topics"),
    "key-store": ("shared", "key-store"),
    "rewrap": ("shared", "rewrap"),
    "rebuild": ("kpi.rebuild",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_without_its_database_a_command_says_so_and_ends_as_unavailable(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("LSC_LOG_URL", "postgresql://nobody@127.0.0.1:1/log")
    monkeypatch.setenv("LSC_KEYS_URL", "postgresql://nobody@127.0.0.1:1/keys")
    if "Kafka" in name:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    with pytest.raises(SystemExit) as ended:
        _call(*COMMANDS[name], monkeypatch=monkeypatch)

    said = capfd.readouterr().err.splitlines()
    assert ended.value.code == os.EX_UNAVAILABLE, said
    assert said[-1].startswith("The database or the bus does not do this now: "), said
    assert not any("Traceback" in each for each in said)


def _call(module: str, *words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match module:
        case "shared":
            monkeypatch.setattr(sys, "argv", ["shared", *words])
            common.main()
        case "kpi.rebuild":
            monkeypatch.setattr(f"{module}.start_logging", lambda *_: None)
            import_module(module).main([])
        case _:
            main(import_module(module).SERVICE, words)
