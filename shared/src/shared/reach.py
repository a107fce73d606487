"""Whose rows a request reaches: its caller's customer's, or everybody's. Known while it runs, also where its body is parsed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.errors import Forbidden, NotFound

_own: ContextVar[str | None] = ContextVar("own", default=None)


class AnotherCustomer(Forbidden):
    type = "another-customer"
    title = "The key is another customer's"

    def __init__(self) -> None:
        super().__init__("The request names a customer that is not the key's own.")


@contextmanager
def reaching(customer_id: str | None) -> Iterator[None]:
    """Null = all customers."""
    before = _own.set(customer_id)
    try:
        yield
    finally:
        _own.reset(before)


def own_customer() -> str | None:
    """Whose key it is that calls; null for staff, and for our own work."""
    return _own.get()


def is_reached(customer_id: str) -> bool:
    return _own.get() in (None, customer_id)


def only_own(customer_id: str | None) -> str | None:
    """What a body or a query names; raises AnotherCustomer."""
    if customer_id is not None and not is_reached(customer_id):
        raise AnotherCustomer
    return customer_id


def found_in_path(customer_id: str | None) -> None:
    """A foreign customer's path does not exist, whether there is such a customer or not."""
    if customer_id is not None and not is_reached(customer_id):
        raise NotFound("There is nothing at this path.")
