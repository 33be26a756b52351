"""Structured logs on standard error: the event's name first, no personal data, no secret."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from venire.server.settings import Settings

_OF_FORMATTERS = {"message", "asctime", "taskName", "color_message"}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | _OF_FORMATTERS


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


_OF_ONE_CONNECTION = frozenset({"connection open", "connection closed"})
_BY_STRANGERS = (
    "Invalid HTTP request",
    "Unsupported upgrade",
    "No supported WebSocket",
    "Invalid UTF-8",
    "connection rejected",
)
_PAUSE_S = 60.0


class _WithoutCallers(logging.Filter):
    """Keeps out of the log who calls and with what; what strangers cause is said once a minute.

    The server logs the network address of each WebSocket, with its query, where a streaming client
    has its token, whatever it is told about access logs. And a line for each broken request would
    let anyone fill the disk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See the class."""
        text = str(record.msg)
        if "WebSocket %s" in text or text in _OF_ONE_CONNECTION:
            return False
        if isinstance(record.args, tuple):
            record.args = tuple(
                one.partition("?")[0] if isinstance(one, str) and one.startswith("/") else one
                for one in record.args
            )
        if not text.startswith(_BY_STRANGERS):
            return True
        due = not 0.0 <= record.created - self._said_s.get(text, -_PAUSE_S) < _PAUSE_S
        if due:
            self._said_s[text] = record.created
        return due


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
    serving = logging.getLogger("uvicorn.error")
    # Below that level it would write down whole requests, with what is in their headers.
    serving.setLevel(max(root.level, logging.INFO))
    if not any(isinstance(one, _WithoutCallers) for one in serving.filters):
        serving.addFilter(_WithoutCallers())
