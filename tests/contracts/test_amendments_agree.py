"""order-intake and inventory amend an order together: however their events cross, no unit is lost and in the end both say the same."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from inventory.amending import Holdings
from inventory.book import Entry, Kind, StockBook, StockRow
from inventory.commands.amending import Case, reallocate
from inventory.commands.reserving import Turn, settle
from inventory.fulfilments import DemandLine, Fulfilment
from inventory.states import NOT_ANSWERED, OPEN_TO_ANSWER, FulfilmentStatus
from order_intake.amendments import Wish, WishedLine, amend
from order_intake.endings import ask_to_cancel
from order_intake.errors import AmendmentWaits, NotAmendable, NothingToAmend
from order_intake.fulfilment import Fact, advance, confirm
from order_intake.lifecycle import OrderStatus
from order_intake.order import Order
from order_intake.quantities import BUCKETS
from shared.errors import DomainError
from shared.events import By, Event, OrderAmended, OrderCancelled, OrderConfirmed, OrderReleased, Promise

from tests.examples import examples
from tests.order_intake.builders import THEN
from tests.order_intake.world import TERMS, a_received_order

SKUS = {no: f"SKU-{no}" for no in range(1, 4)}
Wanted = dict[int, int]
wishes = st.dictionaries(st.sampled_from(sorted(SKUS)), st.integers(1, 4), min_size=1)
Step = tuple[str, Wanted]
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["inventory", "intake", "inventory", "intake", "both", "restock", "resume"]), st.just({})),
        st.tuples(st.just("amend"), wishes),
    ),
    max_size=30,
)


class Book(StockBook):
    """Knows what the order holds."""

    def __init__(self, stock: Wanted) -> None:
        super().__init__(StockRow("C", SKUS[no], warehouse, units) for no, units in stock.items() for warehouse in ("SH", "BJ"))
        self.held: Holdings = {}

    def enter(self, entry: Entry) -> StockRow:
        row = super().enter(entry)
        assert 0 <= row.reserved <= row.on_hand
        if entry.line_no:
            place = (entry.line_no, entry.warehouse)
            self.held[place] = self.held.get(place, 0) + entry.d_reserved
            assert self.held[place] >= 0
        return row


class Both:
    """An order in both services, and what each said that the other has not heard."""

    def __init__(self, stock: Wanted, lines: Wanted, *, allow_partial: bool, is_far: bool, queues: bool) -> None:
        self.book, self.fulfilment, self.queues = Book(stock), None, queues
        self.order: Order = a_received_order([1], allow_partial=allow_partial)
        self.order.lines.clear()
        amend(self.order, self._wish(1, lines), TERMS)
        opens = THEN + timedelta(days=100 if is_far else 0)
        confirm(self.order, Promise(earliest=opens, latest=opens + timedelta(days=3)))
        self.heard = 1
        self.facts: list[Event] = []
        self.amendments = 1

    fulfilment: Fulfilment | None

    @staticmethod
    def _wish(amendment_no: int, lines: Wanted) -> Wish:
        return Wish(amendment_no, By.CUSTOMER, "quantity", [WishedLine(no, SKUS[no], units) for no, units in lines.items()])

    def step(self, name: str, wanted: Wanted) -> None:
        match name:
            case "inventory" if self.heard < len(self.order.said):
                self.heard += 1
                self.facts += self._inventory_hears(self.order.said[self.heard - 1])
            case "intake" if self.facts:
                fact = self.facts.pop(0)
                if isinstance(fact, Fact):
                    advance(self.order, fact, TERMS)
            case "both":
                self.settle()
            case "amend":
                self._amend(wanted)
            case "restock":
                self.book.enter(Entry("C", SKUS[1], "SH", 3, 0, Kind.ADJUST, self.order.order_id))
            case "resume":
                self._resume()

    def _amend(self, wanted: Wanted) -> None:
        try:
            amend(self.order, self._wish(self.amendments + 1, wanted), TERMS)
            self.amendments += 1
        except (NotAmendable, AmendmentWaits, NothingToAmend):
            pass

    def cancel(self) -> None:
        with suppress(DomainError):
            ask_to_cancel(self.order, By.CUSTOMER, "price")

    def _resume(self) -> None:
        if (one := self.fulfilment) and one.status in OPEN_TO_ANSWER and one.waits:
            self.facts += settle(self.book, [Turn(one, one.demand())], THEN)

    def _inventory_hears(self, event: Event) -> Iterator[Event]:
        match event:
            case OrderConfirmed():
                lines = {line.line_no: DemandLine(line.line_no, line.sku, line.quantity, line.quantity) for line in event.lines}
                status = FulfilmentStatus.UNDECIDED if self.queues else FulfilmentStatus.GATHERING
                self.fulfilment = one = Fulfilment(event.order_id, "C", status, event.allow_partial, event.promised.latest, lines=lines)
                if not self.queues:
                    yield from settle(self.book, [Turn(one, one.demand(), event.event_id)], THEN)
            case OrderAmended(reallocate=True) if self.fulfilment and self.fulfilment.status is not FulfilmentStatus.CANCELLED:
                yield from reallocate(self.book, [Case(self.fulfilment, event, dict(self.book.held), {})], THEN)
            case OrderReleased():
                released = Counter({(line.line_no, part.warehouse): line.quantity for part in event.warehouses for line in part.lines})
                assert all(self.book.held[place] >= units for place, units in released.items())
            case OrderCancelled() if self.fulfilment:
                self.fulfilment.become(FulfilmentStatus.CANCELLED)
                for (line_no, warehouse), units in list(self.book.held.items()):
                    self.book.enter(Entry("C", SKUS[line_no], warehouse, 0, -units, Kind.FREE, event.event_id, event.order_id, line_no))

    def settle(self) -> None:
        """Until nobody has anything to hear, and who has had no answer got it."""
        while self.heard < len(self.order.said) or self.facts or (self.fulfilment and self.fulfilment.status in NOT_ANSWERED):
            for name in ("inventory", "intake", "resume"):
                self.step(name, {})

    def check(self) -> None:
        for line in self.order.lines.values():
            counts = [getattr(line, bucket) for bucket in BUCKETS]
            assert min(counts) >= 0
            assert sum(counts) == line.ordered
            reserved = sum(units for (_, line_no), units in self.order.reservations.items() if line_no == line.line_no)
            assert line.reserved == reserved


@given(
    steps,
    st.fixed_dictionaries({no: st.integers(0, 6) for no in SKUS}),
    wishes,
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)
@examples(250)
def test_both_agree_about_every_unit_however_their_events_cross(
    steps: list[Step], stock: Wanted, lines: Wanted, kind: tuple[bool, bool, bool, bool]
) -> None:
    allow_partial, is_far, queues, is_cancelled = kind
    both = Both(stock, lines, allow_partial=allow_partial, is_far=is_far, queues=queues)

    for name, wanted in steps:
        both.step(name, wanted)
        both.check()
    if is_cancelled:
        both.cancel()
    both.settle()
    both.check()

    order, fulfilment = both.order, both.fulfilment
    assert fulfilment
    assert order.open_amendment is None
    if order.status is OrderStatus.CANCELLED:
        assert not any(both.book.held.values())
        return
    for line in order.lines.values():
        demand = fulfilment.lines.get(line.line_no, DemandLine(line.line_no, line.sku, 0, 0))
        held = sum(units for (line_no, _), units in both.book.held.items() if line_no == line.line_no)
        assert (line.wanted, line.wanting, line.reserved + line.released) == (demand.ordered, demand.waiting, held)
        assert held + demand.waiting == demand.ordered
