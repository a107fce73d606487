"""Which rows can be lines of an order or of a credit, and why the others cannot."""

from decimal import Decimal, InvalidOperation

from pydantic import TypeAdapter, ValidationError
from shared.bodies import Code

from deploy.local.demo.rows import Row

QUANTITY_AT_MOST = 1_000_000

SERVICE_CODES = {
    "POST": "postage, not goods",
    "DOT": "postage, not goods",
    "C2": "carriage, not goods",
    "M": "manual adjustment, not goods",
    "B": "bad debt adjustment, not goods",
    "D": "discount, not goods",
    "S": "samples account, not goods",
    "BANK CHARGES": "bank charges, not goods",
    "AMAZONFEE": "marketplace fee, not goods",
    "CRUK": "charity commission, not goods",
}

_CODE: TypeAdapter[str] = TypeAdapter(Code)


def is_credit(invoice: str) -> bool:
    return invoice.upper().startswith("C")


def goods_reason(row: Row) -> str | None:
    """Why the row cannot be the line of an order; None when it can."""
    return _common_reason(row) or _quantity_reason(row) or _price_reason(row)


def credit_reason(row: Row) -> str | None:
    """Why the row cannot be the line of a credit; None when it can."""
    if reason := _common_reason(row):
        return reason
    return None if _whole(row.quantity) < 0 else "credit without a negative quantity"


def _common_reason(row: Row) -> str | None:
    code = row.stock_code.strip().upper()
    if reason := SERVICE_CODES.get(code):
        return reason
    if code.startswith("GIFT_"):
        return "gift voucher, not goods"
    if not all(map(_is_code, (row.stock_code, row.invoice, row.consignee.strip() or "CASH"))):
        return "invoice, item or consignee is no usable code"
    if abs(_whole(row.quantity)) > QUANTITY_AT_MOST:
        return f"quantity beyond {QUANTITY_AT_MOST}"
    return None


def _quantity_reason(row: Row) -> str | None:
    quantity = _whole(row.quantity)
    if quantity == 0:
        return "no quantity"
    return "negative quantity outside a credit (stock adjustment)" if quantity < 0 else None


def _price_reason(row: Row) -> str | None:
    if not _is_text(row.description):
        return "no description"
    price = _price(row.unit_price)
    if price is None:
        return "no price"
    return None if price > 0 else "zero or negative price"


def _is_code(text: str) -> bool:
    try:
        return _CODE.validate_python(text) == text
    except ValidationError:
        return False


def _is_text(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= 200


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _price(text: str) -> Decimal | None:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() else None
