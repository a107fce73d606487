"""Every call of every service that changes something leaves one entry, and no entry is ever changed or taken away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from shared.audit.trail import CHANGING
from shared.database import Pool, open_pool
from shared.routes import TransactionalRoute
from shared.service import Service, create_app
from shared.settings import Settings
from shared.walls import Role, entered_as

from tests.conftest import serving
from tests.order_intake.builders import a_body, a_stored_customer
from tests.order_intake.interchanges import an_850, x12
from tests.order_intake.partners import a_partner_body, an_entry, an_identifier, an_unwritable

NOBODY = "0198c0de-0000-7000-8000-000000000001"
Json = dict[str, Any]


@dataclass
class Ask:
    """Calls, and compares the one entry that the call left with what it should say."""

    client: httpx.AsyncClient
    pool: Pool
    actions: set[str] = field(default_factory=set)

    async def __call__(self, action: str, body: object = None, subject: str = "", *, raw: bytes | None = None, **path: object) -> Json:
        """`subject` is filled from the answer where it names fields of it; `raw` is a body that is no JSON."""
        method, template = action.split()
        chain = uuid4()
        headers = {"X-Correlation-ID": str(chain)} | ({"Content-Type": "text/plain"} if raw else {})
        answer = await self.client.request(method, template.format(**path), json=body, content=raw, headers=headers)
        assert answer.status_code < 300, answer.text
        said: Json = answer.json() if answer.content else {}
        entries = await self.pool.fetch("SELECT * FROM audit WHERE correlation_id = $1", chain)
        assert [(entry["action"], entry["status"], entry["subject"]) for entry in entries] == [
            (action, answer.status_code, (subject or template).format(**(said | path))),
        ]
        _says_who(entries[0])
        _says_what(entries[0], said)
        self.actions.add(action)
        return said


def _says_who(entry: asyncpg.Record) -> None:
    assert (entry["caller"], entry["customer_id"], entry["kind"], entry["client"]) == ("operator", None, "staff", "127.0.0.1")


def _says_what(entry: asyncpg.Record, said: Json) -> None:
    if "results" not in said:
        assert (entry["items"], entry["things"]) == (None, 1)
        return
    taken = [f"{entry['subject']}/{each['id']}" for each in said["results"] if each["status"] < 300]
    assert (entry["items"], entry["things"]) == (taken, len(taken))


async def of_order_intake(ask: Ask) -> None:
    customer_id = await a_stored_customer(ask.pool)
    kept, refused = [await ask("POST /orders", a_body(customer_id, reference), "/orders/{order_id}") for reference in ("PO-1", "PO-2")]
    await ask("POST /orders/batch", {"orders": [a_body(customer_id, "PO-3"), {}]}, "/orders")
    amendments, less = "/orders/{order_id}/amendments", {"lines": [{"line_no": 1, "sku": "SKU-1", "quantity": 1}]}
    await ask(f"POST {amendments}", less, f"{amendments}/1", order_id=kept["order_id"])
    for step, body in (("hold", {"reason": "credit"}), ("hold-release", {}), ("cancellation", {"reason": "ordered_twice"})):
        await ask(f"POST /orders/{{order_id}}/{step}", body, "/orders/{order_id}", order_id=kept["order_id"])
    await ask("POST /orders/{order_id}/rejection", {"reason": "credit"}, "/orders/{order_id}", order_id=refused["order_id"])
    await ask("POST /erasures", {"customer_id": customer_id, "order_ids": [refused["order_id"]]}, "/erasures/{erasure_id}")
    code = an_identifier()
    await ask("PUT /partners/{code}", a_partner_body(customer_id, sender := an_identifier()), code=code)
    for path, subject in (("validate", ""), ("interchanges", "/edi/interchanges/{interchanges[0][interchange_id]}")):
        await ask(f"POST /edi/{path}", None, subject, raw=x12(sender, an_850("PO-4")))
    report = "/edi/partners/{code}/inventory-reports"
    await ask(f"POST {report}", {}, f"{report}/{{report_id}}", code=code)
    entry_id = await an_entry(ask.pool, customer_id)
    await ask("POST /edi/outbox/{entry_id}/receipt", None, "/edi/outbox/{entry_id}", entry_id=entry_id)
    await ask("POST /edi/partners/{code}/rewriting", None, "/edi/partners/{code}", code=code)
    document_id = await an_unwritable(ask.pool, customer_id, code)
    await ask("POST /edi/unwritable/{document_id}/dismissal", None, "/edi/unwritable/{document_id}", document_id=document_id)


async def of_inventory(ask: Ask) -> None:
    customer_id, code = f"C-{uuid4().hex[:12]}", f"W-{uuid4().hex[:12]}"
    stock = {"customer_id": customer_id, "sku": "A 1", "warehouse": code, "quantity": 4, "reason": "receipt", "reference": "R-1"}
    pack = {"order_id": NOBODY, "reference": "P-1", "cartons": [{"lines": [{"line_no": 1, "quantity": 6}]}]}
    await ask("PUT /warehouses/{code}", {"name": "Shanghai"}, code=code)
    await ask("POST /items/batch", {"items": [{"customer_id": customer_id, "sku": "A 1", "description": "Lantern"}]}, "/items")
    await ask("POST /stock/adjustments", {"adjustments": [stock]})
    await ask("POST /picks/confirmations", {"confirmations": [{"pick_id": NOBODY, "quantity": 6}]}, "/picks")
    await ask("POST /packs", {"packs": [pack]})


async def of_dispatch(ask: Ask) -> None:
    code = f"SF-{uuid4().hex[:12]}"
    assignment = {"shipment_id": NOBODY, "carrier": code, "vehicle": code}
    await ask("PUT /carriers/{code}", {"name": "SF Express"}, code=code)
    await ask("PUT /vehicles/{code}", {"carrier": code, "name": "沪A·12345"}, code=code)
    await ask("POST /shipments/assignments", {"assignments": [assignment]}, "/shipments")
    await ask("POST /shipments/handovers", {"handovers": [{"shipment_id": NOBODY}]}, "/shipments")
    await ask("POST /deliveries", {"deliveries": [{"shipment_id": NOBODY, "outcome": "failed", "reason": "consignee_absent"}]})


async def of_crm(ask: Ask) -> None:
    customer_id = f"C {uuid4().hex[:12]} 订"
    await ask("PUT /customers/{customer_id}", {"name": "Lantern Traders"}, "/customers/{customer_id}", customer_id=customer_id)
    new = {"customer_id": customer_id, "kind": "complaint", "subject": "Two boxes arrived wet"}
    case = await ask("POST /cases", new, "/cases/{case_id}")
    told = {"cause": "Box not closed", "remedy": "Refunded"}
    await ask("POST /cases/{case_id}/resolution", told, "/cases/{case_id}", case_id=case["case_id"])
    keys = f"/customers/{customer_id}/keys/{{key_id}}"
    theirs = await ask("POST /customers/{customer_id}/keys", {"scopes": ["orders:read"]}, keys, customer_id=customer_id)
    await ask("DELETE /customers/{customer_id}/keys/{key_id}", None, keys, customer_id=customer_id, key_id=theirs["key_id"])
    ours = await ask("POST /keys", {"role": "warehouse"}, "/keys/{key_id}")
    await ask("DELETE /keys/{key_id}", key_id=ours["key_id"])


async def of_kpi(ask: Ask) -> None:
    """Nothing can be changed there."""


PLAYS: dict[str, Callable[[Ask], Awaitable[None]]] = {
    "order_intake": of_order_intake,
    "inventory": of_inventory,
    "dispatch": of_dispatch,
    "crm": of_crm,
    "kpi": of_kpi,
}


def service_of(package: str) -> Service:
    found: Service = import_module(f"{package}.app").SERVICE
    return found


def changing(package: str) -> list[APIRoute]:
    app = create_app(service_of(package), Settings.model_construct())
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    return [route for route in routes if isinstance(route, APIRoute) and CHANGING & (route.methods or set())]


@pytest.fixture
async def books(package: str, url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(entered_as(url, package, Role.WORKER), 2)
    yield pool
    await pool.close()


async def test_every_call_that_changes_something_leaves_one_entry(package: str, url: str, books: Pool) -> None:
    async with serving(service_of(package), url) as client:
        ask = Ask(client, books)
        await PLAYS[package](ask)

    assert ask.actions == {f"{method} {route.path}" for route in changing(package) for method in route.methods or ()}


def test_no_route_can_change_anything_behind_the_books(package: str) -> None:
    assert all(isinstance(route, TransactionalRoute) for route in changing(package))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("wish", ["UPDATE {0} SET {1} = {1}", "UPDATE {0} SET {1} = {1} WHERE false", "DELETE FROM {0}", "TRUNCATE {0}"])
async def test_nobody_changes_an_entry_not_even_the_owner(package: str, url: str, role: Role, wish: str) -> None:
    connection = await asyncpg.connect(entered_as(url, package, role), server_settings={"app.customer_id": "ACME"})

    for table, column in (("audit", "caller"), ("audit_seals", "top")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only grows" if role is Role.OWNER else "permission denied"):
            await connection.execute(wish.format(table, column))
    await connection.close()


@pytest.mark.parametrize(
    ("role", "wish"),
    [
        *((role, "INSERT INTO audit (at) VALUES ('2020-01-01')") for role in (Role.STAFF, Role.WORKER, Role.CUSTOMER)),
        *((role, "INSERT INTO audit (id) OVERRIDING SYSTEM VALUE VALUES (1)") for role in (Role.STAFF, Role.WORKER, Role.CUSTOMER)),
        *((role, "INSERT INTO audit_seals (position) VALUES (1)") for role in (Role.STAFF, Role.CUSTOMER)),
        *((Role.CUSTOMER, f"SELECT FROM {table}") for table in ("audit", "audit_seals")),
    ],
)
async def test_who_serves_has_no_more_rights_than_it_needs(package: str, url: str, role: Role, wish: str) -> None:
    connection = await asyncpg.connect(entered_as(url, package, role), server_settings={"app.customer_id": "ACME"})

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await connection.execute(wish)
    await connection.close()


async def test_a_replica_or_a_restore_has_no_other_rule(books: Pool) -> None:
    modes = await books.fetch("SELECT tgenabled FROM pg_trigger WHERE tgname = 'only_grows'")

    assert [mode["tgenabled"] for mode in modes] == [b"A", b"A"]


async def test_migrations_are_written_down_by_who_ran_them(books: Pool) -> None:
    entries = await books.fetch("SELECT caller, subject FROM audit WHERE kind = 'console' AND action = 'migrate' ORDER BY id")

    assert entries
    assert all(entry["caller"].startswith("console:") for entry in entries)
    assert entries[0]["subject"] == "version 0004"
