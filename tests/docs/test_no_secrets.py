"""Nothing in this repository opens anything: no private key, no literal that could be a secret but what is marked as none."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import log2

import pytest
from shared.secrets import weakness

from tests.docs.texts import ROOT, files

MARK = "no secret: "
OF_HASHES = {"requirements.txt", "requirements-dev.txt", "tests/contracts/samples/index.json"}
TOKEN = re.compile(r"[A-Za-z0-9_~+/=-]{32,}")
PUBLIC = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\b00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d|"
    r"hash\": \"[0-9a-f]{64}|--(?:expect|from) \d+:[0-9a-f]{64}"
)
"""UUIDs, traces, hashes that are called so."""
PRIVATE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+\S{16}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bxox[abp]-\w{10}")
URL = re.compile(r"\b\w+://[^\s:/@{}$<>\"']+:([^\s/@{}$<>\"']{8,})@")


def secrets_in(text: str) -> Iterator[str]:
    """What would pass as a secret; a line that says `no secret: why` is passed over."""
    for line in text.splitlines():
        if MARK not in line:
            yield from (found[0] for found in PRIVATE.finditer(line))
            yield from (found[1] for found in URL.finditer(line) if not weakness(found[1], 8))
            yield from (token for token in TOKEN.findall(PUBLIC.sub("", line)) if not weakness(token) and _is_random(token))
    yield from (found[0] for found in PRIVATE.finditer(text))


def _is_random(token: str) -> bool:
    """Names and paths are made of words; a secret changes between letters and digits, small and large, all the time."""
    if token.startswith("/") or not any(map(str.isdigit, token)):
        return False
    kinds = ["digit" if character.isdigit() else "large" if character.isupper() else "small" for character in token if character.isalnum()]
    changes = sum(one != other for one, other in pairwise(kinds))
    counts = [token.count(character) / len(token) for character in set(token)]
    return changes * 5 >= len(kinds) and -sum(share * log2(share) for share in counts) > 3.2


def test_nothing_here_opens_anything() -> None:
    found = []
    for name in sorted(set(files()) - OF_HASHES):
        content = (ROOT / name).read_bytes()
        if b"\0" not in content[:1000]:
            found += [f"{name}: {secret[:6]}..." for secret in secrets_in(content.decode("utf-8", "replace"))]

    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'KEY = "operator.r0vF7hQ2mZ-Lw9TzXk4bNc6YdUj8sAeG"',  # no secret: made up for this test
        "token: 5f1d0c9a7be24836910fd2c4a8b36e75",  # no secret: made up for this test
        "postgresql://crm:V7qLm2Zx9TtKw4@db/crm",  # no secret: made up for this test
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ",  # no secret: made up for this test
    ],
)
def test_what_would_open_something_is_found(line: str) -> None:
    assert list(secrets_in(line))
    assert not list(secrets_in(line.replace("\n", "") + "  # no secret: made up"))
