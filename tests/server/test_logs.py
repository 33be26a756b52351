"""What the log of a site says of those who call: nothing, and of what they break little."""

from __future__ import annotations

import logging

from venire.server.logs import _WithoutCallers


def line(text: str, *args: object, at_s: float = 1_000.0) -> logging.LogRecord:
    record = logging.LogRecord("uvicorn.error", logging.INFO, "x.py", 1, text, args, None)
    record.created = at_s
    return record


def test_who_opens_a_socket_is_not_written_down():
    kept = _WithoutCallers()
    path = "/api/v1/streaming?access_token=secret"
    for text in ('%s - "WebSocket %s" [accepted]', '%s - "WebSocket %s" 403'):
        assert not kept.filter(line(text, "203.0.113.9:4000", path))
    assert not kept.filter(line("connection open"))
    assert not kept.filter(line("connection closed"))
    other = line("odd request for %s", path)
    assert kept.filter(other)
    assert other.getMessage() == "odd request for /api/v1/streaming"


def test_what_strangers_break_is_said_once_a_minute_and_what_we_break_always():
    kept = _WithoutCallers()
    broken = "Invalid HTTP request received."
    said = [kept.filter(line(broken, at_s=1_000 + second)) for second in range(0, 180, 20)]
    assert said == [True, False, False] * 3
    rejected = "connection rejected (%d %s)"
    assert kept.filter(line(rejected, 401, "Unauthorized", at_s=1_001))
    for _ in range(3):
        assert kept.filter(line("Exception in ASGI application\n"))
