"""Who calls a running service: what its server makes of headers, and whose address counts."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from shared.settings import Settings

from tests.conftest import OPERATOR_KEY
from tests.contracts.test_hostile_http import running

GARBAGE = [
    b"",
    b"Bearer",
    b"Bearer .",
    b"Bearer " + b"." * 60_000,
    b"Bearer k." + b"x" * 60_000,
    b"Bearer k." + b"x" * 1_000_000,
    b"Bearer \xff\xfe.\xc3\xa4\xf0\x9f\x94\x91",
    b"Bearer a.b.c",
    b"Bearer eyJhbGciOiJub25lIn0.e30.",
    b"Basic " + b"QQ==" * 1000,
    b"\x01\x02 \x7f",
]


def test_garbage_for_a_key_is_refused_and_no_fault_of_ours(database_of: Callable[[str], str], tmp_path: Path) -> None:
    with running("kpi", database_of("kpi"), tmp_path) as address:
        statuses = [httpx.get(f"{address}/kpis", headers={b"Authorization": header}).status_code for header in GARBAGE]
        statuses += [
            httpx.get(f"{address}/kpis", headers=[("Authorization", f"Bearer {key}") for key in ("a.b", OPERATOR_KEY)]).status_code
        ]

    assert set(statuses) <= {400, 401, 429, 431}
    assert statuses.count(401) > 5
    assert '"level": "error"' not in (tmp_path / "api.log").read_text()


@pytest.mark.parametrize(
    ("proxies", "statuses"), [("", [401, 401, 429, 429]), ("127.0.0.1", [401, 401, 429, 401]), ("192.0.2.0/24", [401, 401, 429, 429])]
)
def test_a_proxys_word_counts_only_where_it_is_trusted(
    database_of: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: str, statuses: list[int]
) -> None:
    monkeypatch.setenv("LSC_TRIES_PER_KEY", "2")
    monkeypatch.setenv("LSC_TRUSTED_PROXIES", proxies)
    with running("kpi", database_of("kpi"), tmp_path) as address:

        def tries(client: str) -> int:
            headers = {"Authorization": "Bearer operator.wrong", "X-Forwarded-For": client}
            return httpx.get(f"{address}/kpis", headers=headers).status_code

        seen = [tries(client) for client in ("198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.2")]

    assert seen == statuses


def test_settings_refuse_proxies_that_are_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("*", "proxy.example.com", "10.0.0.0/33"):
        monkeypatch.setenv("LSC_TRUSTED_PROXIES", wrong)
        with pytest.raises(ValueError, match="trusted_proxies"):
            Settings()
