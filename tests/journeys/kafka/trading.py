"""A partner of the running system: mock-edi buys of us, over HTTP; what it does not speak is read and acknowledged here."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from mockedi.testing import Mock
from order_intake.edi import Interchange, Message, judge, read, reply_bytes

from tests.journeys.house import House

SPOKEN = {"855", "856", "865", "ORDRSP", "DESADV"}
"""What mock-edi reads of a supplier."""


@dataclass
class Trade:
    """`us` is what the partner calls us; `sent` is all that we wrote, acknowledgements included. Without a mock it speaks by itself."""

    house: House
    mock: Mock | None
    us: str
    partner: str
    media: str
    sent: list[Interchange] = field(default_factory=list)
    controls: int = 0

    @property
    def intake(self) -> httpx.AsyncClient:
        return self.house.clients["order-intake"]

    async def give(self, body: bytes) -> Interchange | None:
        """Send it in; our acknowledgement, where there is one."""
        headers = {"Content-Type": self.media, "Accept": self.media}
        answer = await self.intake.post("/edi/interchanges", content=body, headers=headers)
        assert answer.is_success, answer.text
        if not answer.content:
            return None
        [said] = read(answer.content).interchanges
        self.sent.append(said)
        return said

    async def order(self, number: str, lines: dict[str, int]) -> None:
        """The mock places it, we take it, the mock hears so."""
        assert self.mock
        wanted = [{"sku": sku, "quantity": str(quantity), "uom": "EA", "price": "1.50"} for sku, quantity in lines.items()]
        self.mock.expect("POST", "/_mock/purchase", {"partner": self.us, "po_number": number, "lines": wanted}, status=201)
        [mail] = self.mock.mailbox(partner=self.us, leave=False)
        said = await self.give(mail["payload"].encode())
        assert said
        assert self.mock.send(said.data.decode())["accepted"]
        assert self.mock.unacknowledged() == []

    async def fetch(self) -> list[Interchange]:
        """What waits in the outbox: given to the mock where it can read it, confirmed, and acknowledged."""
        fetched: list[Interchange] = []
        for entry in (await self.house.get("order-intake", "/edi/outbox", partner=self.partner))["items"]:
            [interchange] = read((await self.intake.get(entry["document"])).content).interchanges
            await self.house.send("order-intake", "POST", f"/edi/outbox/{entry['entry_id']}/receipt", {})
            await self.give(self._acknowledged(entry, interchange))
            fetched.append(interchange)
        self.sent += fetched
        return fetched

    def _acknowledged(self, entry: dict[str, Any], interchange: Interchange) -> bytes:
        if self.mock and entry["type"] in SPOKEN:
            received = self.mock.send(interchange.data.decode())
            assert received["accepted"], received
            [mail] = self.mock.mailbox(partner=self.us, leave=False)
            return str(mail["payload"]).encode()
        self.controls += 1
        answer = reply_bytes(judge(interchange), str(900 + self.controls), datetime.now(UTC))
        assert answer
        return answer

    def heard(self, document: str) -> list[Message]:
        return [message for interchange in self.sent for message in interchange.messages if message.type == document]
