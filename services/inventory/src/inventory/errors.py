"""What a caller of inventory can do wrong.

NotFound       WarehouseNotFound, ItemNotFound, AdjustmentNotFound, PickNotFound, PackNotFound, OrderNotFound
InvalidInput   UnknownItem, UnknownWarehouse, MoreThanAsked, WhichRelease, NotOfThisRelease, OwnSscc
Conflict       OtherAdjustment, BelowReserved, OtherConfirmation, PickIsVoid, OtherPack, OrderIsCancelled,
               NothingToPack, MoreThanPicked, SsccTaken, NotHeld, AmendedTooLate
StaleVersion   StaleWarehouse
"""

from uuid import UUID

from shared.errors import Conflict, Fault, InvalidInput, NotFound, StaleVersion


class WarehouseNotFound(NotFound):
    def __init__(self, code: str) -> None:
        super().__init__(f"There is no warehouse {code}.")


class StaleWarehouse(StaleVersion):
    def __init__(self, code: str, revision: int | None) -> None:
        super().__init__(
            f"Warehouse {code} is at revision {revision} now; read it again." if revision else f"There is no warehouse {code} yet."
        )


class ItemNotFound(NotFound):
    def __init__(self, customer_id: str, sku: str) -> None:
        super().__init__(f"Customer {customer_id} has no item {sku}.")


class UnknownItem(InvalidInput):
    def __init__(self, customer_id: str, sku: str) -> None:
        super().__init__("The item is not registered.", [Fault("/sku", f"customer {customer_id} has no item {sku}")])


class UnknownWarehouse(InvalidInput):
    def __init__(self, warehouse: str) -> None:
        super().__init__("The warehouse is not registered.", [Fault("/warehouse", f"there is no warehouse {warehouse}")])


class AdjustmentNotFound(NotFound):
    def __init__(self, adjustment_id: UUID) -> None:
        super().__init__(f"There is no adjustment {adjustment_id}.")


class OtherAdjustment(Conflict):
    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Reference {reference} was used for another adjustment of this stock.",
            [Fault("/reference", "belongs to an adjustment with another quantity or reason")],
        )


class BelowReserved(Conflict):
    def __init__(self, on_hand: int, reserved: int) -> None:
        super().__init__(
            f"{on_hand} are on hand and {reserved} of them are reserved for orders.",
            [Fault("/quantity", "would leave less than is reserved")],
        )


class PickNotFound(NotFound):
    def __init__(self, pick_id: UUID) -> None:
        super().__init__(f"There is no pick {pick_id}.", [Fault("/pick_id", "is not known")])


class MoreThanAsked(InvalidInput):
    def __init__(self, asked: int) -> None:
        super().__init__("A pick takes what was asked for at most.", [Fault("/quantity", f"is more than the {asked} asked for")])


class OtherConfirmation(Conflict):
    def __init__(self, pick_id: UUID, picked: int) -> None:
        super().__init__(f"Pick {pick_id} was confirmed with {picked} before, or with another time.", [Fault("/quantity", "differs")])


class PickIsVoid(Conflict):
    def __init__(self, pick_id: UUID) -> None:
        super().__init__(f"Pick {pick_id} is void: its order was cancelled. Put the goods back.")


class OrderNotFound(NotFound):
    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id} here.", [Fault("/order_id", "is not known")])


class OrderIsCancelled(Conflict):
    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Order {order_id} is cancelled. Put the goods back.")


class PackNotFound(NotFound):
    def __init__(self, pack_id: UUID) -> None:
        super().__init__(f"There is no pack {pack_id}.")


class OtherPack(Conflict):
    def __init__(self, reference: str) -> None:
        super().__init__(f"Reference {reference} was used for another pack of this order.", [Fault("/reference", "is taken")])


class NothingToPack(Conflict):
    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Of order {order_id} nothing lies picked and unpacked there.")


class WhichRelease(InvalidInput):
    def __init__(self, choices: str) -> None:
        super().__init__("More than one release lies picked.", [Fault("/release_no", f"say warehouse and release_no: {choices}")])


class NotOfThisRelease(InvalidInput):
    def __init__(self, pointer: str, line_no: int, warehouse: str, release_no: int) -> None:
        super().__init__(
            f"Release {release_no} from warehouse {warehouse} has no line {line_no}.", [Fault(pointer, "is not part of this release")]
        )


class MoreThanPicked(Conflict):
    def __init__(self, pointer: str, line_no: int, left: int) -> None:
        super().__init__(f"Of line {line_no} only {left} lie picked and unpacked.", [Fault(pointer, f"is more than {left}")])


class OwnSscc(InvalidInput):
    def __init__(self, pointer: str, prefix: str) -> None:
        super().__init__(
            "We give out the numbers of this range ourselves.", [Fault(pointer, f"must not have our company prefix {prefix}; leave it out")]
        )


class SsccTaken(Conflict):
    def __init__(self, pointer: str, sscc: str) -> None:
        super().__init__(f"A carton has the number {sscc} already.", [Fault(pointer, "is taken")])


class NotHeld(Conflict):
    """A shipment took along what was not set aside for its order: our books and dispatch's disagree."""

    def __init__(self, order_id: UUID, line_no: int, warehouse: str) -> None:
        super().__init__(f"In warehouse {warehouse} line {line_no} of order {order_id} holds less than was handed over.")


class AmendedTooLate(Conflict):
    """order-intake amends what it has not released: our books and its own disagree."""

    def __init__(self, order_id: UUID, amendment_no: int) -> None:
        super().__init__(f"Amendment {amendment_no} of order {order_id} comes when it has picks, or is not known here at all.")
