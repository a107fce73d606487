from order_intake.commands.drafts import HELD_AT_ONCE, Placed
from order_intake.lifecycle import OrderStatus
from order_intake.schemas import HistoryView, HoldView, LineView, NewLine, OrderView, PromiseView, QuantitiesView


def as_placed(placed: Placed) -> OrderView:
    """The first answer of an order, whenever it is given: it follows from the body and what was decided then. What was erased stays so."""
    new, first = placed.new, placed.first
    status = OrderStatus.CONFIRMED if first.promised_latest else OrderStatus.RECEIVED
    holds = [HoldView(hold_id=first.hold_id, reason=HELD_AT_ONCE, placed_at=first.received_at)] if first.hold_id else []
    entries = [("received", None), ("held", HELD_AT_ONCE) if first.hold_id else ("confirmed", None)]
    return OrderView(
        order_id=first.order_id,
        customer_id=new.customer_id,
        customer_reference=new.customer_reference,
        status=status,
        partial=False,
        cancellation=None,
        open_amendment=None,
        received_at=first.received_at,
        ship_to=None if first.erased_at else new.ship_to.as_sealed(),
        erased_at=first.erased_at,
        promised=_promise(placed),
        holds=holds,
        lines=[_line(line, status) for line in sorted(new.lines, key=lambda line: line.line_no)],
        history=[HistoryView(at=first.received_at, what=what, detail=detail) for what, detail in entries],
    )


def _promise(placed: Placed) -> PromiseView | None:
    first = placed.first
    if not first.promised_earliest or not first.promised_latest:
        return None
    return PromiseView(earliest=first.promised_earliest, latest=first.promised_latest)


def _line(line: NewLine, status: OrderStatus) -> LineView:
    quantities = QuantitiesView(waiting=line.quantity)
    return LineView(line_no=line.line_no, sku=line.sku, quantity=line.quantity, status=status, quantities=quantities)
