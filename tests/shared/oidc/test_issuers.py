"""LSC_OIDC: what is taken, and what is refused at start."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from shared.settings import Settings

SOUND = {"issuer": "https://login.example.com/realm", "audience": "lsc"}


def settings(monkeypatch: pytest.MonkeyPatch, oidc: str) -> Settings:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/{database}")
    monkeypatch.setenv("LSC_OIDC", oidc)
    return Settings()


def test_issuers_come_from_the_variable_or_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps([SOUND]))

    for said in (json.dumps([SOUND]), str(file)):
        [issuer] = settings(monkeypatch, said).oidc
        assert issuer.algorithms == {"RS256", "ES256", "EdDSA"}
        assert (issuer.scope_claim, issuer.customer_claim, issuer.staff_without_customer) == ("scope", "customer_id", False)


def test_without_the_variable_there_are_no_issuers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/{database}")

    assert Settings().oidc == ()


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"algorithms": ["RS256", "HS512"]},
        {"algorithms": []},
        {"issuer": "http://login.example.com"},
        {"issuer": "ftp://login.example.com"},
        {"issuer": "login.example.com"},
        {"issuer": "https://"},
        {"issuer": "https://me:secret@login.example.com"},
        {"issuer": "https://login.example.com?realm=1"},
        {"issuer": "http://localhost.example.com"},
        {"jwks_uri": "http://login.example.com/keys"},
        {"audience": ""},
        {"audience": None},
        {"roles": {"boss": "everything"}},
        {"scope_claim": []},
        {"longest_life_seconds": 10**9},
        {"algorithm": ["RS256"]},
    ],
)
def test_what_would_open_the_door_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="oidc"):
        settings(monkeypatch, json.dumps([{**SOUND, **change}]))


@pytest.mark.parametrize("said", ["[", "{}", '"x"', "/nowhere/issuers.json", json.dumps([SOUND, SOUND])])
def test_what_is_no_list_of_different_issuers_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    with pytest.raises(ValidationError, match="oidc"):
        settings(monkeypatch, said)
