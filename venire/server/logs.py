"""Structured logs on standard error: the event's name first, no personal data, no secret."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from venire.server.settings import Settings

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def _with_extra(
    _logger: Any, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Bring what was passed as `extra` into the line; the record's own fields stay out."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event.update({k: v for k, v in record.__dict__.items() if k not in _STANDARD})
        event["logger"] = record.name
        event.pop("_record", None)
        event.pop("_from_structlog", None)
    return event


def configure_logging(settings: Settings) -> None:
    """One line of JSON for each event, or a readable one at a terminal."""
    readable = sys.stderr.isatty()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level],
        processors=[
            _with_extra,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if readable else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.getLogger("httpx").setLevel(logging.WARNING)
