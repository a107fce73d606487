"""What may be done to orders that are placed. Each command locks, loads, decides, saves."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.database import Transaction
from shared.errors import DomainError
from shared.events import By
from shared.locks import lock
from shared.reach import own_customer

from order_intake.commands.storage import Loaded, load_orders, order_locks, save_orders
from order_intake.endings import ask_to_cancel, close, reject
from order_intake.fulfilment import release
from order_intake.order import Cancellation, Order
from order_intake.schemas import NewCancellation
from order_intake.settings import Terms


async def cancel_order(tx: Transaction, order_id: UUID, wish: NewCancellation) -> bool:
    """True when it is cancelled, false when dispatch has to decide first. Whoever comes with a customer's key is the customer."""
    by = wish.by if own_customer() is None else By.CUSTOMER
    order = await _decide_one(tx, order_id, lambda order: ask_to_cancel(order, by, wish.reason))
    return order.cancellation is not Cancellation.REQUESTED


@dataclass(frozen=True, slots=True)
class Cancelling:
    """What became of a wish to cancel; `is_new`: it is cancelled, or asked for, just now."""

    cancellation: Cancellation | None = None
    refused: DomainError | None = None
    is_new: bool = False


async def cancel_orders(tx: Transaction, order_ids: Collection[UUID], wish: NewCancellation) -> dict[UUID, Cancelling]:
    """Each is judged alone."""
    by = wish.by if own_customer() is None else By.CUSTOMER
    outcomes: dict[UUID, Cancelling] = {}
    await lock(tx, order_locks(order_ids))
    loaded = await load_orders(tx, order_ids)
    for order_id, order in list(loaded.orders.items()):
        try:
            ask_to_cancel(order, by, wish.reason)
            outcomes[order_id] = Cancelling(order.cancellation, is_new=bool(order.said))
        except DomainError as refused:
            outcomes[order_id] = Cancelling(refused=refused)
            del loaded.orders[order_id]
    await save_orders(tx, Loaded(loaded.orders, [each for each in loaded.reserved if each in loaded.orders]))
    return outcomes


async def reject_order(tx: Transaction, order_id: UUID, reason: str) -> None:
    await _decide_one(tx, order_id, lambda order: reject(order, reason))


async def release_orders(tx: Transaction, order_ids: Sequence[UUID], terms: Terms) -> None:
    """Release what may be released by now."""
    await _decide(tx, order_ids, lambda order: release(order, terms))


async def close_orders(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """Close those that are delivered and have nothing open."""
    await _decide(tx, order_ids, close)


async def _decide(tx: Transaction, order_ids: Sequence[UUID], decide: Callable[[Order], None]) -> None:
    await lock(tx, order_locks(order_ids))
    loaded = await load_orders(tx, order_ids)
    for order in loaded.orders.values():
        decide(order)
    await save_orders(tx, loaded)


async def _decide_one(tx: Transaction, order_id: UUID, decide: Callable[[Order], None]) -> Order:
    await lock(tx, order_locks([order_id]))
    loaded = await load_orders(tx, [order_id])
    decide(order := loaded[order_id])
    await save_orders(tx, loaded)
    return order
