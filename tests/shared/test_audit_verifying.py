"""Whoever may do everything in the database can change what was done, but not so that nobody sees it."""

from datetime import timedelta

import pytest
from shared.audit import verifying
from shared.audit.chain import Head
from shared.audit.verifying import SHOWN, Verifier

from tests.shared.auditing import begun, done, seal_all, verified
from tests.shared.plumbing import World

INSERT = "INSERT INTO audit (id, at, caller, kind, action, subject, things, correlation_id) OVERRIDING SYSTEM VALUE"
VALUES = "'console:root', 'console', 'migrate', '/', 1, gen_random_uuid()"


async def three_seals(world: World) -> Head:
    """Entries 1 to 9 in seals of three, and entries 10 to 12 that are not sealed yet."""
    for _ in range(3):
        await done(world.pool, 3)
        head = await seal_all(world.pool)
    await done(world.pool, 3)
    return head


async def test_what_nobody_touched_is_as_it_was(world: World) -> None:
    head = await three_seals(world)
    verifier = Verifier(world.pool, expected=head)

    found = await verifier.run()

    assert (found.faults, verifier.checked, verifier.head, await verifier.total()) == (0, 9, head, 9)


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE audit SET caller = 'somebody-else' WHERE id = 5", ["Entry 5 is not what seal 2 says"]),
        ("UPDATE audit SET at = at + interval '1 us' WHERE id = 5", ["Entry 5 is not what seal 2 says"]),
        ("UPDATE audit SET customer_id = NULL WHERE id = 5", ["Entry 5 is not what seal 2 says"]),
        ("UPDATE audit SET items = '{}' WHERE id = 5", ["Entry 5 is not what seal 2 says"]),
        ("UPDATE audit SET client = '' WHERE id = 5", ["Entry 5 is not what seal 2 says"]),
        ("DELETE FROM audit WHERE id = 5", ["Entry 5 is missing"]),
        ("DELETE FROM audit WHERE id > 7", ["Entry 8 is missing", "Entry 9 is missing"]),
        (
            "UPDATE audit SET subject = other.subject FROM audit other WHERE audit.id + other.id = 9 AND audit.id IN (4, 5)",
            ["Entry 4 is not what seal 2 says", "Entry 5 is not what seal 2 says"],
        ),
        (f"{INSERT} VALUES (-1, now(), {VALUES})", ["Entry -1 was never sealed"]),
        (f"{INSERT} VALUES (100, now() - interval '1 hour', {VALUES})", ["Entry 100 was never sealed"]),
        (f"{INSERT} VALUES (100, now() + interval '1 hour', {VALUES})", ["Entry 100 was never sealed"]),
        ("DELETE FROM audit_seals WHERE position = 2", ["Seals 2 to 2 are missing"]),
        ("UPDATE audit_seals SET hash = sha256('') WHERE position = 2", ["Seal 2 of", "Seal 3 of"]),
        ("UPDATE audit_seals SET sealed_at = now() - interval '1 day' WHERE position = 2", ["Seal 2 of"]),
        ("UPDATE audit_seals SET entries = 5 WHERE position = 2", ["Seal 2 of"]),
        ("UPDATE audit_seals SET awaited = '{99}' WHERE position = 2", ["Seal 2 of"]),
        ("UPDATE audit_seals SET ids = '{4,5}', row_hashes = substr(row_hashes, 1, 64) WHERE position = 2", ["Seal 2 of"]),
        ("UPDATE audit_seals SET ids = '{4,6,5}' WHERE position = 2", ["Seal 2 of", "Entry 5 is not what", "Entry 6 is not what"]),
        (
            "UPDATE audit_seals SET position = 9 WHERE position = 2; UPDATE audit_seals SET position = 2 WHERE position = 3;"
            "UPDATE audit_seals SET position = 3 WHERE position = 9",
            ["Seal 2 of", "Entry 4 is sealed once more", "Entry 5", "Entry 6", "Seal 3 of"],
        ),
    ],
)
async def test_tampering_is_found(world: World, tampering: str, said: list[str]) -> None:
    await three_seals(world)
    await world.pool.execute(tampering)

    found = await verified(world.pool)

    assert found.faults == len(said), found.first
    for sentence in said:
        assert any(fault.startswith(sentence) for fault in found.first), found.first


async def test_an_entry_put_between_those_that_are_sealed_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = await begun(world.pool)
    await given_up.rollback()
    await done(world.pool, 2)
    await seal_all(world.pool)
    await world.pool.execute(f"{INSERT} VALUES (1, now(), {VALUES})")
    assert not (await verified(world.pool)).faults

    monkeypatch.setattr(verifying, "SEALED_WITHIN", timedelta(0))

    assert (await verified(world.pool)).first == ["Entry 1 was never sealed: added by hand, or no worker runs."]


async def test_an_end_that_was_cut_off_is_found_by_who_kept_the_head(world: World) -> None:
    head = await three_seals(world)
    await world.pool.execute("DELETE FROM audit WHERE id > 6; DELETE FROM audit_seals WHERE position > 2")

    assert not (await verified(world.pool)).faults
    assert (await verified(world.pool, expected=head)).first == [
        "The chain ends with seal 2, but it had seal 3: its end is cut off.",
    ]


async def test_a_chain_that_was_made_anew_is_found_by_who_kept_the_head(world: World) -> None:
    head = await three_seals(world)
    await world.pool.execute("UPDATE audit SET caller = 'somebody-else' WHERE id = 5; DELETE FROM audit_seals")
    await seal_all(world.pool)
    await done(world.pool, 1)
    await seal_all(world.pool)
    await done(world.pool, 1)
    await seal_all(world.pool)

    assert not (await verified(world.pool)).faults
    [fault] = (await verified(world.pool, expected=head)).first
    assert "is not the one that is expected" in fault


async def test_from_a_known_head_only_what_came_after_it_is_compared(world: World) -> None:
    late = await begun(world.pool)
    await done(world.pool, 3)
    known = await seal_all(world.pool)
    await late.commit()
    await done(world.pool, 3)
    await seal_all(world.pool)
    verifier = Verifier(world.pool, known)

    found = await verifier.run()

    assert (found.first, verifier.checked, await verifier.total()) == ([], 4, 4)
    await world.pool.execute("UPDATE audit SET status = 500 WHERE id IN (2, 5)")
    [fault] = (await verified(world.pool, known)).first
    assert fault.startswith("Entry 5")


@pytest.mark.parametrize("tampering", ["UPDATE audit_seals SET top = 99, awaited = '{99}' WHERE position = 2", "DELETE FROM audit_seals"])
async def test_a_beginning_that_is_not_there_is_said(world: World, tampering: str) -> None:
    await three_seals(world)
    known = Head(2, await world.pool.fetchval("SELECT hash FROM audit_seals WHERE position = 2"))
    await world.pool.execute(tampering)

    assert "Seal 2 is not the one that it should begin after." in (await verified(world.pool, known)).first


async def test_many_faults_are_counted_and_the_first_few_are_named(world: World) -> None:
    await done(world.pool, SHOWN + 90)
    await seal_all(world.pool)
    await world.pool.execute("UPDATE audit SET caller = E'\\x1b[31mred'")

    found = await verified(world.pool)

    assert (found.faults, len(found.first)) == (SHOWN + 90, SHOWN)
    assert all(line.isprintable() for line in found.first)


async def test_reading_in_parts_finds_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for sql in ("_SEALS", "_BETWEEN"):
        monkeypatch.setattr(verifying, sql, getattr(verifying, sql).replace(str(verifying.ENTRIES_AT_ONCE), "2"))
    late = await begun(world.pool)
    await three_seals(world)
    await late.commit()
    await seal_all(world.pool)
    await world.pool.execute("DELETE FROM audit WHERE id = 5")

    found = await verified(world.pool)

    assert [fault.split(";")[0] for fault in found.first] == ["Entry 5 is missing"]
