from uuid import UUID

import httpx
import pytest
from order_intake.commands.acknowledgements import match_acknowledgements
from order_intake.edi import answers, judge, read, reply_bytes
from order_intake.event_handlers import timers
from order_intake.overdue import OVERDUE, measure
from order_intake.partners import Partner
from shared.database import Pool, transaction
from shared.key_store import KeyStore
from shared.timers import fire_due

from tests.conftest import published
from tests.order_intake.test_outbox import AT, a_partner, a_posted, written


def the_answer(data: bytes, kind: str = "997") -> bytes:
    answer = reply_bytes(judge(read(data).interchanges[0]), "1", AT, kind)
    assert answer
    return answer


async def heard(pool: Pool, partner: Partner, data: bytes) -> list[object]:
    async with transaction(pool) as tx:
        return list(await match_acknowledgements(tx, partner, answers(read(data).interchanges[0])))


async def shown(client: httpx.AsyncClient, partner: Partner) -> dict[str, object]:
    [entry] = (await client.get("/edi/outbox", params={"partner": partner.code})).json()["items"]
    whole: dict[str, object] = (await client.get(f"/edi/outbox/{entry['entry_id']}")).json()
    return whole


@pytest.mark.parametrize(("syntax", "kind"), [("X12", "997"), ("X12", "999"), ("EDIFACT", "997")])
async def test_an_acknowledgement_is_matched_by_its_numbers(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient, syntax: str, kind: str
) -> None:
    partner = await a_partner(pool, syntax=syntax)
    await a_posted(pool, partner, ["PO-1", "PO-2"])
    [interchange] = await written(pool, key_store, client, partner)
    before = await shown(client, partner)

    found = await heard(pool, partner, the_answer(interchange.data, kind))

    after = await shown(client, partner)
    assert set(found) == {_uuid(before)}
    assert (before["acknowledgement"], after["acknowledgement"]) == ("awaited", "accepted")
    assert [each["outcome"] for each in after["messages"]] == ["accepted"] * 2  # type: ignore[attr-defined]  # JSON


def _uuid(entry: dict[str, object]) -> object:
    return UUID(str(entry["entry_id"]))


@pytest.mark.parametrize("syntax", ["X12", "EDIFACT"])
async def test_a_refused_message_is_said_and_the_others_are_accepted(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient, syntax: str
) -> None:
    partner = await a_partner(pool, syntax=syntax)
    await a_posted(pool, partner, ["PO-1", "PO-2", "PO-3"])
    [interchange] = await written(pool, key_store, client, partner)
    marred = interchange.data.replace(b"BAK*00*AD*PO-2", b"BAK*00**PO-2").replace(b"BGM+231+PO-2+", b"BGM+2311+PO-2+")

    async with transaction(pool) as tx:
        await match_acknowledgements(tx, partner, answers(read(the_answer(marred)).interchanges[0]))
        await tx.flush()
        said = [row for row in await published(tx) if row["type"] == "edi.document_refused.v1"]

    after = await shown(client, partner)
    assert after["acknowledgement"] == "partly"
    assert [each["outcome"] for each in after["messages"]] == ["accepted", "refused", "accepted"]  # type: ignore[attr-defined]  # JSON
    assert len(said) == 1


async def test_a_ta1_that_refuses_refuses_all_and_one_that_accepts_says_nothing_of_the_documents(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient
) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner)
    [interchange] = await written(pool, key_store, client, partner)
    head = interchange.data[:106]

    def ta1(code: str, note: str) -> bytes:
        return head + f"TA1*{int(interchange.reference):09}*260115*0930*{code}*{note}~IEA*0*{int(interchange.reference):09}~".encode()

    await heard(pool, partner, ta1("A", "000"))
    accepted = await shown(client, partner)
    await heard(pool, partner, ta1("R", "025"))
    refused = await shown(client, partner)

    assert accepted["acknowledgement"] == "awaited"
    assert (refused["acknowledgement"], refused["codes"]) == ("refused", ["025"])
    assert [each["outcome"] for each in refused["messages"]] == ["refused"]  # type: ignore[attr-defined]  # JSON


async def test_an_answer_to_what_we_never_sent_is_known_as_such(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner, other = await a_partner(pool), await a_partner(pool)
    await a_posted(pool, partner)
    [interchange] = await written(pool, key_store, client, partner)

    assert set(await heard(pool, other, the_answer(interchange.data))) == {None}
    assert (await shown(client, partner))["acknowledgement"] == "awaited"


async def test_an_acknowledgement_that_does_not_come_is_missed_once(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner)
    [interchange] = await written(pool, key_store, client, partner)
    await _let_a_day_pass(pool, partner)

    fired = await fire_due(pool, timers)
    async with transaction(pool) as tx:
        await timers.all["edi_overdue"](tx, [str((await shown(client, partner))["entry_id"])])
    await measure(pool, key_store)

    missed = await shown(client, partner)
    entry_id = str(missed["entry_id"])
    said = await pool.fetch("SELECT type, version FROM outbox WHERE key = $1", entry_id)
    assert fired >= 1
    assert missed["overdue_at"]
    assert [tuple(row) for row in said] == [("edi.acknowledgement_overdue.v1", 1)]
    assert OVERDUE.labels(partner.code)._value.get() == 1
    await heard(pool, partner, the_answer(interchange.data))
    await measure(pool, key_store)
    assert OVERDUE.labels(partner.code)._value.get() == 0


async def test_what_was_acknowledged_in_time_is_not_missed(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner)
    [interchange] = await written(pool, key_store, client, partner)
    await heard(pool, partner, the_answer(interchange.data))
    await _let_a_day_pass(pool, partner)

    await fire_due(pool, timers)

    assert (await shown(client, partner))["overdue_at"] is None


async def _let_a_day_pass(pool: Pool, partner: Partner) -> None:
    """The clock is the database's; so the times are moved."""
    await pool.execute("UPDATE edi_outbox SET acknowledge_by = now() - interval '1 second' WHERE partner = $1", partner.code)
    entries = "SELECT entry_id::text FROM edi_outbox WHERE partner = $1"
    await pool.execute(f"UPDATE timers SET due_at = now() WHERE kind = 'edi_overdue' AND subject IN ({entries})", partner.code)
