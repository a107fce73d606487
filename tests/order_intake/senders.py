"""A partner as it sends over HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx
from order_intake.edi import Interchange, read
from shared.database import Pool

from tests.order_intake.builders import a_stored_customer
from tests.order_intake.partners import a_partner_body, an_identifier

MEDIA = {"X12": "application/EDI-X12", "EDIFACT": "application/EDIFACT"}


@dataclass(frozen=True)
class Sender:
    """`me` is its identifier in both syntaxes."""

    client: httpx.AsyncClient
    customer_id: str
    code: str
    me: str

    async def post(self, body: bytes, accept: str = "application/json", **headers: str) -> httpx.Response:
        said = {"Content-Type": "application/octet-stream", "Accept": accept} | headers
        return await self.client.post("/edi/interchanges", content=body, headers=said)

    async def send(self, body: bytes) -> dict[str, Any]:
        """What is told of the only interchange of the body."""
        answer = await self.post(body)
        assert answer.status_code == 200, answer.text
        [one] = answer.json()["interchanges"]
        return dict(one)

    async def hear(self, body: bytes) -> Interchange:
        """The acknowledgement, which is sound itself."""
        answer = await self.post(body, MEDIA["X12" if body.startswith(b"ISA") else "EDIFACT"])
        assert answer.status_code == 200, answer.text
        said = read(answer.content)
        assert said.accepted, said.all_faults
        return said.interchanges[0]

    async def orders(self) -> list[dict[str, Any]]:
        answer = await self.client.get("/orders", params={"customer_id": self.customer_id})
        return list(answer.json()["items"])


async def a_sender(client: httpx.AsyncClient, pool: Pool, **changes: object) -> Sender:
    customer_id, code, me = await a_stored_customer(pool), an_identifier(), an_identifier()
    body = a_partner_body(customer_id, me, **{"documents": ["order_response"], **changes})
    answer = await client.put(f"/partners/{code}", json=body)
    assert answer.status_code == 201, answer.text
    return Sender(client, customer_id, code, me)


def effects(told: dict[str, Any]) -> list[str]:
    return [message["effect"] for message in told["messages"]]


def said(interchange: Interchange, tag: str) -> list[list[str]]:
    """The elements of every segment of this tag."""
    return [segment.texts[1:] for segment in interchange.segments if segment.tag == tag]
