import shutil
from collections.abc import Iterator

import pytest

from deploy.local.java import missing
from deploy.local.kafka import Kafka


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for a module: starting one takes seconds."""
    if tools := missing():
        pytest.skip(f"NO KAFKA HERE: {', '.join(tools)} not installed")
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    with broker:
        yield broker
    shutil.rmtree(broker.folder)
