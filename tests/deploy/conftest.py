import shutil
from collections.abc import Iterator

import pytest

from deploy.local.kafka import Kafka
from tests.conftest import require_kafka


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for a module: starting one takes seconds."""
    require_kafka()
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    with broker:
        yield broker
    shutil.rmtree(broker.folder)
