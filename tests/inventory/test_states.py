from itertools import product

import pytest
from inventory.fulfilments import Fulfilment
from inventory.states import NEXT, FulfilmentStatus, PickStatus
from shared.database import Pool
from uuid_utils.compat import uuid7

from tests.inventory.builders import THEN


@pytest.mark.parametrize("now, then", list(product(FulfilmentStatus, FulfilmentStatus)))
def test_a_fulfilment_goes_only_the_ways_of_the_table(now: FulfilmentStatus, then: FulfilmentStatus) -> None:
    fulfilment = Fulfilment(uuid7(), "C", now, allow_partial=False, promised_latest=THEN)

    if then in NEXT[now]:
        fulfilment.become(then)
        assert fulfilment.status is then
    else:
        with pytest.raises(ValueError, match=f"cannot become {then}"):
            fulfilment.become(then)


def test_from_everywhere_an_end_can_be_reached_and_ends_are_ends() -> None:
    ends = {status for status, ways in NEXT.items() if not ways}

    assert set(NEXT) == {*FulfilmentStatus, *PickStatus}
    assert ends == {FulfilmentStatus.CANCELLED, PickStatus.CONFIRMED, PickStatus.SHORT, PickStatus.VOID}
    assert all(NEXT[status] & ends for status in NEXT if status not in ends)


async def test_the_database_knows_the_same_states(pool: Pool) -> None:
    sql = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1"
    for constraint, states in (("fulfilments_status", FulfilmentStatus), ("picks_status", PickStatus)):
        allowed = await pool.fetchval(sql, constraint)
        assert set(allowed.split("'")[1::2]) == {state.value for state in states}
