"""The real ten processes on the embedded stack, and plays small enough for a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.demo.dataset import Plan, plan
from deploy.local.demo.extract import SHIPPED, extract
from deploy.local.demo.rows import read_rows
from deploy.local.demo.target import Target
from deploy.local.supervisor import Broker, LocalSystem

INVOICES = 60
TERMS = {"LSC_PROMISE_EXPRESS": "5s", "LSC_PROMISE_STANDARD": "7s", "LSC_PROMISE_ECONOMY": "9s", "LSC_CLOSE_AFTER": "4s"}
"""Promises fall due and delivered orders close while the test looks on."""


@pytest.fixture(scope="session")
def plans() -> tuple[Plan, Plan]:
    """Two plays of different invoices, each with credits, reported rows and several countries."""
    rows = read_rows(SHIPPED)
    first = extract(rows, INVOICES)
    taken = {row.invoice for row in first}
    return plan(first), plan(extract([row for row in rows if row.invoice not in taken], INVOICES))


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    with _running(tmp_path_factory.mktemp("journey"), "postgres") as system:
        yield system


@pytest.fixture(scope="module")
def on_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    with _running(tmp_path_factory.mktemp("journey"), "kafka") as system:
        yield system


@contextmanager
def _running(folder: Path, broker: Broker) -> Iterator[LocalSystem]:
    with LocalSystem(folder, broker=broker, env=TERMS, fsync=False) as system:
        yield system


def target_of(system: LocalSystem) -> Target:
    return Target.of(system.stack, system.port("order-intake"))
