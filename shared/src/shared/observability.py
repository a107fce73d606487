"""What can be measured of an API process and of a worker."""

from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_API, _WORKER = CollectorRegistry(), CollectorRegistry()

OUTBOX_PENDING = Gauge("lsc_outbox_pending_events", "Events that the relay still has to send", registry=_WORKER)
OUTBOX_AGE = Gauge("lsc_outbox_oldest_pending_age_seconds", "Age of the oldest event that the relay still has to send", registry=_WORKER)
OUTBOX_PUBLISHED = Counter("lsc_outbox_published_total", "Events acknowledged by the bus", ["topic"], registry=_WORKER)
OUTBOX_STRAYS = Gauge("lsc_outbox_default_leaf_rows", "Ledger rows outside the daily leaves; more than 0 needs a look", registry=_WORKER)
RELAY_LEADER = Gauge("lsc_relay_is_leader", "1 where this process sends the outbox", registry=_WORKER)
LAG_EVENTS = Gauge("lsc_consumer_lag_events", "Events on the log that are not applied yet", ["topic", "partition"], registry=_WORKER)
LAG_SECONDS = Gauge("lsc_consumer_lag_seconds", "Age of the last applied event while events wait", ["topic", "partition"], registry=_WORKER)
APPLIED = Counter("lsc_consumer_applied_total", "Events applied", ["type"], registry=_WORKER)
SKIPPED = Counter("lsc_consumer_skipped_total", "Events passed over", ["why"], registry=_WORKER)
HELD_EVENTS = Gauge("lsc_held_events", "Events that wait for a gap before them to close", registry=_WORKER)
HELD_AGE = Gauge("lsc_held_oldest_age_seconds", "How long the oldest held event waits", registry=_WORKER)
PARKED_KEYS = Gauge("lsc_parked_keys", "Aggregates parked because a handler refused an event", registry=_WORKER)
AUDIT_HEAD = Gauge("lsc_audit_head_position", "Number of the last seal in the audit's chain", registry=_WORKER)
AUDIT_UNSEALED_AGE = Gauge("lsc_audit_unsealed_age_seconds", "Age of the oldest audit entry that is not sealed", registry=_WORKER)
HANDLER_SECONDS = Histogram(
    "lsc_handler_seconds",
    "Time of one call of an event handler",
    ["handler"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
    registry=_WORKER,
)
REQUESTS = Histogram(
    "lsc_http_request_duration_seconds",
    "Time to answer",
    ["method", "route", "status"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.5, 1, 5),
    registry=_API,
)
REFUSED = Counter("lsc_http_refused_total", "Requests and connections turned away before any route", ["why"], registry=_API)
KEYS_AGE = Gauge("lsc_api_keys_age_seconds", "Age of the keys' copy in memory", registry=_API)
KEYS_KNOWN = Gauge("lsc_api_keys_known", "Keys in memory: issued and not revoked", registry=_API)
FAILED_AUTHENTICATIONS = Counter("lsc_failed_authentications_total", "Requests without a valid key", ["reason"], registry=_API)
OIDC_KEYS = Gauge("lsc_oidc_keys", "Public keys in memory of an OpenID Connect issuer", ["issuer"], registry=_API)
OIDC_KEYS_AGE = Gauge("lsc_oidc_keys_age_seconds", "Since when an issuer has not shown its keys", ["issuer"], registry=_API)
POOL_USED = Gauge("lsc_db_pool_checked_out", "Database connections in use")
POOL_SIZE = Gauge("lsc_db_pool_size", "Database connections open")


def api_metrics() -> bytes:
    return generate_latest(REGISTRY) + generate_latest(_API)


def worker_metrics() -> bytes:
    return generate_latest(REGISTRY) + generate_latest(_WORKER)


def set_gauges(gauge: Gauge, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
    """Replace all children of a labelled gauge, so that a partition that went elsewhere is not shown for ever."""
    gauge.clear()
    for labels, value in values:
        gauge.labels(*labels).set(value)
