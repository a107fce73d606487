"""What is gathered is written as it was gathered, however many rows there are and whatever is the same in all of them."""

from datetime import UTC, datetime
from itertools import product

import asyncpg
import pytest
from shared.database import transaction
from shared.endings import FEW, MANY, Insert
from uuid_utils.compat import UUID, uuid7

from tests.shared.plumbing import World

TYPES = ("uuid", "text", "int", "timestamptz", "bytea")
ROWS = Insert("gathered", TYPES, "INSERT INTO written SELECT * FROM {rows} AS gathered (a, b, c, d, e)")
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
NASTY = ("", " ", "\x1e", "\x1f", "a\x1fb", "a\x1eb", "\\", "\\N", "NULL", "'", '"', "{}", "{NULL}", "\n", "名", "%s", "$1")
Row = tuple[UUID, str | None, int, datetime | None, bytes]


def row(number: int, same: tuple[bool, ...], constant: UUID) -> Row:
    a, b, c, d, e = (0 if one else number for one in same)
    return (uuid7() if a else constant, f"text {b}" if b % 3 else None, c, NOW if d % 2 else None, b"%d" % e)


@pytest.fixture
async def world(world: World) -> World:
    """With a table to write to."""
    owner = await asyncpg.connect(world.log_url)
    await owner.execute("CREATE TABLE written (a uuid, b text, c int, d timestamptz, e bytea); GRANT ALL ON written TO PUBLIC")
    await owner.close()
    return world


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, MANY - 1, MANY, 3 * MANY])
async def test_every_row_is_written_as_it_is(world: World, count: int) -> None:
    constant = uuid7()
    for same in product((True, False), repeat=len(TYPES)):
        rows = [row(number, same, constant) for number in range(count)]

        async with transaction(world.pool) as tx:
            tx.gather(ROWS, rows)

        found = await world.pool.fetch("DELETE FROM written RETURNING *")
        assert sorted(map(str, map(tuple, found))) == sorted(map(str, rows))


async def test_many_are_written_as_they_are_whatever_stands_in_them(world: World) -> None:
    for nasty, beside in product(NASTY, (None, "text")):
        rows = [(uuid7(), nasty if number % 7 else beside, number, NOW, b"") for number in range(MANY)]

        async with transaction(world.pool) as tx:
            tx.gather(ROWS, rows)

        found = await world.pool.fetch("DELETE FROM written RETURNING *")
        assert sorted(map(str, map(tuple, found))) == sorted(map(str, rows))


async def test_what_is_written_behind_is_written_once_and_its_fault_is_told(world: World) -> None:
    one, other = (row(number, (False,) * 5, uuid7()) for number in (1, 2))
    async with transaction(world.pool) as tx:
        tx.gather(ROWS, [one])
        await tx.write_behind()
        tx.gather(ROWS, [other])
        await tx.write_behind()

    found = await world.pool.fetch("DELETE FROM written RETURNING a")
    assert {each["a"] for each in found} == {one[0], other[0]}

    with pytest.raises(ZeroDivisionError):
        async with transaction(world.pool) as tx:
            tx.gather(ROWS, [one])
            await tx.write_behind()
            raise ZeroDivisionError
    assert await world.value("SELECT count(*) FROM written") == 0
