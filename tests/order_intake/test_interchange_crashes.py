"""Processes that are killed: between receiving and answering, where the partner sends again, while documents are written, while reports are
asked for, and while old bytes are destroyed. There is one order, one acknowledgement, one document, and no control number is lost."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from order_intake.edi import read
from shared.database import Pool
from shared.key_store import KeyStore

from tests.conftest import OPERATOR_KEY
from tests.contracts.test_hostile_http import running
from tests.order_intake.interchanges import an_850, x12
from tests.order_intake.senders import MEDIA, a_sender
from tests.order_intake.test_keeping import NO_ADDRESS, aged, kept
from tests.order_intake.test_outbox import a_partner, a_posted, written


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


async def works(job: str, url: str, crash_at: str = "") -> int:
    """How a process ended that did a job of the worker until nothing was left."""
    environment = os.environ | {"DATABASE_URL": url, "LSC_OPERATOR_KEY": OPERATOR_KEY, "CRASH_AT": crash_at}
    command = [sys.executable, "-m", "tests.order_intake.working", job]
    return (await asyncio.to_thread(subprocess.run, command, env=environment, check=False)).returncode


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("place", "stored"), [("edi.documents_written", 0), ("edi.documents_sent", 1)])
async def test_killed_while_it_writes_no_document_is_lost_or_sent_twice(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore, database: str, place: str, stored: int
) -> None:
    partner = await a_partner(pool)
    await written(pool, key_store, client, partner)
    await a_posted(pool, partner, ["PO-1", "PO-2"])
    killed = await works("edi.write", database, place)
    there = await pool.fetchval("SELECT count(*) FROM edi_outbox WHERE partner = $1", partner.code)

    ended = [await works("edi.write", database)]
    await a_posted(pool, partner, ["PO-3"])
    ended.append(await works("edi.write", database))

    interchanges = await written(pool, key_store, client, partner)
    messages = [message for each in interchanges for message in each.messages]
    assert (killed, there, ended) == (-9, stored, [0, 0])
    assert [int(each.reference) for each in interchanges] == [1, 2]
    assert [int(group.reference) for each in interchanges for group in each.groups] == [1, 2]
    assert [(each.reference, each.segments[1].value(3)) for each in messages] == [("0001", "PO-1"), ("0002", "PO-2"), ("0003", "PO-3")]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["edi.keys_destroyed", "edi.bytes_destroyed"])
async def test_killed_while_it_destroys_old_bytes_they_cannot_be_read_and_the_next_try_says_so(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore, database: str, place: str
) -> None:
    sender = await a_sender(client, pool)
    told = await sender.send(x12(sender.me, NO_ADDRESS))
    old = await aged(pool, told["interchange_id"], 401)
    _, key_id = await kept(pool, old)
    assert key_id

    killed = await works("edi.keep", database, place)
    between, left = await kept(pool, old), await key_store.read_now([key_id])
    ended = await works("edi.keep", database)

    assert (killed, between, left) == (-9, (True, key_id), {})
    assert (ended, await kept(pool, old)) == (0, (False, None))
    assert (await client.get(f"/edi/interchanges/{old}")).json()["messages"] == told["messages"]


@pytest.mark.timeout(120)
async def test_killed_while_it_asks_for_reports_of_the_day_each_is_asked_for_once(
    client: httpx.AsyncClient, pool: Pool, database: str
) -> None:
    sender = await a_sender(client, pool, documents=["inventory_report"])
    asked = "SELECT count(*), count(key) FROM edi_reports LEFT JOIN outbox ON key = report_id::text WHERE partner = $1"

    killed = await works("edi.daily_reports", database, "edi.reports_asked")
    before = tuple(await pool.fetchrow(asked, sender.code) or ())
    ended = [await works("edi.daily_reports", database) for _ in range(2)]

    after = tuple(await pool.fetchrow(asked, sender.code) or ())
    assert (killed, before, ended, after) == (-9, (0, 0), [0, 0], (1, 1))
