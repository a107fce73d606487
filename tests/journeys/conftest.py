"""The real ten processes on the embedded stack, and plays small enough for a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.demo.dataset import Plan, first_invoices, plan
from deploy.local.demo.extract import SHIPPED, extract
from deploy.local.demo.rows import read_rows
from deploy.local.demo.target import Target
from deploy.local.supervisor import Broker, LocalSystem

INVOICES = 60
FEW_INVOICES = 15
TERMS = {"LSC_PROMISE_EXPRESS": "3s", "LSC_PROMISE_STANDARD": "4s", "LSC_PROMISE_ECONOMY": "6s", "LSC_CLOSE_AFTER": "3s"}
"""Promises fall due and delivered orders close while the test looks on."""


@dataclass(frozen=True)
class Plays:
    """Plays of different invoices, each with credits, reported rows and several countries; `small` is the begin of `second`."""

    first: Plan
    second: Plan
    small: Plan


@pytest.fixture(scope="session")
def plays() -> Plays:
    rows = read_rows(SHIPPED)
    first = extract(rows, INVOICES)
    taken = {row.invoice for row in first}
    second = extract([row for row in rows if row.invoice not in taken], INVOICES)
    return Plays(plan(first), plan(second), plan(first_invoices(second, FEW_INVOICES)))


@contextmanager
def running(folder: Path, broker: Broker) -> Iterator[LocalSystem]:
    with LocalSystem(folder, broker=broker, env=TERMS, fsync=False) as system:
        yield system


def target_of(system: LocalSystem) -> Target:
    return Target.of(system.stack, system.port("order-intake"))
