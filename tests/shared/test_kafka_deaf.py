"""A broker that takes connections and never answers: aiokafka would wait, a poll does not."""

import asyncio

import pytest
from shared.bus import BusUnavailable
from shared.kafka import KafkaBus

from shared import kafka


@pytest.mark.timeout(30)
async def test_a_poll_that_gets_no_partitions_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "POLL_SECONDS", 0.5)
    asked = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            asked.set()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    address = "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    bus = KafkaBus(address, instance="one", group="listener", topics=["orders"])
    try:
        with pytest.raises(BusUnavailable, match="partitions"):
            await bus.poll(10, 0.1)
        assert asked.is_set()
    finally:
        await bus.close()
        server.close()
