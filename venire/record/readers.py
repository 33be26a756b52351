"""Where a log to be verified comes from: a folder in tlog-tiles layout, or a URL.

Both are strangers' data: every read has a limit, a folder is not left, and a server cannot send
the reader to another host.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol, Self

import httpx

from venire.kernel.errors import Invalid, NotFound, TooLarge, Unavailable

TIMEOUT_S: Final = 20.0
_REDIRECTS: Final = 3
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Reader(Protocol):
    """The static resources of one log."""

    def read(self, path: str, limit: int) -> bytes:
        """The bytes at a path below the prefix.

        Raises `NotFound("path_missing")`, `TooLarge("response_too_large")` over `limit` bytes, and
        `Unavailable("source_unreachable")`.
        """

    def paths(self) -> Iterable[str]:
        """The paths that are known to be there; nothing where that cannot be told."""


class FolderReader:
    """A folder as a web server would serve it."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()
        if not self._root.is_dir():
            raise NotFound("path_missing", "no such folder")

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's bytes; links that lead out of the folder are not followed."""
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root):
            raise NotFound("path_missing", "outside of the folder", path=path)
        try:
            # Without O_NONBLOCK a pipe laid in the folder would hold the reader for ever.
            descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound("path_missing", path=path) from error
        except OSError as error:
            raise Unavailable("source_unreachable", "it cannot be read", path=path) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotFound("path_missing", "not a file", path=path)
            with os.fdopen(descriptor, "rb", closefd=False) as opened:
                content = opened.read(limit + 1)
        finally:
            os.close(descriptor)
        return _within(content, limit, path)

    def paths(self) -> Iterator[str]:
        """Every file below `tile/`."""
        for folder, _, files in os.walk(self._root / "tile"):
            for name in files:
                yield (Path(folder) / name).relative_to(self._root).as_posix()


class HttpReader:
    """A log behind a URL prefix. Close it, or use it in a `with`."""

    def __init__(self, base_url: str) -> None:
        try:
            self._base = httpx.URL(base_url.rstrip("/") + "/")
        except httpx.InvalidURL as error:
            raise Invalid("url_malformed", "not a URL") from error
        if self._base.scheme not in {"http", "https"} or not self._base.host:
            raise Invalid("url_malformed", "a record is read over http or https")
        self._client = httpx.Client(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            # A proxy named in the environment cannot reach this machine's own loopback.
            trust_env=self._base.host not in _LOOPBACK,
            headers={"Accept-Encoding": "gzip, identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def read(self, path: str, limit: int) -> bytes:
        """GET a path; a redirect is followed on the same scheme, host and port only."""
        url = self._base.join(path)
        for _ in range(_REDIRECTS + 1):
            try:
                with self._client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        return self._body(response, limit, path)
                    target = url.join(response.headers["location"])
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Unavailable("source_unreachable", type(error).__name__, path=path) from error
            if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
                raise Invalid("redirect_elsewhere", "sent to another host", path=path)
            url = target
        raise Invalid("redirect_elsewhere", "sent on and on", path=path)

    def paths(self) -> Iterable[str]:
        """Nothing: a server cannot be asked for a listing."""
        return ()

    def _body(self, response: httpx.Response, limit: int, path: str) -> bytes:
        if response.status_code in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
            raise NotFound("path_missing", path=path)
        if response.status_code != httpx.codes.OK:
            raise Unavailable(
                "source_unreachable", f"HTTP status {response.status_code}", path=path
            )
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip"}:
            raise Invalid("encoding_unknown", "neither plain nor gzip", path=path)
        # A response of a few kB can unfold into gigabytes: inflate no further than the limit.
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
        content = bytearray()
        try:
            for chunk in response.iter_raw():
                room = limit + 1 - len(content)
                content += inflater.decompress(chunk, room) if inflater else chunk
                _within(content, limit, path)
        except zlib.error as error:
            raise Unavailable("source_unreachable", "broken gzip", path=path) from error
        if inflater and not inflater.eof:
            raise Unavailable("source_unreachable", "broken gzip", path=path)
        return bytes(content)


def _within(content: bytes | bytearray, limit: int, path: str) -> bytes:
    if len(content) > limit:
        raise TooLarge("response_too_large", "over the size it can have", path=path, limit=limit)
    return bytes(content)
