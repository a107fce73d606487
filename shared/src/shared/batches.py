"""A batch call judges each item alone; only its envelope can fail as a whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from shared.errors import DomainError, InvalidInput
from shared.faults import MOST_OF_ITEM, TooManyFaults, listed
from shared.problems import Problem, problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The item was taken; `created` is false when it had been taken before with the same content."""

    value: T
    created: bool = True


Outcome = Done[T] | DomainError


def _judge(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:  # pydantic's own signature
    try:
        return validate(value)
    except DomainError as refusal:
        return refusal
    except ValidationError as wrong:
        if wrong.error_count() > MOST_OF_ITEM:
            return TooManyFaults(MOST_OF_ITEM)
        return InvalidInput("The item breaks a rule; see faults.", listed(wrong.errors(include_url=False)))


Item = Annotated[T, WrapValidator(_judge)]
"""An item of a batch body: what it should be, or at run time the error that says why it is not."""


class ItemResult(BaseModel):
    """`status` as the single call would have answered: 201 new, 200 repeated, else the problem's."""

    index: int
    status: int
    id: str | None = None
    problem: Problem | None = None


class BatchResult(BaseModel):
    results: list[ItemResult]


def sound(items: Sequence[T]) -> list[T]:
    """The items that are what they should be."""
    return [item for item in items if not isinstance(item, DomainError)]


def results(field: str, items: Sequence[object], outcomes: Sequence[Outcome[T]], id_of: Callable[[T], object]) -> BatchResult:
    """The answer to a batch whose sound items had these outcomes, in their order; pointers go into the whole body."""
    rest = iter(outcomes)
    return BatchResult(
        results=[
            _result(index, f"/{field}/{index}", item if isinstance(item, DomainError) else next(rest), id_of)
            for index, item in enumerate(items)
        ]
    )


def _result(index: int, pointer: str, outcome: Outcome[T], id_of: Callable[[T], object]) -> ItemResult:
    if isinstance(outcome, DomainError):
        return ItemResult(index=index, status=outcome.status, problem=problem(outcome, pointer))
    return ItemResult(index=index, status=201 if outcome.created else 200, id=str(id_of(outcome.value)))


def only(outcomes: Sequence[Outcome[T]]) -> Done[T]:
    """The outcome of a batch of one; raises what it was refused for."""
    [outcome] = outcomes
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome
