"""A command that finds what it needs away says so in a line; it is no fault of whoever called it."""

import os
import sys
from importlib import import_module
from pathlib import Path

import pytest
from shared.main import main
from shared.settings import Settings

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


@pytest.mark.parametrize(
    ("named", "found"), [(None, "postgresql://127.0.0.1/of-the-stack"), ("other.env", "postgresql://127.0.0.1/of-another")]
)
def test_where_the_environment_says_nothing_the_stack_file_does(
    named: str | None, found: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/stack.env").write_text("DATABASE_URL=postgresql://127.0.0.1/of-the-stack\n")
    (tmp_path / "other.env").write_text("DATABASE_URL=postgresql://127.0.0.1/of-another\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("LSC_STACK_FILE")
    if named:
        monkeypatch.setenv("LSC_STACK_FILE", named)

    assert Settings().database_url == found


def test_no_test_reads_the_stack_file_of_a_system_that_runs_here() -> None:
    assert os.environ["LSC_STACK_FILE"] == os.devnull
