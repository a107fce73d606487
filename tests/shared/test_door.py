"""Who is let in, who is not, and who has to wait; the keys are read from a database as a service reads them."""

import hmac
import re

import pytest
from shared.door import Door, network_of
from shared.errors import NotYet, TooManyFailures, Unauthenticated
from shared.key_rows import hash_of
from shared.keys import Keys
from shared.observability import api_metrics

from tests.shared.plumbing import World

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
async def door(world: World) -> Door:
    """Lets in ACME with `k_live.right`; `k_late` expired a minute ago, `k_gone` was revoked."""
    sql = """
    INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes, expires_at, revoked_at) VALUES
    ('k_live', $1, 'ACME', '{orders:read}', now() + interval '1 hour', NULL),
    ('k_late', $1, 'ACME', '{}', now() - interval '1 minute', NULL),
    ('k_gone', $1, 'ACME', '{}', NULL, now())
    """
    await world.pool.execute(sql, hash_of("right"))
    keys = Keys()
    await keys.refresh(world.pool)
    return Door(keys, tries_of_key=3, tries_of_address=10)


def says(door: Door, authorization: str | None, address: str = HERE) -> object:
    """The caller's key, or the refusal."""
    try:
        return door.caller(authorization, address).key_id
    except (Unauthenticated, TooManyFailures) as refused:
        return refused.status


@pytest.mark.parametrize("header", ["Bearer k_live.right", "bearer k_live.right", "Bearer  k_live.right "])
def test_a_live_key_opens(door: Door, header: str) -> None:
    caller = door.caller(header, HERE)

    assert (caller.key_id, caller.customer_id, caller.scopes) == ("k_live", "ACME", frozenset({"orders:read"}))


GARBAGE = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer k_live",
    "Bearer k_live.",
    "Bearer .right",
    "Bearer k_live.right.more",
    "Bearer k_live." + "x" * 1_000_000,
    "Bearer " + "." * 100_000,
    "Bearer k_live.Ri\xadght\xff",
    "Bearer \udcff.\ud800",
    "Basic k_live.right",
    "k_live.right",
    "\x00",
]


@pytest.mark.parametrize("header", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_a_401(door: Door, header: str | None) -> None:
    assert says(door, header) == 401


def test_what_is_wrong_with_a_key_is_not_said(door: Door) -> None:
    answers = set()
    for header in ("Bearer k_live.wrong", "Bearer k_none.right", "Bearer k_late.right", "Bearer k_gone.right"):
        with pytest.raises(Unauthenticated) as refused:
            door.caller(header, HERE)
        answers.add((refused.value.detail, refused.value.status))

    assert len(answers) == 1


def test_every_refusal_is_the_same_work(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash and a comparison of whole hashes in constant time, whether there is anything to compare with or not."""
    compare, work = hmac.compare_digest, list[tuple[int, int]]()

    def compared(one: bytes, other: bytes) -> bool:
        work.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr("shared.door.hmac.compare_digest", compared)
    for header in ("Bearer k_live.wrong", "Bearer k_none.wrong", "Bearer k_late.right", "Bearer k_gone.right", "Bearer"):
        says(door, header)

    assert work == [(32, 32)] * 5


def test_who_guesses_at_a_key_has_to_wait_and_the_right_one_elsewhere_does_not(door: Door) -> None:
    guesses = [says(door, "Bearer k_live.wrong") for _ in range(5)]

    assert guesses == [401, 401, 401, 429, 429]
    assert says(door, "Bearer k_live.right") == 429, "while it waits no secret is looked at, not even the right one"
    assert says(door, "Bearer k_live.right", THERE) == "k_live"


def test_how_long_to_wait_is_said(door: Door) -> None:
    for _ in range(3):
        says(door, "Bearer k_live.wrong")

    with pytest.raises(TooManyFailures) as refused:
        door.caller("Bearer k_live.wrong", HERE)

    assert refused.value.headers == {"Retry-After": "1"}


def test_who_tries_many_ids_has_to_wait_but_not_a_key_that_is_at_home_there(door: Door) -> None:
    assert says(door, "Bearer k_live.right") == "k_live"

    guesses = [says(door, f"Bearer k_{number}.wrong") for number in range(12)]

    assert guesses == [401] * 10 + [429] * 2
    assert says(door, "Bearer k_live.right") == "k_live"
    assert says(door, "Bearer k_live.right", THERE) == "k_live"


def test_an_unknown_id_is_held_back_like_a_known_one(door: Door) -> None:
    unknown, known = ([says(door, f"Bearer {key_id}.wrong", key_id) for _ in range(5)] for key_id in ("k_none", "k_live"))

    assert unknown == known


def test_who_shows_no_key_is_not_held_back(door: Door) -> None:
    assert {says(door, None) for _ in range(50)} == {401}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("x" * 1000, "x" * 64),
    ],
)
def test_a_client_with_very_many_addresses_counts_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_figures_do_not_tell_which_ids_exist(door: Door) -> None:
    def counted() -> dict[str, float]:
        return {
            label: float(value)
            for label, value in re.findall(r'lsc_failed_authentications_total\{reason="(\w+)"\} (\S+)', api_metrics().decode())
        }

    before = counted()
    for header in (None, "Bearer x", "Bearer k_live.wrong", "Bearer k_none.wrong", "Bearer k_gone.right", "Bearer k_late.right"):
        says(door, header)

    grown = {reason: count - before.get(reason, 0) for reason, count in counted().items() if count != before.get(reason, 0)}
    assert grown == {"missing": 1, "malformed": 1, "invalid": 3, "expired": 1}


def test_nobody_is_refused_before_the_keys_were_read() -> None:
    """A process that has just started says so, and counts nobody's right key as a failure."""
    door = Door(Keys(), tries_of_key=1, tries_of_address=1)

    refusals = []
    for _ in range(3):
        with pytest.raises(NotYet) as refused:
            door.caller("Bearer k_live.right", HERE)
        refusals.append((refused.value.status, refused.value.headers))

    assert refusals == [(503, {"Retry-After": "1"})] * 3


def test_an_endless_id_is_none_and_is_not_remembered(door: Door) -> None:
    endless = f"Bearer {'k' * 600}.wrong"

    assert [says(door, endless) for _ in range(5)] == [401] * 5, "counted for the address alone"
