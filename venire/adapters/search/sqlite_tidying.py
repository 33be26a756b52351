"""Merges the segments of the index of words when it has grown by a quarter.

Every write leaves a segment, and each question looks into all that FTS5 has not merged by itself: a
dozen at 10,000 posts, which takes twice as long as one. Merged at each quarter, a post is written
again four or five times, however many there are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import apsw

_log = logging.getLogger(__name__)

LEAST = 1_000
_BYTES_EACH = 4_000
"""Of the file for each post that may come before the next merge: four times what a post takes."""
_PAGES = 256
"""Written at a time, in about 10 ms: whoever wants to write meanwhile waits no longer."""
_MERGE = "INSERT INTO words (words, rank) VALUES ('merge', ?)"


class Tidying:
    """Used by the thread that writes, and by it alone. `grown`: documents written since."""

    def __init__(self, path: Path) -> None:
        self.grown = 0
        self._path = path
        self._merging = False

    def go_on(self, connection: apsw.Connection, idle: Callable[[], bool]) -> None:
        """Merge, where it is time to, as long as nothing else is to be written."""
        if not self._merging and self.grown < max(LEAST, self._path.stat().st_size // _BYTES_EACH):
            return
        try:
            while idle():
                # Below nought: all segments at once; then on, until a step changes next to nothing.
                pages = _PAGES if self._merging else -_PAGES
                before = connection.total_changes()
                connection.execute(_MERGE, (pages,))
                done = self._merging and connection.total_changes() - before < 2  # noqa: PLR2004
                self._merging = not done
                if done:
                    self.grown = 0
                    return
        except apsw.Error:
            # It costs time to leave it, nothing else.
            _log.exception("search_not_merged")
            self.grown, self._merging = 0, False
