from collections.abc import Iterator

import pytest

from deploy.local.supervisor import LocalSystem
from tests.conftest import require_kafka
from tests.journeys.conftest import running


@pytest.fixture(scope="package")
def on_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    require_kafka()
    with running(tmp_path_factory.mktemp("journey"), "kafka") as system:
        yield system
