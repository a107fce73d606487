"""The HTTP face of order-intake."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from shared.batches import BatchResult, only, results, sound
from shared.pages import Page
from shared.personal import PersonalAnswer, SubjectKeys
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.commands.holds import place_hold, release_holds
from order_intake.commands.orders import cancel_order, reject_order
from order_intake.commands.placing import place_orders
from order_intake.queries import key_of, order_by_id, order_in, orders_page
from order_intake.schemas import HoldRelease, NewCancellation, NewHold, NewOrder, NewOrders, NewRejection, OrderFilters, OrderView
from order_intake.settings import terms
from order_intake.views import as_placed

api = router()
ALL_HOLDS = HoldRelease()


@api.post("/orders", status_code=201, response_model=OrderView, responses={200: {"model": OrderView, "description": "Placed before"}})
@needs("orders:write")
async def place_order(new: NewOrder, tx: Tx, store: SubjectKeys) -> Response:
    """Place an order. The same `customer_reference` with the same body is answered as at first, with another body refused."""
    placed = only(await place_orders(tx, [new], terms(), store.take))
    made, read = placed.value.key, placed.value.first.ship_to_key_id
    keys = [made] if made else (await store.read([read])).values()
    view = as_placed(placed.value)
    return PersonalAnswer(view, 201 if placed.created else 200, list(keys), {"Location": f"/orders/{view.order_id}"})


@api.post("/orders/batch", response_model=BatchResult)
@needs("orders:write")
async def place_batch(batch: NewOrders, tx: Tx, store: SubjectKeys) -> BatchResult:
    """Place up to 500 orders; each is judged alone."""
    outcomes = await place_orders(tx, sound(batch.orders), terms(), store.take)
    return results("orders", batch.orders, outcomes, lambda placed: placed.first.order_id)


@api.get("/orders", response_model=Page[OrderView])
@needs("orders:read")
async def get_orders(filters: Annotated[OrderFilters, Query()], reading: Reading, store: SubjectKeys) -> Response:
    """Orders in the order in which they were received."""
    return PersonalAnswer(await orders_page(reading, filters, store), 200)


@api.get("/orders/{order_id}", response_model=OrderView)
@needs("orders:read")
async def get_order(order_id: UUID, reading: Reading, store: SubjectKeys) -> Response:
    return PersonalAnswer(await order_by_id(reading, order_id, store), 200)


@api.post(
    "/orders/{order_id}/cancellation",
    response_model=OrderView,
    responses={202: {"model": OrderView, "description": "Released before: the answer comes with `cancellation` or `status`"}},
)
@needs("orders:write")
async def cancel(order_id: UUID, wish: NewCancellation, tx: Tx, store: SubjectKeys) -> Response:
    """Cancel the order, at once or, once released, if nothing of it is handed over yet."""
    keys = await key_of(tx, order_id, store)
    is_cancelled = await cancel_order(tx, order_id, wish)
    return PersonalAnswer(await order_in(tx, order_id, keys), 200 if is_cancelled else 202, list(keys.values()))


@api.post("/orders/{order_id}/rejection", response_model=OrderView)
@needs("orders:manage")
async def refuse(order_id: UUID, rejection: NewRejection, tx: Tx, store: SubjectKeys) -> Response:
    """Decide not to fulfil an order of which nothing was released."""
    keys = await key_of(tx, order_id, store)
    await reject_order(tx, order_id, rejection.reason)
    return PersonalAnswer(await order_in(tx, order_id, keys), 200, list(keys.values()))


@api.post("/orders/{order_id}/hold", status_code=201, response_model=OrderView)
@needs("orders:manage")
async def hold(order_id: UUID, new: NewHold, tx: Tx, store: SubjectKeys) -> Response:
    """Stop the order before its release."""
    keys = await key_of(tx, order_id, store)
    await place_hold(tx, order_id, new.reason)
    return PersonalAnswer(await order_in(tx, order_id, keys), 201, list(keys.values()))


@api.post("/orders/{order_id}/hold-release", response_model=OrderView)
@needs("orders:manage")
async def lift_hold(order_id: UUID, tx: Tx, store: SubjectKeys, gone: HoldRelease = ALL_HOLDS) -> Response:
    """Take one hold away, or all of the order's; after the last one it goes on."""
    keys = await key_of(tx, order_id, store)
    await release_holds(tx, order_id, gone.hold_id, terms())
    return PersonalAnswer(await order_in(tx, order_id, keys), 200, list(keys.values()))
