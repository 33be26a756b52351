"""A server on loopback that writes down what it is asked, so that two clients can be compared."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.counterparts.process import ADDRESS


class Asked(NamedTuple):
    """One request. Names of `headers` are in lower case; `body` is what its kind says it is."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any


class Recorder:
    """Answers every request with `answer` (JSON) and keeps it in `asked`. Use it with `with`."""

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[Asked] = []
        self._answer = json.dumps({} if answer is None else answer).encode()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                """Read, keep, answer: whatever the method is."""
                self.close_connection = True
                self.raw_requestline = self.rfile.readline(65_537)
                if self.raw_requestline and self.parse_request():
                    recorder.keep(self)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((ADDRESS, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{ADDRESS}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def keep(self, handler: BaseHTTPRequestHandler) -> None:
        """Write a request down and answer it."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        raw = handler.rfile.read(int(headers.get("content-length", "0")))
        parts = urlsplit(handler.path)
        query = sorted(parse_qsl(parts.query, keep_blank_values=True))
        body = _read(headers.get("content-type", ""), raw)
        self.asked.append(Asked(handler.command, unquote(parts.path), query, headers, body))
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(self._answer)))
        handler.end_headers()
        handler.wfile.write(self._answer)


def _read(kind: str, raw: bytes) -> Any:
    if not raw:
        return None
    if kind.startswith("application/json"):
        return json.loads(raw)
    if kind.startswith("application/x-www-form-urlencoded"):
        return sorted(parse_qsl(raw.decode(), keep_blank_values=True))
    return raw
