"""Which process dies where: in each round every process of the system has a place of its own to die at."""

from collections.abc import Mapping
from itertools import zip_longest

_IN_APIS = {
    "order-intake-api": (
        "key_store.minted",
        "api.before_commit:3",
        "api.committed:3",
        "api.before_answer:2",
        "api.before_replay",
        "api.refusal_before_commit",
        "transaction.written:2",
    ),
    "inventory-api": ("api.committed", "api.before_replay", "keys.operator_key_stored", "transaction.committed:5", "api.before_commit"),
    "dispatch-api": ("transaction.before_writing:4", "api.before_commit", "api.committed:2", "api.before_replay"),
    "crm-api": ("api.before_answer", "api.refusal_before_commit", "transaction.ending", "api.before_replay", "api.before_commit"),
    "kpi-api": ("keys.operator_key_stored", "transaction.committed"),
}
_IN_WORKERS = {
    "order-intake-worker": (
        "consumer.fetched:2",
        "consumer.moved",
        "consumer.handled:2",
        "timers.fired",
        "relay.acked_before_delete:3",
        "timers.committed",
        "consumer.committed:2",
        "sealer.sealed",
    ),
    "inventory-worker": (
        "consumer.before_commit:2",
        "relay.acked_before_delete:2",
        "consumer.wave_handled:3",
        "relay.read:2",
        "consumer.judged",
        "postgres_log.written",
        "consumer.before_bus_commit",
        "transaction.written:20",
    ),
    "dispatch-worker": (
        "relay.lease_taken",
        "consumer.committed",
        "relay.deleted",
        "consumer.moved",
        "postgres_log.committed",
        "consumer.handled",
        "relay.lease_renewed",
    ),
    "crm-worker": (
        "postgres_log.reassigned",
        "relay.deleted:2",
        "consumer.before_commit",
        "consumer.taking_over",
        "consumer.wave_handled",
        "relay.read",
        "postgres_log.committed:2",
    ),
    "kpi-worker": (
        "worker.tidied",
        "consumer.before_bus_commit",
        "consumer.fetched",
        "consumer.judged:2",
        "consumer.committed:2",
        "transaction.ending:9",
    ),
}
LEAVING = {
    "order-intake-api": "key_store.given_back",
    "inventory-api": "keys.uses_written",
    "inventory-worker": "relay.leaving",
    "kpi-worker": "postgres_log.left",
}
"""Where processes die that were asked to end."""


def rounds() -> list[Mapping[str, str]]:
    """The nth place of each process in the nth round."""
    by_process = _IN_APIS | _IN_WORKERS
    return [
        {process: place for process, place in zip(by_process, places, strict=True) if place} for places in zip_longest(*by_process.values())
    ]
