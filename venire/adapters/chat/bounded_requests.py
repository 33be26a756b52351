"""The HTTP that apprise's plugins speak, with an end to it: they call `requests` as it comes.

A plugin's own name for that library is given this in its place: no redirect, no proxy of the
environment, little read of an answer, and one deadline over all of it (but for a server that drips
its headers: that one keeps a thread, and nobody waits for it). A success has to say so inside.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from typing import Any, Final

import msgspec

ANSWER_BYTES: Final = 256 * 1024
_PIECE: Final = 4_096


class BoundedRequests:
    """`requests` to a plugin; everything but asking is the library's own."""

    def __init__(self) -> None:
        self._library: Any = importlib.import_module("requests")
        # Each message is sent in a thread of its own, with a deadline of its own.
        self._here = threading.local()

    def begin(self, whole_s: float) -> None:
        """From now on, this thread has so long for all that it asks."""
        self._here.ends = time.monotonic() + whole_s

    def _is_over(self) -> bool:
        return time.monotonic() > getattr(self._here, "ends", 0.0)

    def __getattr__(self, name: str) -> Any:
        """Status codes, kinds of errors, helpers: as they are."""
        return getattr(self._library, name)

    def get(self, url: str, **given: Any) -> Any:
        """Ask by GET."""
        return self.request("GET", url, **given)

    def post(self, url: str, data: Any = None, json: Any = None, **given: Any) -> Any:
        """Ask by POST."""
        return self.request("POST", url, data=data, json=json, **given)

    def put(self, url: str, data: Any = None, **given: Any) -> Any:
        """Ask by PUT."""
        return self.request("PUT", url, data=data, **given)

    def request(self, method: str, url: str, **given: Any) -> Any:
        """Ask, and read no more than there is room and time for. Raises what the library does."""
        if self._is_over():
            raise self._library.Timeout("no time is left")
        given["allow_redirects"], given["stream"] = False, True
        headers = {**(given.pop("headers", None) or {}), "Accept-Encoding": "identity"}
        with self._library.Session() as session:
            session.trust_env = False
            answer = session.request(method, url, headers=headers, **given)
            # As the library itself leaves an answer that was read.
            answer._content = self._read(answer)  # noqa: SLF001
            answer._content_consumed = True  # noqa: SLF001
        if answer.ok and not _means_it(answer.content):
            raise self._library.RequestException("a success that is none")
        return answer

    def _read(self, answer: Any) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise self._library.RequestException("the answer is packed")
        parts, size = [], 0
        while part := answer.raw.read1(_PIECE, decode_content=False):
            size += len(part)
            if size > ANSWER_BYTES or self._is_over():
                answer.close()
                raise self._library.RequestException("the answer is too long")
            parts.append(part)
        return b"".join(parts)


def _means_it(body: bytes) -> bool:
    """Whether a success says so inside, too: every service here answers with an object in JSON."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("ok") is not False


BOUNDED: Final = BoundedRequests()


def bind(plugin: Any) -> None:
    """Let a plugin ask through this and nothing else. LookupError where it asks otherwise."""
    module: Any = sys.modules[type(plugin).__module__]
    if not hasattr(module, "requests"):
        raise LookupError(module.__name__)
    module.requests = BOUNDED
