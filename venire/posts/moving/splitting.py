"""The items of a collection in JSON, one after another, without holding the whole in memory.

An outbox may have a gigabyte; only one item of it is looked at at a time. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

ITEM_BYTES: Final = 1 << 20
DEPTH_MOST: Final = 40
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|"|[\[\]{}]', re.DOTALL)
_NAMES: Final = frozenset({b'"orderedItems"', b'"items"'})
_OPENING: Final = b"[{"


class Unreadable(Exception):  # noqa: N818 - says what the file is
    """A code of `opening.FAULTS`."""


def items(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The elements of `orderedItems` (or `items`) of a collection: objects and texts, as they are.

    Raises Unreadable `archive_item_too_large`, `archive_too_deep`, `archive_broken`.
    """
    splitter = _Splitter()
    for part in parts:
        yield from splitter.feed(part)
        if splitter.ended:
            return
    raise Unreadable("archive_broken")


class _Splitter:
    def __init__(self) -> None:
        self.ended = False
        self._kept = bytearray()
        self._from = 0
        self._begun: int | None = None
        self._closers: list[int] = []
        self._key = b""
        self._inside = False

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Take in the next bytes; the items that end in them."""
        self._kept += part
        while (match := _TOKEN.search(self._kept, self._from)) is not None:
            token = match.group()
            if token == b'"':
                # A text whose end has not come yet: looked at again from here.
                self._from = match.start()
                break
            self._from = match.end()
            if (found := self._take(token, match.start())) is not None:
                yield found
            if self.ended:
                return
        else:
            self._from = len(self._kept)
        self._forget()

    def _take(self, token: bytes, start: int) -> bytes | None:
        """Go past a token; the item that it ends, if it ends one."""
        depth = len(self._closers)
        if token[:1] == b'"':
            if depth == 1:
                self._key = token
            # Only a text that stands in the list by itself is an item.
            return token if self._inside and depth == 2 else None  # noqa: PLR2004 - the list's own
        if token in _OPENING:
            self._open(token, start)
            return None
        if not self._closers or self._closers.pop() != token[0]:
            raise Unreadable("archive_broken")
        return self._close(start)

    def _open(self, token: bytes, start: int) -> None:
        depth = len(self._closers)
        if depth >= DEPTH_MOST:
            raise Unreadable("archive_too_deep")
        if depth == 0 and token != b"{":
            raise Unreadable("archive_broken")
        if depth == 1 and token == b"[" and self._key in _NAMES:
            self._inside = True
        elif self._inside and depth == 2:  # noqa: PLR2004 - in the list itself
            self._begun = start
        self._closers.append(token[0] + 2)

    def _close(self, start: int) -> bytes | None:
        depth = len(self._closers)
        if self._inside and depth == 2 and self._begun is not None:  # noqa: PLR2004 - in the list
            found = bytes(self._kept[self._begun : start + 1])
            self._begun = None
            if len(found) > ITEM_BYTES:
                raise Unreadable("archive_item_too_large")
            return found
        if depth == 0 or (self._inside and depth == 1):
            self.ended = True
        return None

    def _forget(self) -> None:
        """Let go of what was looked at, but for an item that goes on."""
        start = self._from if self._begun is None else self._begun
        if len(self._kept) - start > 2 * ITEM_BYTES:
            raise Unreadable("archive_item_too_large")
        del self._kept[:start]
        self._from -= start
        if self._begun is not None:
            self._begun = 0
