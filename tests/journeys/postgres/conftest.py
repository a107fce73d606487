from collections.abc import Iterator

import pytest

from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import running


@pytest.fixture(scope="package")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    with running(tmp_path_factory.mktemp("journey"), "postgres") as system:
        yield system
