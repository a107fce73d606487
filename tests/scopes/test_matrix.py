"""Every call with every scope and with none: exactly the table of docs/scopes.md."""

from dataclasses import dataclass
from itertools import product
from uuid import UUID

import pytest
from shared.scopes import SCOPES

from deploy.scopes import routes
from tests.docs.texts import table_rows, text
from tests.scopes.conftest import OWN, Called

PAGE = "docs/scopes.md"
OPEN = {"/livez", "/readyz", "/metrics", "/docs", "/docs/oauth2-redirect", "/openapi.json"}
SOMETHING = {"customer_id": OWN, "code": "X", "sku": "X", "name": "none", "key_id": "none", "order_id": str(UUID(int=7))}


@dataclass(frozen=True)
class Row:
    service: str
    method: str
    path: str
    scope: str
    for_customers: bool

    @property
    def url(self) -> str:
        """Some thing of the caller's own; most do not exist."""
        return self.path.format_map(_Something(SOMETHING))


class _Something(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return str(UUID(int=7))


def table(service: str) -> list[Row]:
    rows = [[cell.strip("`") for cell in row] for row in table_rows(text(PAGE).content, "service")]
    return [Row(name, method, path, scope, said == "yes") for name, method, path, scope, said in rows if name == service]


def test_the_table_has_every_call_and_the_open_ones_apart(call: Called) -> None:
    listed = list(routes(call.service))

    assert {(row.method, row.path, row.scope) for row in table(call.service.name)} == {each[1:] for each in listed if each.scope}
    assert {each.path for each in listed if not each.scope} <= OPEN


async def test_without_a_key_nothing_is_answered(call: Called) -> None:
    rows = table(call.service.name)

    answers = [await call.client.request(row.method, row.url, headers={"Authorization": ""}) for row in rows]

    assert rows
    assert {answer.status_code for answer in answers} == {401}


async def test_staff_needs_exactly_the_scope_of_the_table(call: Called) -> None:
    rows = table(call.service.name)
    opened: set[tuple[str, str, str]] = set()

    for row, scope in product(rows, [*SCOPES, "none"]):
        answer = await call(f"staff-{scope.replace(':', '-')}", row.method, row.url)
        if answer.status_code == 403:
            assert answer.json()["type"] == "/problems/missing-scope"
            assert row.scope in answer.json()["detail"]
        else:
            assert answer.status_code in {200, 404, 422}
            opened.add((row.method, row.path, scope))

    assert opened == {(row.method, row.path, row.scope) for row in rows}


@pytest.mark.parametrize("held", ["all", "listed"])
async def test_a_customers_key_with_every_scope_opens_what_is_for_customers(call: Called, held: str) -> None:
    rows = table(call.service.name)

    answers = {(row.method, row.path): await call(f"own-{held}", row.method, row.url) for row in rows}

    opened = {each for each, answer in answers.items() if answer.status_code != 403}
    assert opened == {(row.method, row.path) for row in rows if row.for_customers}


async def test_a_customers_key_needs_the_scope_as_well(call: Called) -> None:
    for row in table(call.service.name):
        others = [scope for scope in SCOPES if scope != row.scope]
        answers = [await call(f"own-{scope.replace(':', '-')}", row.method, row.url) for scope in [*others, "none"]]
        assert {answer.status_code for answer in answers} == {403}


async def test_what_is_refused_is_not_read(call: Called) -> None:
    """Nor are its query names looked at: who may not call learns nothing of the call."""
    for row in table(call.service.name):
        answer = await call("staff-none", row.method, f"{row.url}?unknown=1", content=b"{")
        assert answer.status_code == 403
