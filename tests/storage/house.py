"""A data folder under test, its clock, and a few small tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.migrations import MIGRATIONS, Migration
from venire.storage.tables import outbox
from venire.storage.verbs import Table


class Item(msgspec.Struct, frozen=True):
    """One numbered thing of someone."""

    owner: int
    n: int
    text: str = ""


class Pass(msgspec.Struct, frozen=True):
    """Lapses."""

    token: str
    owner: int


class FeedItem(msgspec.Struct, frozen=True):
    """Can be rebuilt."""

    owner: int
    n: int


ITEMS = Table(
    name="items",
    row=Item,
    question="What has this owner?",
    partition=("owner",),
    clustering=("n",),
    aggregate="owner:{owner}",
    retention="none",
)
PASSES = Table(
    name="passes",
    row=Pass,
    question="Whose is this pass?",
    partition=("token",),
    aggregate="owner:{owner}",
    expires=True,
    retention="until it lapses",
)
FEED = Table(
    name="feed_items",
    row=FeedItem,
    question="What does this owner see?",
    partition=("owner",),
    clustering=("n",),
    descending=True,
    aggregate="feed:{owner}",
    expires=True,
    rebuildable=True,
    retention="none",
)
TABLES: tuple[Table[Any], ...] = (ITEMS, PASSES, FEED, *outbox.TABLES)


class House:
    """Opens the same folder as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()

    def open(
        self,
        tables: Sequence[Table[Any]] = TABLES,
        migrations: tuple[Migration, ...] = MIGRATIONS,
        node: int = 0,
    ) -> SqliteStorage:
        ids = Ids(self.clock, node=node)
        return SqliteStorage(self.folder, self.clock, ids, tables, migrations=migrations)
