"""A data folder as a site's first start leaves it, made once and copied.

To create 257 tables takes longer than most tests. That a first start creates them is what the tests
of `storage`, of `server` and of the commands prove: those do not begin with a copy.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from venire.kernel.clock import Clock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.engines.sqlite_files import open_pair
from venire.storage.tables.every import ALL
from venire.storage.verbs import Table

_FILES = ("venire.db", "rebuildable.db")


@functools.cache
def _blank(names: tuple[str, ...]) -> dict[str, bytes]:
    tables = [table for table in ALL if table.name in names]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        facts, feeds, _ = open_pair(folder / _FILES[0], folder / _FILES[1], tables, 0)
        facts.close()
        feeds.close()
        return {name: (folder / name).read_bytes() for name in _FILES}


def open_storage(
    folder: Path, clock: Clock, ids: Ids, tables: Sequence[Table[Any]] = ALL
) -> SqliteStorage:
    """Open a data folder; one that has no data yet gets those of a first start."""
    if not (folder / _FILES[0]).exists():
        for name, content in _blank(tuple(table.name for table in tables)).items():
            (folder / name).write_bytes(content)
    return SqliteStorage(folder, clock, ids, tables)
