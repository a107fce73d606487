"""Free words stay here; events say a code."""

HOLD = frozenset({"customer_blocked", "credit", "fraud", "address", "customer_request", "payment", "quality"})
REJECTION = frozenset({"credit", "fraud", "address", "duplicate", "not_deliverable", "no_contract"})
CANCELLATION = frozenset(
    {"customer_request", "credit_note", "ordered_twice", "wrong_item", "wrong_address", "too_late", "out_of_stock", "price"}
)

AMENDMENT = frozenset({"customer_request", "quantity", "wrong_item", "wrong_address", "date", "out_of_stock", "price"})


def code_of(reason: str, known: frozenset[str]) -> str:
    """The reason itself where it is one of the known codes, else "other"."""
    return reason if reason in known else "other"
