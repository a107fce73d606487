from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.demo.target import Target
from tests.conftest import OPERATOR_KEY
from tests.crash.faults import Field
from tests.crash.ledger import Ledger
from tests.crash.points import Points
from tests.crash.stage import Stage
from tests.crash.vigil import Vigil


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Field]:
    """Of a system that does not run."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/{database}", "LSC_OPERATOR_KEY": OPERATOR_KEY}
    target = Target.of(nowhere, 1)
    ledger = Ledger.at(tmp_path / "ledger")
    yield Field(Stage(tmp_path, lambda text: None), target, Vigil(target, ledger), Points([]))
    ledger.close()
