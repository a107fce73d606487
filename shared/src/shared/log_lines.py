"""JSON lines on stderr, of our own code and of the libraries alike."""

import logging
import sys
from types import TracebackType
from typing import Any

import structlog

from shared.redaction import redact

_HEALTH = ("/livez", "/readyz", "/metrics")
_NOISY = ("aiokafka", "uvicorn.access", "alembic")
_CHAIN: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def start_logging(service: str, process: str, level: str) -> None:
    """Each has level, event, service, process, and correlation_id where there is one."""
    logging.basicConfig(handlers=[_on_stderr()], level=level.upper(), force=True)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_CHAIN, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service, process=process)
    logging.captureWarnings(True)
    sys.excepthook = _tell


def _on_stderr() -> logging.Handler:
    meant: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=meant, foreign_pre_chain=_CHAIN))
    handler.addFilter(_is_no_health)
    return handler


def _is_no_health(record: logging.LogRecord) -> bool:
    return not any(path in record.getMessage() for path in _HEALTH)


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The end of a process is a log line as well."""
    structlog.get_logger().critical("process.failed", exc_info=(kind, error, trace))
