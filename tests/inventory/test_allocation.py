from collections import defaultdict
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from inventory.allocation import Answer, Demand, ItemKey, Wanted, allocate, fewest
from uuid_utils.compat import uuid7

SKUS = ["TEA", "MUG", "POT"]
Stock = dict[ItemKey, dict[str, int]]

stocks = st.fixed_dictionaries(
    {("C", sku): st.dictionaries(st.sampled_from(["W1", "W2", "W3", "W4"]), st.integers(0, 12), max_size=4) for sku in SKUS}
)
line_lists = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 12)), min_size=1, max_size=5)
queues = st.lists(st.tuples(line_lists, st.booleans()), min_size=1, max_size=6)


def a_demand(lines: list[tuple[str, int]], *, allow_partial: bool = False) -> Demand:
    return Demand(uuid7(), "C", allow_partial, tuple(Wanted(no, sku, quantity) for no, (sku, quantity) in enumerate(lines, 1)))


def served(answer: Answer) -> dict[tuple[int, str], int]:
    return {(one.line_no, one.warehouse): one.quantity for one in answer.taken}


def taken_by_item(answers: list[Answer]) -> dict[tuple[str, str], int]:
    taken: defaultdict[tuple[str, str], int] = defaultdict(int)
    for answer in answers:
        for one in answer.taken:
            taken[one.sku, one.warehouse] += one.quantity
    return dict(taken)


@given(queues, stocks)
@settings(max_examples=150, deadline=None)
def test_no_warehouse_gives_more_than_it_has(queue: list[tuple[list[tuple[str, int]], bool]], stock: Stock) -> None:
    answers = allocate([a_demand(lines, allow_partial=partial) for lines, partial in queue], stock)

    for (sku, warehouse), quantity in taken_by_item(answers).items():
        assert 0 < quantity <= stock["C", sku][warehouse]


@given(queues, stocks)
@settings(max_examples=150, deadline=None)
def test_a_demand_gets_what_there_is_or_without_partial_all_or_nothing(
    queue: list[tuple[list[tuple[str, int]], bool]], stock: Stock
) -> None:
    demands = [a_demand(lines, allow_partial=partial) for lines, partial in queue]

    for demand, answer in zip(demands, allocate(demands, stock), strict=True):
        by_line: defaultdict[int, int] = defaultdict(int)
        for one in answer.taken:
            by_line[one.line_no] += one.quantity
        wanted = {line.line_no: line.quantity for line in demand.lines}
        offered = {line.line_no: units for line, units in zip(demand.lines, answer.available, strict=True) if units}
        if demand.allow_partial:
            assert by_line == offered
        else:
            assert by_line in ({}, wanted)
            assert (by_line == wanted) == (offered == wanted)


@given(queues, stocks)
@settings(max_examples=150, deadline=None)
def test_what_is_offered_is_what_earlier_demands_left(queue: list[tuple[list[tuple[str, int]], bool]], stock: Stock) -> None:
    demands = [a_demand(lines, allow_partial=partial) for lines, partial in queue]
    left = {sku: sum(stock["C", sku].values()) for sku in SKUS}

    for demand, answer in zip(demands, allocate(demands, stock), strict=True):
        for sku in SKUS:
            offered = sum(units for line, units in zip(demand.lines, answer.available, strict=True) if line.sku == sku)
            wanted = sum(line.quantity for line in demand.lines if line.sku == sku)
            assert offered == min(wanted, left[sku])
            left[sku] -= sum(one.quantity for one in answer.taken if one.sku == sku)


@given(line_lists, stocks)
@settings(max_examples=200, deadline=None)
def test_no_smaller_set_of_warehouses_would_do(lines: list[tuple[str, int]], stock: Stock) -> None:
    demand = a_demand(lines, allow_partial=True)
    [answer] = allocate([demand], stock)
    used = {one.warehouse for one in answer.taken}
    targets: defaultdict[str, int] = defaultdict(int)
    for line, units in zip(demand.lines, answer.available, strict=True):
        targets[line.sku] += units

    smaller = (set(chosen) for size in range(len(used)) for chosen in combinations(["W1", "W2", "W3", "W4"], size))
    for chosen in smaller:
        assert any(sum(stock["C", sku].get(code, 0) for code in chosen) < units for sku, units in targets.items())


def test_one_warehouse_that_has_all_serves_before_two_that_come_first() -> None:
    stock = {("C", "TEA"): {"W1": 5, "W3": 5}, ("C", "MUG"): {"W2": 5, "W3": 5}}

    [answer] = allocate([a_demand([("TEA", 5), ("MUG", 5)])], stock)

    assert served(answer) == {(1, "W3"): 5, (2, "W3"): 5}


def test_of_an_item_that_lies_nowhere_nothing_is_offered() -> None:
    whole, partial = a_demand([("TEA", 2), ("MUG", 1)]), a_demand([("TEA", 2), ("MUG", 1)], allow_partial=True)

    answers = allocate([whole, partial], {("C", "TEA"): {"W1": 2}})

    assert [(answer.demand, answer.available, served(answer)) for answer in answers] == [
        (whole, (2, 0), {}),
        (partial, (2, 0), {(1, "W1"): 2}),
    ]


def test_lines_of_one_item_share_its_stock() -> None:
    [answer] = allocate([a_demand([("TEA", 6), ("TEA", 6)])], {("C", "TEA"): {"W1": 10}})

    assert answer.taken == ()
    assert answer.available == (6, 4)


def test_a_line_is_not_split_when_a_chosen_warehouse_has_all_of_it() -> None:
    stock = {("C", "TEA"): {"W1": 2, "W2": 5}, ("C", "MUG"): {"W1": 5}}

    [answer] = allocate([a_demand([("TEA", 5), ("MUG", 5)])], stock)

    assert served(answer) == {(1, "W2"): 5, (2, "W1"): 5}


def test_the_head_of_the_queue_is_served_first_and_hoards_nothing() -> None:
    stock = {("C", "TEA"): {"W1": 5}}
    large, small = a_demand([("TEA", 6)]), a_demand([("TEA", 4)])

    first, second = allocate([large, small], stock)

    assert (first.taken, first.available) == ((), (5,))
    assert served(second) == {(1, "W1"): 4}


def test_among_many_warehouses_a_cover_is_found_greedily() -> None:
    codes = [f"W{number:02}" for number in range(30)]
    stock = {sku: dict.fromkeys(codes[at::3], 2) | {codes[at]: 8} for at, sku in enumerate(SKUS)}

    chosen = fewest(dict.fromkeys(SKUS, 10), stock)

    assert len(chosen) == 6
    assert all(sum(stock[sku].get(code, 0) for code in chosen) >= 10 for sku in SKUS)


MANY = {f"X{number}": 1 for number in range(9)}
"""So many warehouses that the fewest are not looked for exactly."""


def test_among_many_warehouses_what_counts_is_what_is_still_missing() -> None:
    stock = {"TEA": {**MANY, "BIG": 9, "HALF": 8, "REST": 1}, "MUG": {**MANY, "BIG": 9, "REST": 1}}
    only_tea = {"TEA": {"A": 8, **MANY, "BIG": 20}, "MUG": {"C": 1, "D": 1}}

    assert list(fewest({"TEA": 10, "MUG": 10}, stock)) == ["BIG", "REST"]
    assert list(fewest({"TEA": 20, "MUG": 1}, only_tea)) == ["BIG", "C"]


def test_among_many_warehouses_one_that_has_nothing_of_what_is_missing_is_not_taken() -> None:
    stock = {"TEA": {**MANY, "BIG": 9}, "MUG": {"A": 5, "BIG": 10, "Z": 5}}

    assert list(fewest({"TEA": 10, "MUG": 10}, stock)) == ["BIG", "X0"]
