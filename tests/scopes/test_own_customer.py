"""A customer's key reaches the rows of its own customer, whatever it names."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from shared.batches import Item
from shared.bodies import Body, Code
from shared.pages import Paging
from shared.reach import AnotherCustomer, own_customer, reaching
from shared.routes import TransactionalRoute
from shared.scopes import FOR_CUSTOMERS

from tests.scopes.conftest import Called


class Owned(Body):
    customer_id: Code
    quantity: int


class ManyOwned(Body):
    things: list[Item[Owned]]


class OwnedFilters(Paging):
    customer_id: Code | None = None


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """All models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(annotation):
        yield from models(part)


def sent(dependant: Dependant) -> Iterator[Any]:
    """The types of all that a caller sends beside the path."""
    for field in [*dependant.query_params, *dependant.body_params]:
        yield field.field_info.annotation
    for below in dependant.dependencies:
        yield from sent(below)


def loose_names(dependant: Dependant) -> Iterator[str]:
    """Parameters that stand in no model."""
    yield from (field.name for field in [*dependant.query_params, *dependant.header_params, *dependant.cookie_params])
    for below in dependant.dependencies:
        yield from loose_names(below)


def test_whatever_names_a_customer_is_guarded(call: Called) -> None:
    routes = [route for route in call.service.router.routes if isinstance(route, TransactionalRoute)]
    found = {model for route in routes for each in sent(route.dependant) for model in models(each) if "customer_id" in model.model_fields}
    for model in found:
        with reaching("A"), pytest.raises(AnotherCustomer):
            model.model_validate({"customer_id": "B"})

    assert found or call.service.name == "dispatch"
    assert not [route.path for route in routes if "customer_id" in loose_names(route.dependant)]


def test_a_body_names_the_own_customer_or_nobody_elses() -> None:
    with reaching("A"):
        assert Owned(customer_id="A", quantity=1).customer_id == "A"
        with pytest.raises(AnotherCustomer):
            Owned(customer_id="B", quantity=1)
    assert Owned(customer_id="B", quantity=1).customer_id == "B"


def test_each_item_of_a_batch_is_judged_alone() -> None:
    things = [{"customer_id": "A", "quantity": 1}, {"customer_id": "B", "quantity": 1}, {"customer_id": "A"}]

    with reaching("A"):
        judged = ManyOwned.model_validate({"things": things}).things

    assert [getattr(each, "status", None) for each in judged] == [None, 403, 422]


def test_a_filter_that_is_left_out_is_the_own_customer() -> None:
    with reaching("A"):
        assert OwnedFilters.model_validate({}).customer_id == "A"
        with pytest.raises(AnotherCustomer):
            OwnedFilters.model_validate({"customer_id": "B"})
    assert OwnedFilters.model_validate({}).customer_id is None


async def test_whose_rows_are_reached_ends_with_the_request(call: Called) -> None:
    await call("own-all", "GET", "/orders")

    assert own_customer() is None


async def test_the_path_of_another_customer_is_not_there(call: Called) -> None:
    routes = [route for route in call.service.router.routes if isinstance(route, TransactionalRoute) and "{customer_id}" in route.path]
    for route in (route for route in routes if route.scope in FOR_CUSTOMERS):
        for method in route.methods or ():
            foreign = await call("own-all", method, route.path.format_map(_Path(customer_id="SOMEBODY")))
            assert (foreign.status_code, foreign.json()["detail"]) == (404, "There is nothing at this path.")

    assert routes or call.service.name not in {"crm", "inventory"}


class _Path(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "X"
