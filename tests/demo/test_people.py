"""What the players of the demo decide before they call anybody."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy.local.demo.answers import Pick, Promise, Shipment, ShipmentLine
from deploy.local.demo.choices import RATES, Choices
from deploy.local.demo.countries import CODES, UNKNOWN, code_of
from deploy.local.demo.dataset import Credit, Line, Plan, Sale, plan
from deploy.local.demo.drivers import counts
from deploy.local.demo.extract import SHIPPED
from deploy.local.demo.player import ONE_BY_ONE, blocked_owner, lanes_of, window
from deploy.local.demo.rows import read_rows
from deploy.local.demo.warehouse import PACK_LINES, parcels, whole_orders

SALE = Sale("1", "OR-France", "17850", "France", (Line(1, "TEA", 1),))


@pytest.fixture(scope="module")
def shipped() -> Plan:
    return plan(read_rows(SHIPPED))


@pytest.mark.parametrize("kind", RATES)
def test_a_choice_happens_as_often_as_stated_and_always_the_same_way(kind: str) -> None:
    choices = Choices(7)
    taken = [choices.happens(kind, str(key)) for key in range(20_000)]

    assert sum(taken) / len(taken) == pytest.approx(RATES[kind], abs=0.01)
    assert taken[:100] == [Choices(7).happens(kind, str(key)) for key in range(100)]
    assert taken[:2000] != [Choices(8).happens(kind, str(key)) for key in range(2000)]


def test_an_owners_orders_and_credits_keep_their_order(shipped: Plan) -> None:
    lanes = lanes_of(shipped.steps)

    assert len(lanes) == len({owner(step) for step in shipped.steps})
    assert all(lane == [step for step in shipped.steps if owner(step) == owner(lane[0])] for lane in lanes)


def owner(step: Sale | tuple[Credit, ...]) -> str:
    return step.owner if isinstance(step, Sale) else step[0].owner


def test_a_big_play_has_one_lane_because_batches_keep_the_order() -> None:
    steps = [replace(SALE, invoice=str(number), owner=f"OR-{number % 3}") for number in range(ONE_BY_ONE + 1)]

    assert lanes_of(steps) == [steps]


def test_the_blocked_owner_is_a_small_one_with_some_orders(shipped: Plan) -> None:
    blocked = blocked_owner(shipped)

    assert 2 <= sum(sale.owner == blocked for sale in shipped.sales) < 20


def test_nobody_is_blocked_where_all_orders_are_one_owners() -> None:
    assert blocked_owner(plan([])) is None


@pytest.mark.parametrize("orders, most", [(0, 20), (300, 60), (13_000, 400)])
def test_the_window_grows_with_the_play(orders: int, most: int) -> None:
    assert window(orders) == most


def test_every_country_of_the_extract_has_a_code(shipped: Plan) -> None:
    assert {sale.country for sale in shipped.sales} - set(CODES) == {"Unspecified"}
    assert (code_of("EIRE"), code_of("Atlantis")) == ("IE", UNKNOWN)


def test_an_order_is_never_cut_between_two_calls() -> None:
    picks = [
        Pick(pick_id=f"{order}-{line}", order_id=str(order), line_no=line, warehouse="W1", release_no=1, quantity=1, status="open")
        for line in range(1, 4)
        for order in range(5)
    ]

    calls = list(whole_orders(picks, 6))

    assert [[pick.pick_id for pick in call] for call in calls] == [
        ["0-1", "0-2", "0-3", "1-1", "1-2", "1-3"],
        ["2-1", "2-2", "2-3", "3-1", "3-2", "3-3"],
        ["4-1", "4-2", "4-3"],
    ]


def test_a_very_long_release_is_packed_in_several_packs() -> None:
    packs = list(parcels(("order", "W1", 1), dict.fromkeys(range(1, PACK_LINES + 2), 3)))

    assert [(pack["reference"], len(pack["cartons"])) for pack in packs] == [("W1-1-1", 50), ("W1-1-2", 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize("damaged, broken", [(True, (4, 1, 0)), (False, (4, 0, 1))])
def test_a_bad_delivery_spoils_one_unit_of_what_travelled(damaged: bool, broken: tuple[int, int, int]) -> None:
    lines = [(1, 5, 5), (2, 5, 0), (3, 2, 0)]
    shipment = Shipment(
        shipment_id="s",
        order_id="o",
        warehouse="W1",
        release_no=1,
        status="handed_over",
        promised=Promise(latest=datetime(2026, 5, 1, tzinfo=UTC)),
        handed_over_at=None,
        attempts=0,
        lines=[
            ShipmentLine(line_no=line, quantity=quantity, missing=missing, packed=quantity - missing) for line, quantity, missing in lines
        ],
    )

    first, second = counts(shipment, damaged=damaged)

    assert first == dict(zip(("line_no", "accepted", "damaged", "short"), (2, *broken), strict=True))
    assert second == {"line_no": 3, "accepted": 2, "damaged": 0, "short": 0}
