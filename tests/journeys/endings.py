"""What is true of every play that has come to its end."""

from deploy.local.demo.board import MOVING
from deploy.local.demo.outcome import Outcome
from deploy.local.supervisor import LocalSystem


def ignore(ended: int, total: int) -> None:
    pass


def all_is_as_promised(result: Outcome) -> None:
    """No invariant broken, every KPI a number with its evidence, counts that add up; and the play was worth it."""
    assert result.faults == []
    assert not set(result.statuses) & set(MOVING)
    assert result.statuses["delivered"] + result.statuses["closed"] > len(result.plan.sales) / 2
    assert len(result.figures) >= 11
    assert all(figure.provisional for figure in result.figures if figure.definition.name == "resolved_48h_rate")


def errors_logged(system: LocalSystem) -> list[str]:
    lines = [line for log in (system.folder / "logs").glob("*.log") for line in log.read_text().splitlines()]
    return [line for line in lines if '"level": "error"' in line or '"level":"error"' in line or "Traceback" in line]
