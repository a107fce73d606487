import logging
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from shared.redaction import redact

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


def _quiet_health(record: logging.LogRecord) -> bool:
    return not any(path in record.getMessage() for path in ("/livez", "/readyz", "/metrics"))


def start_logging(service: str, process: str, level: str) -> None:
    """JSON lines on stderr: level, event, service, process, correlation_id where there is one. The libraries' lines look the same."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, structlog.processors.JSONRenderer()],
            foreign_pre_chain=chain,
        )
    )
    handler.addFilter(_quiet_health)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("aiokafka", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service, process=process)
    logging.captureWarnings(True)
    sys.excepthook = _tell


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The end of a process is a log line as well."""
    structlog.get_logger().critical("process.failed", exc_info=(kind, error, trace))


def set_gauges(gauge: Gauge, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
    """Replace all children of a labelled gauge, so that a partition that went elsewhere is not shown for ever."""
    gauge.clear()
    for labels, value in values:
        gauge.labels(*labels).set(value)
