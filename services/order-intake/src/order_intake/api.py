"""The HTTP face of order-intake."""

from fastapi import Response
from shared.batches import BatchResult, only, results, sound
from shared.problems import Problem
from shared.routes import Tx, router

from order_intake.commands.placing import place_orders
from order_intake.schemas import NewOrder, NewOrders, OrderView
from order_intake.settings import terms
from order_intake.views import as_placed

api = router()


@api.post("/orders", status_code=201, response_model=OrderView, responses={200: {"model": OrderView, "description": "Placed before"}})
async def place_order(new: NewOrder, tx: Tx) -> Response:
    """Place an order. The same `customer_reference` with the same body is answered as at first, with another body refused."""
    placed = only(await place_orders(tx, [new], terms()))
    return answer(as_placed(placed.value), 201 if placed.created else 200)


@api.post("/orders/batch", response_model=BatchResult)
async def place_batch(batch: NewOrders, tx: Tx) -> BatchResult:
    """Place up to 500 orders; each is judged alone."""
    outcomes = await place_orders(tx, sound(batch.orders), terms())
    return results("orders", batch.orders, outcomes, lambda placed: placed.first.order_id)


def answer(view: OrderView, status: int) -> Response:
    return Response(view.__pydantic_serializer__.to_json(view), status, media_type="application/json")
