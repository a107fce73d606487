"""A process that is killed between receiving and answering: the partner sends again, and there is one order and one acknowledgement."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from order_intake.edi import read
from shared.database import Pool

from tests.conftest import OPERATOR_KEY
from tests.contracts.test_hostile_http import running
from tests.order_intake.interchanges import an_850, x12
from tests.order_intake.senders import MEDIA, a_sender


def dies(url: str, folder: Path, body: bytes) -> bool:
    """Whether a process of its own has died before it answered."""
    with running("order_intake", url, folder) as address:
        headers = {"Authorization": f"Bearer {OPERATOR_KEY}", "Content-Type": MEDIA["X12"]}
        try:
            httpx.post(f"{address}/edi/interchanges", content=body, headers=headers)
        except httpx.TransportError:
            return True
    return False


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["api.before_commit", "api.committed"])
async def test_killed_between_receiving_and_answering_all_is_done_once(
    client: httpx.AsyncClient, pool: Pool, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    sender = await a_sender(client, pool)
    body, later = x12(sender.me, an_850("PO-1"), an_850("PO-2", [("NOPE", 1)])), x12(sender.me, an_850("PO-3"), control=2)
    monkeypatch.setenv("CRASH_AT", place)
    with ThreadPoolExecutor(1) as threads:
        died = threads.submit(dies, database, tmp_path, body).result()
    stored = await pool.fetchval("SELECT count(*) FROM edi_interchanges WHERE partner = $1", sender.code)

    first, again, other = [(await sender.post(each, MEDIA["X12"])).content for each in (body, body, later)]

    assert (died, stored) == (True, 1 if place == "api.committed" else 0)
    assert first == again
    assert [int(read(each).interchanges[0].reference) for each in (first, other)] == [1, 2]
    assert sorted(order["customer_reference"] for order in await sender.orders()) == ["PO-1", "PO-3"]
    assert await pool.fetchval("SELECT count(*) FROM edi_documents WHERE partner = $1", sender.code) == 3
