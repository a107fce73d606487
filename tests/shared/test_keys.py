"""The table of keys and the copy of it in memory."""

import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from shared.database import Row, Transaction, transaction
from shared.events import STAFF, ApiKeyIssued, ApiKeyRevoked
from shared.events.customers import KeyEvent
from shared.key_rows import hash_of, keep_keys, store_operator_key
from shared.keys import NOBODY, Key, Keys

from tests.shared.plumbing import World

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)


def issued(key_id: str, customer_id: str = "ACME", *, expires_at: datetime | None = None) -> ApiKeyIssued:
    return ApiKeyIssued(
        customer_id=customer_id,
        version=1,
        occurred_at=AT,
        key_id=key_id,
        secret_hash=hash_of(f"secret of {key_id}").hex(),
        scopes=("orders:read", "stock:read"),
        expires_at=expires_at,
    )


def revoked(key_id: str, customer_id: str = "ACME") -> ApiKeyRevoked:
    return ApiKeyRevoked(customer_id=customer_id, version=2, occurred_at=AT + timedelta(hours=1), key_id=key_id)


async def hear(world: World, *events: KeyEvent) -> None:
    async with transaction(world.pool) as tx:
        await keep_keys(tx, events)


def opens(keys: Keys, key_id: str) -> bool:
    return keys.get(key_id).secret_hash == hash_of(f"secret of {key_id}")


def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the keys that are read from now on."""
    make, learned = Keys._key, list[str]()

    def note(self: Keys, row: Row) -> Key:
        learned.append(row["key_id"])
        return make(self, row)

    monkeypatch.setattr(Keys, "_key", note)
    return learned


async def test_what_is_issued_opens_until_it_is_revoked(world: World) -> None:
    keys = Keys()
    await keys.refresh(world.pool)
    seen = [opens(keys, "k_1")]

    for event in (issued("k_1"), revoked("k_1")):
        await hear(world, event)
        await keys.refresh(world.pool)
        seen.append(opens(keys, "k_1"))

    assert seen == [False, True, False]
    assert keys.get("k_1") is NOBODY


@pytest.mark.parametrize(
    "heard",
    [
        [[issued("k_1"), revoked("k_1")]],
        [[revoked("k_1")], [issued("k_1")]],
        [[revoked("k_1"), issued("k_1")]],
        [[issued("k_1")], [revoked("k_1")], [issued("k_1")], [revoked("k_1")]],
    ],
    ids=["in order", "the wrong way round", "in one batch", "twice"],
)
async def test_what_was_revoked_stays_so_in_whatever_order_it_is_heard(world: World, heard: list[list[KeyEvent]]) -> None:
    for batch in heard:
        await hear(world, *batch)

    row = await world.pool.fetchrow("SELECT customer_id, scopes, issued_at, revoked_at FROM api_keys WHERE key_id = 'k_1'")
    assert row
    assert tuple(row) == ("ACME", ["orders:read", "stock:read"], AT, AT + timedelta(hours=1))


async def test_a_repetition_changes_nothing(world: World) -> None:
    await hear(world, issued("k_1"), issued("k_2", STAFF), revoked("k_2", STAFF))
    before = await world.pool.fetch("SELECT xmin::text, * FROM api_keys ORDER BY key_id")

    await hear(world, issued("k_1"), issued("k_2", STAFF), revoked("k_2", STAFF))

    assert await world.pool.fetch("SELECT xmin::text, * FROM api_keys ORDER BY key_id") == before


async def test_a_key_of_staff_is_no_customers(world: World) -> None:
    await hear(world, issued("k_1", STAFF))
    keys = Keys()

    await keys.refresh(world.pool)

    assert keys.get("k_1").caller.customer_id is None


async def test_a_change_that_was_hidden_while_others_were_read_is_read_the_next_time(world: World) -> None:
    """A transaction that begins early and commits late, while younger ones come and are read."""
    keys = Keys()
    await hear(world, issued("k_early"), issued("k_late"))
    await keys.refresh(world.pool)
    slow = Transaction(world.pool)
    await keep_keys(slow, [revoked("k_early")])
    await hear(world, revoked("k_late"))
    await keys.refresh(world.pool)
    assert [opens(keys, "k_early"), opens(keys, "k_late")] == [True, False]

    await slow.commit()
    await keys.refresh(world.pool)

    assert not opens(keys, "k_early")


async def test_only_what_has_changed_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await hear(world, *[issued(f"k_{number}") for number in range(50)])
    keys = Keys()
    await keys.refresh(world.pool)
    learned = noted(monkeypatch)

    await keys.refresh(world.pool)
    await hear(world, issued("k_new"))
    await keys.refresh(world.pool)

    assert learned == ["k_new"]
    assert len(keys) == 51


async def test_everything_is_read_again_when_the_database_is_another_one(world: World) -> None:
    keys = Keys()
    await hear(world, issued("k_old"))
    await keys.refresh(world.pool)
    keys._horizon = 10**15
    await world.pool.execute("DELETE FROM api_keys")
    await hear(world, issued("k_restored"))

    await keys.refresh(world.pool)

    assert [opens(keys, "k_old"), opens(keys, "k_restored")] == [False, True]


async def test_a_table_restored_from_elsewhere_is_not_read_again_and_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows carry transactions that this server has not come to yet."""
    await hear(world, issued("k_1"), issued("k_2"))
    await world.pool.execute("UPDATE api_keys SET changed_in = 10::bigint ^ 15")
    keys = Keys()
    await keys.refresh(world.pool)
    learned = noted(monkeypatch)

    await keys.refresh(world.pool)
    await hear(world, revoked("k_2"))
    await keys.refresh(world.pool)

    assert learned == []
    assert [opens(keys, "k_1"), opens(keys, "k_2")] == [True, False]


async def test_an_expired_key_is_forgotten_after_a_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    await hear(world, issued("k_long", expires_at=now - timedelta(days=2)), issued("k_new", expires_at=now - timedelta(minutes=1)))
    keys = Keys()

    await keys.refresh(world.pool)

    assert [opens(keys, "k_long"), opens(keys, "k_new")] == [False, True]
    monkeypatch.setattr("shared.keys.REMEMBERED_SECONDS", 30.0)
    keys.tidy()
    assert not opens(keys, "k_new")


async def test_uses_are_written_together_and_only_forwards(world: World) -> None:
    await hear(world, issued("k_1"), issued("k_2"), issued("k_3"))
    keys, now = Keys(), time.time()
    await keys.refresh(world.pool)
    for key_id, at in (("k_1", now), ("k_1", now + 1), ("k_2", now + 2)):
        keys.note_use(key_id, at, "192.0.2.1")

    await keys.write_uses(world.pool)
    keys.note_use("k_2", now, "192.0.2.1")
    await keys.write_uses(world.pool)

    rows = await world.pool.fetch("SELECT last_used_at, changed_in FROM api_keys ORDER BY key_id")
    assert [row["last_used_at"] and row["last_used_at"].timestamp() for row in rows] == [
        pytest.approx(now + 1),
        pytest.approx(now + 2),
        None,
    ]


async def test_uses_that_cannot_be_written_are_written_later(world: World) -> None:
    await hear(world, issued("k_1"))
    keys = Keys()
    await keys.refresh(world.pool)
    keys.note_use("k_1", time.time(), "192.0.2.1")
    owner = await asyncpg.connect(world.log_url)
    await owner.execute("ALTER TABLE api_keys RENAME TO away")
    with pytest.raises(Exception, match="api_keys"):
        await keys.write_uses(world.pool)
    await owner.execute("ALTER TABLE away RENAME TO api_keys")
    await owner.close()

    await keys.write_uses(world.pool)

    assert await world.value("SELECT last_used_at FROM api_keys")


async def test_the_operators_key_replaces_the_former_one_and_touches_no_other(world: World) -> None:
    await hear(world, issued("k_staff", STAFF))
    await world.pool.execute("UPDATE api_keys SET scopes = '{*}'")
    keys = Keys()

    for key in ("first.secret of first", "second.secret of second", "first.secret of first"):
        async with transaction(world.pool) as tx:
            await store_operator_key(tx, key)
    await keys.refresh(world.pool)

    assert [opens(keys, key_id) for key_id in ("first", "second", "k_staff")] == [True, False, True]


async def test_no_event_takes_the_operators_key_away(world: World) -> None:
    async with transaction(world.pool) as tx:
        await store_operator_key(tx, "first.secret of first")

    await hear(world, issued("first"), revoked("first"))
    keys = Keys()
    await keys.refresh(world.pool)

    assert keys.get("first").caller.scopes == frozenset({"*"})
    assert keys.get("first").caller.customer_id is None
