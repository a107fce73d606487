"""Canaries go into a running process by every way there is, with the log at its most talkative; its output has none of them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex, token_urlsafe

import httpx
import pytest
from shared.migrations import migrate
from shared.secrets import password_of
from shared.walls import Role, entered_as

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres

SERVING = [sys.executable, "-m", "tests.shared.leaky", "--only", "api"]
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(SERVING, cwd=ROOT, env=os.environ | environment, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def answering(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/broken?q=1").status_code == 500:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("It does not answer.")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """Of the test's own, because its password changes."""
    with Postgres(tmp_path / "postgres", fsync=False) as made:
        made.create_service("crm")
        migrate("crm", entered_as(made.url("crm", "crm"), "crm", Role.OWNER))
        yield made


def test_nothing_secret_that_is_sent_is_written(server: Postgres, tmp_path: Path) -> None:
    canary, url = token_urlsafe(32), server.url("crm", "crm")
    login, password = url.removeprefix("postgresql://").partition("@")[0].split(":")
    key, port, log = f"operator.{canary}", free_port(), tmp_path / "log"
    sent = [token_urlsafe(32) for _ in range(6)]

    with (
        running(log, DATABASE_URL=url, LSC_OPERATOR_KEY=key, LSC_PORT=str(port), LSC_LOG_LEVEL="debug") as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}", "Connection": "close"}) as client,
    ):
        answering(client, process)
        answers = sent_everywhere(client, url, sent)
        server._psql(f"ALTER ROLE {login} PASSWORD '{password}x'")
        server._psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{login}'")
        answers.append(client.get("/broken", params={"q": f"password={sent[0]}"}))

    written = log.read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    assert {answer.status_code for answer in answers} >= {500, 401, 405}
    assert sum(line["event"] == "request.failed" for line in lines) >= 3
    assert sum(line["event"].startswith("lost ") for line in lines) >= 3
    assert "InvalidPasswordError" in written
    assert [written[(at := written.index(secret)) - 60 : at + 60] for secret in (canary, password, *sent) if secret in written] == []
    assert all(answer.status_code != 500 or len(answer.content) < 400 for answer in answers)


def sent_everywhere(client: httpx.Client, url: str, sent: list[str]) -> list[httpx.Response]:
    """In queries, header fields and a body; the address of the database too."""
    return [
        client.get("/broken", params={"q": f"password={sent[0]}", "token": sent[1]}),
        client.get("/broken", params={"q": f"nobody.{sent[2]}"}, headers={"Cookie": f"session={sent[3]}"}),
        client.get("/broken", params={"q": url}, headers={"X-Api-Key": sent[4]}),
        client.get("/broken?q=1", headers={"Authorization": f"Bearer nobody.{sent[5]}"}),
        client.post("/broken", content=f'{{"secret": "{sent[0]}"'),
    ]


@pytest.mark.parametrize("role", [["--only", "api"], ["--only", "worker"], ["migrate"]])
def test_a_start_with_a_wrong_password_does_not_write_it(postgres: Postgres, role: list[str]) -> None:
    url, wrong = postgres.url("postgres"), token_hex(16)
    environment = os.environ | {
        "DATABASE_URL": url.replace(password_of(url), wrong),
        "LSC_PORT": str(free_port()),
        "LSC_LOG_LEVEL": "debug",
    }

    ended = subprocess.run([sys.executable, "-m", "crm", *role], env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode not in {0, 2}
    assert "InvalidPasswordError" in ended.stderr
    assert wrong not in ended.stderr + ended.stdout
