"""The calls of the README's tour are calls that the APIs take."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema_rs import validator_for
from shared.service import create_app

from tests.docs.texts import SERVICES, service, text

CALL = re.compile(
    r"""call (?:-X (?P<method>\w+) )?(?P<quote>"?)localhost:(?P<url>[^\s"]+)(?P=quote)(?: -d (?P<body>'[^']*'|".*?(?<!\\)"|@\S+))?"""
)
AN_ID = "01a2004f-18fe-7149-a4ab-c648dd1be635"


@dataclass(frozen=True)
class Call:
    method: str
    port: int
    path: str
    query: frozenset[str]
    body: object


def calls(block: str) -> Iterator[Call]:
    files = dict(re.findall(r"cat > (\S+) <<'END'\n(.*?)END\n", block, flags=re.S))
    for line in block.splitlines():
        for found in CALL.finditer(line):
            url = urlsplit("//localhost:" + re.sub(r"\$[A-Z]+", AN_ID, found["url"]))
            assert url.port
            sent = found["body"] or ""
            stored = files.get(sent[1:]) if sent.startswith("@") else sent[1:-1].replace('\\"', '"')
            body = json.loads(re.sub(r"\$[A-Z]+", AN_ID, stored)) if stored else None
            yield Call(found["method"] or ("POST" if sent else "GET"), url.port, url.path, frozenset(parse_qs(url.query)), body)


def tour() -> list[tuple[str, str]]:
    """Each block of commands with what it printed."""
    page = text("README.md").content.partition("## A tour")[2]
    return re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", page, flags=re.S)


@cache
def openapi(port: int) -> dict[str, Any]:  # OpenAPI is any JSON
    for name in SERVICES:
        settings = service(name).settings()
        if settings.port == port:
            return create_app(service(name), settings).openapi()
    raise AssertionError(f"No service has port {port}.")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/{database}")
    monkeypatch.delenv("LSC_PORT", raising=False)


def test_every_call_is_one_that_an_api_takes() -> None:
    made = [call for block, _ in tour() for call in calls(block)]

    assert len(made) > 15
    for call in made:
        operation = _operation(call)
        known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        assert call.query <= known, call


def test_the_bodies_are_those_of_the_schema_and_only_the_bad_input_is_refused() -> None:
    sent = [call for block, _ in tour() for call in calls(block) if call.body]

    refused = [call for call in sent if not _fits(call)]

    assert [call.body["customer_reference"] for call in refused if isinstance(call.body, dict)] == ["PO-4712"]


def test_every_printing_call_has_its_answer() -> None:
    for block, printed in tour():
        printing = [line for line in block.splitlines() if re.match(r"(sed .*\| )?call ", line) and "| grep" not in line]
        assert len(printing) == len(re.findall(r" \[\d{3}\]$", printed, flags=re.M)), block


def _operation(call: Call) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = openapi(call.port)["paths"]
    fitting = [path for path in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), call.path) and call.method.lower() in paths[path]]
    exact = sorted(fitting, key=lambda path: path.count("{"))
    assert exact, call
    found: dict[str, Any] = paths[exact[0]][call.method.lower()]
    return found


def _fits(call: Call) -> bool:
    schema = _operation(call)["requestBody"]["content"]["application/json"]["schema"]
    return validator_for({**schema, "components": openapi(call.port)["components"]}).is_valid(call.body)
