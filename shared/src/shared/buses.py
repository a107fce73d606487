from collections.abc import Iterable

from shared.bus import Bus
from shared.events import SERVICES, Topic
from shared.kafka import KafkaBus
from shared.kafka import make_topics as make_kafka_topics
from shared.postgres_log import PostgresBus
from shared.postgres_log import make_topics as make_log_topics
from shared.settings import Settings

TOPICS = [*Topic, *(f"{service}.dead-letters" for service in SERVICES)]


def open_bus(settings: Settings, group: str | None, topics: Iterable[str]) -> Bus:
    """Kafka where it is configured, else the log in PostgreSQL."""
    if settings.kafka_bootstrap_servers:
        return KafkaBus(settings.kafka_bootstrap_servers, instance=settings.member, group=group, topics=topics)
    return PostgresBus(_log_url(settings), instance=settings.member, group=group, topics=topics)


async def make_topics(settings: Settings) -> None:
    """Make every topic of the contract and each service's dead letters, where they are missing."""
    if settings.kafka_bootstrap_servers:
        await make_kafka_topics(settings.kafka_bootstrap_servers, TOPICS, settings.kafka_replication)
    else:
        await make_log_topics(_log_url(settings), TOPICS)


def _log_url(settings: Settings) -> str:
    if not settings.log_url:
        raise SystemExit("Set KAFKA_BOOTSTRAP_SERVERS, or LSC_LOG_URL for the log in PostgreSQL; `make run` sets up all of it.")
    return settings.log_url
