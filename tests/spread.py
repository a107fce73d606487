"""How the workers of `make test` share the tests: a file stays together, so do files with one system, some have the machine alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.remains import end_remains

ON_KAFKA = (
    *("tests/journeys/kafka/test_journey.py", "tests/journeys/kafka/test_canary.py", "tests/journeys/kafka/"),
    *("tests/deploy/test_kafka.py", "tests/shared/test_bus.py", "tests/shared/test_kafka_foreign.py", "tests/shared/test_kafka_lost.py"),
)
ON_POSTGRES = ("tests/journeys/postgres/test_journey.py", "tests/journeys/postgres/")
LONG = ("tests/contracts/test_hostile_http.py", "tests/edge/", "tests/shared/test_audit_console.py", "tests/deploy/test_supervisor.py")
ALONE = ("tests/crash/test_rig.py", "tests/edge/test_attacks.py")
"""They measure time and memory, or wait for a whole system: nothing else runs meanwhile."""

TOGETHER = {"alone": ALONE, "killed": ("tests/crash_points/",), "on kafka": ON_KAFKA, "on postgres": ON_POSTGRES}
ROW = (*ON_KAFKA, "tests/crash_points/", *ON_POSTGRES, *LONG)
"""What takes longest begins first, so that no worker is left with it in the end; the others stay in random order."""


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def group_of(file: str) -> str:
    """What one worker runs without a break: a file, or those that use the same system."""
    return next((name for name, places in TOGETHER.items() if file.startswith(places)), file)


def turn_of(file: str) -> int:
    if file.startswith(ALONE):
        return len(ROW) + 1
    return next((turn for turn, place in enumerate(ROW) if file.startswith(place)), len(ROW))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(file_of(item.nodeid)))


class Spread(LoadScopeScheduling):
    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(file_of(nodeid))

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Only one worker is left when it comes to the tests that run alone."""
        if len(self.nodes) > 1 and next(iter(self.workqueue)) == "alone":
            if any(other is not node and not other.shutting_down for other in self.nodes):
                node.shutdown()
        else:
            super()._assign_work_unit(node)

    def remove_node(self, node: WorkerController) -> str | None:
        crashed_in = super().remove_node(node)
        if self.workqueue:
            for left in self.nodes:
                self._reschedule(left)
        return crashed_in


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread:
    return Spread(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """A worker that was killed could not end what it had started."""
    yield
    if manager := getattr(session.config.pluginmanager.getplugin("dsession"), "nodemanager", None):
        end_remains(manager.testrunuid)
