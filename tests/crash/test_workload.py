"""What the rig draws is the seed's, and hard."""

from tests.crash.faults import CATALOGUE
from tests.crash.profiles import SHORT, whole
from tests.crash.sabotage import GUARDS
from tests.crash.workload import Workload


def test_one_seed_draws_the_same_again_and_another_another() -> None:
    assert Workload.of(3, 50) == Workload.of(3, 50)
    assert Workload.of(3, 50) != Workload.of(4, 50)
    assert whole().times(3) == whole().times(3)
    assert whole().times(3) != whole().times(4)


def test_two_items_have_half_the_demand_and_there_is_too_little_of_everything() -> None:
    work = Workload.of(1, 2_000)
    demand = {item: sum(q for wish in work.wishes for sku, q in wish.lines if (wish.customer_id, sku) == item) for item in work.items}
    stock = {item: sum(s.quantity for s in [*work.opening, *work.late] if (s.owner, s.sku) == item) for item in work.items}

    hottest = sorted(demand.values())[-2:]
    assert 0.45 < sum(hottest) / sum(demand.values()) < 0.55
    assert 1.28 < sum(demand.values()) / sum(stock.values()) < 1.32
    assert all(stock[item] < demand[item] for item in work.items)


def test_every_fault_that_is_asked_for_is_known_and_every_known_one_is_asked_for() -> None:
    asked = {name for profile in (SHORT, whole(), whole(full=True), *(guard.profile for guard in GUARDS)) for name in profile.strikes}

    assert asked | {"SIGKILL at a point"} == set(CATALOGUE)
