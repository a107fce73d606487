"""Every form of a select, confined to one customer."""

from collections.abc import AsyncIterator

import pytest
from shared.own_rows import NotConfined, confine
from shared.reading import reader
from sqlalchemy import Column, Executable, Integer, MetaData, Table, Text, bindparam, func, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.shared.plumbing import World

metadata = MetaData()
goods = Table("goods", metadata, Column("id", Integer, primary_key=True), Column("customer_id", Text), Column("box_id", Integer))
boxes = Table("boxes", metadata, Column("box_id", Integer, primary_key=True), Column("customer_id", Text), Column("label", Text))
cities = Table("cities", metadata, Column("city", Text))
some = select(goods.c.id).order_by(goods.c.id).limit(3).subquery()
first_label = select(boxes.c.label).where(boxes.c.box_id == goods.c.box_id).scalar_subquery()
others = goods.alias()


@pytest.fixture
async def connection(world: World) -> AsyncIterator[AsyncConnection]:
    engine = reader(world.log_url)
    async with engine.connect() as made:
        await made.run_sync(metadata.create_all)
        await made.execute(text("INSERT INTO goods VALUES (1, 'A', 1), (2, 'B', 2), (3, 'A', NULL), (4, 'A', 2)"))
        await made.execute(text("INSERT INTO boxes VALUES (1, 'A', 'of A'), (2, 'B', 'of B')"))
        await made.execute(text("INSERT INTO cities VALUES ('Shanghai')"))
        yield made
    await engine.dispose()


@pytest.mark.parametrize(
    ("query", "everybodys", "own"),
    [
        (select(goods.c.id), [(1,), (2,), (3,), (4,)], [(1,), (3,), (4,)]),
        (select(goods.c.id).where(goods.c.customer_id == "B"), [(2,)], []),
        (select(others.c.id), [(1,), (2,), (3,), (4,)], [(1,), (3,), (4,)]),
        (select(func.count()).select_from(some), [(3,)], [(3,)]),
        (select(func.max(some.c.id), func.count().filter(some.c.id > 1)).select_from(some), [(3, 2)], [(4, 2)]),
        (select(goods.c.id, first_label), [(1, "of A"), (2, "of B"), (3, None), (4, "of B")], [(1, "of A"), (3, None), (4, None)]),
        (
            select(goods.c.id, boxes.c.label).join_from(goods, boxes, goods.c.box_id == boxes.c.box_id),
            [(1, "of A"), (2, "of B"), (4, "of B")],
            [(1, "of A")],
        ),
        (
            select(goods.c.id, boxes.c.label).outerjoin_from(goods, boxes, goods.c.box_id == boxes.c.box_id),
            [(1, "of A"), (2, "of B"), (3, None), (4, "of B")],
            [(1, "of A"), (3, None)],
        ),
        (select(cities.c.city).where(select(goods.c.id).where(goods.c.customer_id == "B").exists()), [("Shanghai",)], []),
        (union_all(select(goods.c.id), select(boxes.c.box_id)), [(1,), (1,), (2,), (2,), (3,), (4,)], [(1,), (1,), (3,), (4,)]),
        (select(cities), [("Shanghai",)], [("Shanghai",)]),
    ],
)
async def test_a_confined_connection_finds_the_customers_rows_only(
    connection: AsyncConnection, query: Executable, everybodys: list[tuple[object, ...]], own: list[tuple[object, ...]]
) -> None:
    before = sorted(tuple(row) for row in await connection.execute(query))

    confine(connection, "A")

    assert before == everybodys
    assert sorted(tuple(row) for row in await connection.execute(query)) == own


async def test_a_text_has_to_bind_the_customer_itself(connection: AsyncConnection) -> None:
    bound = text("SELECT count(*) FROM goods WHERE customer_id = :customer_id").bindparams(bindparam("customer_id", type_=Text))
    confine(connection, "A")

    assert (await connection.execute(bound, {"customer_id": "A"})).scalar_one() == 3
    for wrong, values in ((bound, {"customer_id": "B"}), (text("SELECT count(*) FROM goods"), {})):
        with pytest.raises(NotConfined):
            await connection.execute(wrong, values)


async def test_another_connection_of_the_same_pool_is_not_confined(world: World) -> None:
    engine = reader(world.log_url, size=1)
    for _ in range(2):
        async with engine.connect() as one:
            await one.execute(text("SELECT 1"))
            confine(one, "A")
    await engine.dispose()
