"""Changing orders before their release. Locks, loads, decides, saves: once for all of them; each is judged alone."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.database import Transaction
from shared.errors import DomainError, Fault
from shared.events import By
from shared.locks import lock
from shared.reach import own_customer
from shared.sealing import SubjectKey

from order_intake.amendment_schemas import NewAmendment
from order_intake.amendments import Amended, Consignee, Wish, WishedLine, amend, check_amendable
from order_intake.commands.amendment_storage import Before, Made, amendments_before, known_items, save_amendments
from order_intake.commands.retelling import tell_amended
from order_intake.commands.storage import Loaded, load_orders, order_locks, save_orders
from order_intake.consignee import opened, seal
from order_intake.errors import AmendmentInvalid, AmendmentReferenceTaken, NotSealedYet
from order_intake.order import Order
from order_intake.settings import Terms

Read = Callable[[Iterable[str | None]], Awaitable[Mapping[str, SubjectKey]]]
"""How the keys of orders are read."""


@dataclass(frozen=True, slots=True)
class Amending:
    """What became of a wish to amend; `is_new`: it was done just now, not before under the same reference."""

    amendment_no: int = 0
    refused: DomainError | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What must be known beside the orders: their keys, their items, the amendments before."""

    keys: Mapping[str, SubjectKey]
    items: set[tuple[str, str]]
    before: Mapping[UUID, Before]


async def amend_order(tx: Transaction, order_id: UUID, wish: NewAmendment, terms: Terms, read: Read) -> Amending:
    """Raises what it is refused for. A partner whose order it is hears of it."""
    amending = (await amend_orders(tx, {order_id: wish}, terms, read))[order_id]
    if amending.refused:
        raise amending.refused
    if amending.is_new:
        await tell_amended(tx, order_id)
    return amending


async def amend_orders(tx: Transaction, wishes: Mapping[UUID, NewAmendment], terms: Terms, read: Read) -> dict[UUID, Amending]:
    """Whoever comes with a customer's key is the customer."""
    keys = await _read_keys(tx, [order_id for order_id, wish in wishes.items() if wish.ship_to], read)
    await lock(tx, order_locks(wishes))
    loaded = await load_orders(tx, wishes)
    wanted = {(order.customer_id, sku) for order_id, order in loaded.orders.items() for sku in wishes[order_id].skus}
    references = {order_id: wish.reference for order_id, wish in wishes.items()}
    known = _Known(keys, await known_items(tx, wanted), await amendments_before(tx, references))
    outcomes: dict[UUID, Amending] = {}
    made: list[Made] = []
    for order_id, wish in wishes.items():
        try:
            outcomes[order_id] = _amend(loaded[order_id], wish, terms, known, made)
        except DomainError as refused:
            outcomes[order_id] = Amending(refused=refused)
    amended = {each.order.order_id: each.order for each in made}
    if amended:
        await save_amendments(tx, made)
        await save_orders(tx, Loaded(amended, [each for each in loaded.reserved if each in amended]))
    return outcomes


def _amend(order: Order, new: NewAmendment, terms: Terms, known: _Known, made: list[Made]) -> Amending:
    before = known.before.get(order.order_id, Before())
    if before.same_no and new.reference:
        if before.fingerprint != fingerprint(new):
            raise AmendmentReferenceTaken(order.order_id, new.reference, before.same_no)
        return Amending(before.same_no)
    check_amendable(order)
    _check_items(order, new, known)
    wish = _wish(order, new, before.last_no + 1, known)
    amended: Amended = amend(order, wish, terms)
    made.append(Made(order, wish, new.reference, fingerprint(new), amended))
    return Amending(wish.amendment_no, is_new=True)


def fingerprint(new: NewAmendment) -> bytes:
    return hashlib.sha256(new.__pydantic_serializer__.to_json(new)).digest()


def _check_items(order: Order, new: NewAmendment, known: _Known) -> None:
    strange = [index for index, sku in enumerate(new.skus) if (order.customer_id, sku) not in known.items]
    if strange:
        raise AmendmentInvalid([Fault(f"/lines/{index}/sku", "is not a registered item of this customer") for index in strange])


def _wish(order: Order, new: NewAmendment, amendment_no: int, known: _Known) -> Wish:
    return Wish(
        amendment_no,
        new.by if own_customer() is None else By.CUSTOMER,
        new.reason,
        [WishedLine(line.line_no, line.sku, line.quantity) for line in new.lines] if new.lines is not None else None,
        new.requested_delivery.window() if new.requested_delivery else None,
        _consignee(order, new, known.keys),
    )


def _consignee(order: Order, new: NewAmendment, keys: Mapping[str, SubjectKey]) -> Consignee | None:
    """None where the goods go there already."""
    if new.ship_to is None:
        return None
    if order.ship_to_key_id is None:
        raise NotSealedYet(order.order_id)
    ship_to = new.ship_to.as_sealed()
    if ship_to == opened(order.ship_to, order.ship_to_key_id, order.customer_id, keys):
        return None
    return Consignee(ship_to.code, seal(ship_to, keys[order.ship_to_key_id], order.customer_id))


async def _read_keys(tx: Transaction, order_ids: list[UUID], read: Read) -> Mapping[str, SubjectKey]:
    """Before the orders are locked; a key does not change."""
    if not order_ids:
        return {}
    sql = "SELECT array_agg(ship_to_key_id) AS key_ids FROM orders WHERE order_id = ANY($1::uuid[])"
    row = await tx.glance(sql, order_ids)
    return await read(row["key_ids"] or ()) if row else {}
