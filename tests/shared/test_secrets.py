"""What is refused where a secret should stand, and that a refusal never says it."""

import os
import subprocess
import sys
from secrets import token_bytes, token_hex, token_urlsafe

import pytest
from shared.secrets import weak_database, weak_key, weakness
from shared.settings import Settings
from shared.starting import read_settings

GUESSABLE = [
    "short",
    "x" * 40,
    "0123456789abcdef0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
    "9f8a7b6c9f8a7b6c9f8a7b6c9f8a7b6c",
    "changeme-9Qm2Lx7Vt4Rz8Kc1Wn6Yp3Bs5",
    "choose_at_least_32_characters_here!!",
    "this-is-My-Password-and-it-is-so-long",
]


@pytest.mark.parametrize("secret", GUESSABLE)
def test_what_can_be_guessed_is_no_secret(secret: str) -> None:
    why = weakness(secret)

    assert why
    assert secret not in why
    assert weak_key(f"operator.{secret}") == why


def test_what_the_sentence_tells_to_make_is_good() -> None:
    made = [make(size) for make in (token_urlsafe, token_hex) for size in (24, 32, 40) for _ in range(300)]
    made += [token_bytes(16).hex() for _ in range(300)]

    assert [secret for secret in made if weakness(secret)] == []


@pytest.mark.parametrize(
    "key",
    ["", "operator", "operator.", ".x", "a b.x", f"operator.{token_hex(20)}.more", f"{'o' * 41}.{token_hex(20)}"],
    ids=["nothing", "no secret", "empty secret", "no id", "blank", "three parts", "long id"],
)
def test_a_key_has_an_id_and_a_secret(key: str) -> None:
    assert weak_key(key)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://crm@db:5432/crm",
        "postgresql://crm:@db/crm",
        "postgresql://postgres:postgres@10.0.0.7/{database}",
        "postgresql://crm:password1@db/crm",
        "postgresql://crm_service_login:crm_service_login@db/crm",  # no secret: refused
        "postgresql://crm:Tr0ub4dor@db/crm",  # no secret: refused
        "postgresql://crm:aaaaaaaaaaaaaaaa@db/crm",
        "postgresql://crm@/crm?host=db.example.org",
        "postgresql://crm:a/b@db/crm",
        "mysql://crm:V7qLm2Zx9TtKw4@db/crm",  # no secret: of this test
    ],
)
def test_a_database_behind_the_network_needs_a_password(url: str) -> None:
    assert weak_database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://{database}:V7qLm2Zx9TtKw4@postgres:5432/{database}",  # no secret: of this test
        "postgresql://postgres:postgres@127.0.0.1:5432/crm",
        "postgresql://localhost/crm",
        "postgresql://crm@[::1]/crm",
        "postgresql://crm@/crm?host=/run/postgresql",
        "postgresql://crm@db/crm?passfile=/run/secrets/pgpass",
    ],
)
def test_loopback_sockets_and_files_of_passwords_are_taken(url: str) -> None:
    assert weak_database(url) is None


@pytest.mark.parametrize(
    ("variable", "value", "canary"),
    [
        ("LSC_OPERATOR_KEY", "operator.CANARY7hQ2m", "CANARY7hQ2m"),
        ("LSC_OPERATOR_KEY", "operator." + "canary" * 8, "canarycanary"),
        ("DATABASE_URL", "postgresql://crm:CANARY9@db/crm", "CANARY9"),
        ("DATABASE_URL", "postgresql://crm:CANARY9/x@db/crm", "CANARY9"),
        ("LSC_LOG_URL", "postgresql://log:CANARY9@db/log", "CANARY9"),
        ("LSC_PORT", "CANARY9", "CANARY9"),
    ],
)
def test_a_start_that_is_refused_says_why_and_not_what(variable: str, value: str, canary: str) -> None:
    refused(["-m", "crm", "--only", "api"], variable, value, canary)


@pytest.mark.parametrize("command", ["crm migrate", "kpi.rebuild", "shared topics"])
def test_a_command_that_is_refused_says_why_and_not_what(command: str) -> None:
    refused(["-m", *command.split()], "DATABASE_URL", "postgresql://crm:CANARY9/x@db/crm", "CANARY9")


def refused(command: list[str], variable: str, value: str, canary: str) -> None:
    environment = os.environ | {"DATABASE_URL": "postgresql://crm@127.0.0.1:1/crm", variable: value}

    ended = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert f"{variable}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert canary not in ended.stderr + ended.stdout


def test_a_command_that_breaks_off_says_neither_its_secrets_nor_what_moves_the_console(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, password = token_urlsafe(32), token_hex(16)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://crm:{password}@db/crm")

    read_settings(Settings)
    sys.excepthook(RuntimeError, RuntimeError(f"no {password}, Bearer {secret} \x1b[2J"), None)

    said = capsys.readouterr().err
    assert "RuntimeError: no [redacted], Bearer [redacted] \\x1b[2J" in said
    assert secret not in said
