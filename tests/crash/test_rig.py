"""The short profile: orders under a dozen kills and some of everything else, and nothing lost, doubled or oversold."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import require_kafka
from tests.crash.profiles import SHORT
from tests.crash.report import show
from tests.crash.rig import Rig

SEED = 1


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_nothing_is_lost_doubled_or_oversold(tmp_path: Path) -> None:
    require_kafka()
    result = await Rig(SHORT, SEED, tmp_path, lambda text: None).run()

    show(Console(width=150), result)
    assert result.findings == []
    assert result.settled_after is not None
    assert result.ground
    assert result.ground.counts["SIGKILL at random"] == SHORT.strikes["SIGKILL at random"]
    assert result.undone == []
