from order_intake.edi import read

from tests.bench.edi import bare_regex, bare_split, microseconds, orders, purchase_order

ROUNDS = 30


def test_reading_a_purchase_order_costs_at_most_ten_bare_splits() -> None:
    data = purchase_order()
    assert read(data).all_faults == ()

    split, ours = microseconds([lambda: bare_split(data), lambda: read(data)], ROUNDS)

    assert ours / split <= 10


def test_reading_orders_costs_at_most_two_regular_expressions() -> None:
    data = orders()
    assert read(data).all_faults == ()

    regex, ours = microseconds([lambda: bare_regex(data), lambda: read(data)], ROUNDS)

    assert ours / regex <= 2
