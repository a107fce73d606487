from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.demo.choices import Choices
from deploy.local.demo.dataset import CASH, Credit, Line, Sale, first_invoices, owner_of, plan
from deploy.local.demo.extract import SHIPPED, extract
from deploy.local.demo.rows import Row, digest, read_rows, rows_of, write_rows
from deploy.local.demo.stocking import stocking

LAMP = Row(1, "536365", "71053", "WHITE METAL LANTERN", "6", "2010-12-01 08:26:00", "3.39", "17850", "United Kingdom")


def test_an_invoice_is_an_order_and_the_same_item_twice_is_two_lines() -> None:
    [sale] = plan([LAMP, replace(LAMP, number=2, quantity="4")]).sales

    assert sale == Sale("536365", "OR-United Kingdom", "17850", "United Kingdom", (Line(1, "71053", 6), Line(2, "71053", 4)))


def test_invoices_are_played_in_the_order_of_their_first_dates() -> None:
    later = replace(LAMP, number=1, invoice="2", invoiced_at="2010-12-02 08:00:00")

    assert [sale.invoice for sale in plan([later, replace(LAMP, number=2, invoice="1")]).sales] == ["1", "2"]


def test_a_sale_without_a_customer_goes_to_the_consignee_cash() -> None:
    assert plan([replace(LAMP, consignee="")]).sales[0].consignee == CASH


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"stock_code": "POST"}, "postage, not goods"),
        ({"stock_code": "m"}, "manual adjustment, not goods"),
        ({"stock_code": "gift_0001_40"}, "gift voucher, not goods"),
        ({"quantity": "-3"}, "negative quantity outside a credit (stock adjustment)"),
        ({"quantity": "0"}, "no quantity"),
        ({"quantity": "two"}, "no quantity"),
        ({"quantity": "1000001"}, "quantity beyond 1000000"),
        ({"description": " "}, "no description"),
        ({"unit_price": "0.0"}, "zero or negative price"),
        ({"unit_price": "NaN"}, "no price"),
        ({"stock_code": "71/053"}, "invoice, item or consignee is no usable code"),
    ],
)
def test_a_row_that_cannot_be_an_order_is_reported_with_its_reason(changed: dict[str, Any], reason: str) -> None:
    made = plan([replace(LAMP, **changed)])

    assert [reported.reason for reported in made.reported] == [reason]
    assert (made.sales, made.reported_invoices, made.adds_up) == ((), 1, True)


def test_the_rest_of_an_invoice_with_a_row_that_cannot_be_a_line_is_an_order() -> None:
    made = plan([LAMP, replace(LAMP, number=2, stock_code="POST")])

    assert (len(made.sales), len(made.reported), made.reported_invoices) == (1, 1, 0)


def test_a_credit_line_belongs_to_the_last_order_of_its_consignee_with_its_item() -> None:
    again = replace(LAMP, number=2, invoice="536372", invoiced_at="2010-12-01 09:01:00")
    other = replace(LAMP, number=3, invoice="536373", invoiced_at="2010-12-01 09:02:00", consignee="13047")
    credit = replace(LAMP, number=4, invoice="C536379", invoiced_at="2010-12-01 09:41:00", quantity="-1")

    [line] = plan([LAMP, again, other, credit]).credits

    assert line == Credit("C536379-1", "C536379", "OR-United Kingdom", "17850", "71053", 1, "536372", 1)


def test_a_credit_line_before_any_order_belongs_to_none() -> None:
    credit = replace(LAMP, number=2, invoice="C1", invoiced_at="2010-11-30 09:00:00", quantity="-1")

    [line] = plan([LAMP, credit]).credits

    assert (line.sale, line.line_no) == (None, None)


def test_lines_beyond_what_one_order_takes_are_reported() -> None:
    made = plan([replace(LAMP, number=number) for number in range(1, 2004)])

    assert (len(made.sales[0].lines), Counter(reported.reason for reported in made.reported)) == (
        2000,
        {"beyond 2000 lines of one order": 3},
    )


@pytest.mark.parametrize(
    "country", ["United Kingdom", "", "  ", "Bosnia/Herzegovina", "A very long name of a country beyond forty characters"]
)
def test_every_country_makes_a_usable_owner(country: str) -> None:
    owner = owner_of(country)

    assert 1 <= len(owner) <= 40
    assert "/" not in owner
    assert owner == owner.strip()


LIKELY = ["", "C536379", "536365", "71053", "POST", "M", "-1", "6", "0.0", "2.5", "17850", "EIRE"]
odd_text = st.one_of(st.sampled_from(LIKELY), st.text(max_size=12))
odd_rows = st.lists(st.builds(Row, st.just(1), *[odd_text] * 8), max_size=30)


@given(odd_rows)
def test_rows_and_invoices_of_any_file_add_up(rows: list[Row]) -> None:
    made = plan([replace(row, number=number) for number, row in enumerate(rows, 1)])

    assert made.adds_up
    assert all(line.quantity > 0 and line.sku for sale in made.sales for line in sale.lines)
    assert {reported.row.number for reported in made.reported} <= set(range(1, len(rows) + 1))


def test_a_row_with_too_few_columns_is_read_and_reported() -> None:
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"

    assert plan(list(rows_of([header, "536365,71053"]))).reported_invoices == 1


def test_a_file_of_other_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="must name the columns"):
        list(rows_of(["a,b,c", "1,2,3"]))


def test_the_shipped_extract_has_every_kind_of_thing() -> None:
    made = plan(read_rows(SHIPPED))

    assert made.adds_up
    assert (made.invoices, len(made.owners)) == (420, 36)
    assert len([credit for credit in made.credits if credit.sale]) > 20
    assert len([credit for credit in made.credits if not credit.sale]) > 20
    assert len({reported.reason for reported in made.reported}) >= 5
    assert made.reported_invoices > 5
    assert any(sale.consignee == CASH for sale in made.sales)


def test_an_extract_is_always_the_same_and_survives_its_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("extract") / "small.csv.gz"
    small = extract(read_rows(SHIPPED), 60)
    write_rows(file, small)

    assert digest(read_rows(file)) == digest(small) == digest(extract(read_rows(SHIPPED), 60))
    assert 60 <= plan(small).invoices <= 66


def test_the_first_invoices_come_whole() -> None:
    rows = read_rows(SHIPPED)

    first = first_invoices(rows, 10)

    assert plan(first).invoices == 10
    assert [row for row in rows if row.invoice in {row.invoice for row in first}] == first


def test_only_scarce_items_run_short_and_the_replenished_ones_get_all() -> None:
    made = plan(read_rows(SHIPPED))
    stocks = stocking(made, Choices())
    units: Counter[tuple[str, str]] = Counter()
    for stock in stocks.opening:
        units[stock.owner, stock.sku] += stock.quantity
    opened = units.copy()
    for arrival in stocks.arrivals:
        for stock in arrival:
            units[stock.owner, stock.sku] += stock.quantity

    assert {item for item, demand in made.demand.items() if opened[item] < demand} == stocks.scarce
    assert {item for item, demand in made.demand.items() if units[item] < demand} == stocks.short
    assert 0 < len(stocks.short) < len(stocks.scarce) < len(made.demand) / 10
