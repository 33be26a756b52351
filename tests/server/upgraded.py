"""Data of two versions, and an upgrade between them as a process of its own that can be killed.

`python -m tests.server.upgraded FOLDER`: upgrades a folder of version 1 to version 4.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.storage.house import ITEMS, House, Item
from venire.server.settings import Settings
from venire.server.upgrading import Done, upgrade
from venire.storage.migrations import AddColumn, AddTable, Migration
from venire.storage.tables.outbox import TABLES as OUTBOX
from venire.storage.verbs import Column, Table

ROOT = Path(__file__).parents[2]
ROWS = 3_000


class NewItem(msgspec.Struct, frozen=True):
    """The same table, a version later."""

    owner: int
    n: int
    text: str = ""
    kind: str = ""


class Tag(msgspec.Struct, frozen=True):
    """A table that was not there before."""

    name: str
    n: int


NEW_ITEMS = Table(
    name="items",
    row=NewItem,
    question="What has this owner?",
    partition=("owner",),
    clustering=("n",),
    aggregate="owner:{owner}",
    retention="none",
)
TAGS = Table(
    name="tags",
    row=Tag,
    question="What has this tag?",
    partition=("name",),
    clustering=("n",),
    aggregate="tag:{name}",
    retention="none",
)
OLD = (ITEMS, *OUTBOX)
NEW = (NEW_ITEMS, TAGS, *OUTBOX)
STEPS = (
    Migration(2, "items have a kind", (AddColumn("items", Column("kind", "text", False), "old"),)),  # noqa: FBT003
    Migration(3, "tags", (AddTable(TAGS),)),
    Migration(4, "nothing more", ()),
)


async def fill(folder: Path, rows: int = ROWS) -> None:
    """A folder of version 1."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    storage = House(folder).open(OLD, ())
    await asyncio.gather(*(storage.put(ITEMS, Item(1, n, "x" * 300)) for n in range(rows)))
    await storage.close()


async def kinds(folder: Path) -> set[str]:
    """The kinds of all rows, opened as the new program does."""
    storage = House(folder).open(NEW, STEPS)
    found = await storage.range(NEW_ITEMS, (1,), limit=10**6)
    await storage.close()
    assert len(found) == ROWS
    return {row.kind for row in found}


async def count_old(folder: Path) -> int:
    """How many rows the old program finds; it refuses what is newer than itself."""
    storage = House(folder).open(OLD, ())
    found = await storage.range(ITEMS, (1,), limit=10**6)
    await storage.close()
    return len(found)


def forward(folder: Path, **more: object) -> Done:
    """Upgrade a folder here."""
    settings = Settings(data=str(folder))
    return upgrade(settings, tables=NEW, migrations=STEPS, whole=False, **more)  # type: ignore[arg-type]


def start(folder: Path) -> subprocess.Popen[str]:
    """Upgrade a folder in a process of its own, which says how far it is, and `end`."""
    command = [sys.executable, "-m", "tests.server.upgraded", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def say(word: str) -> None:
    """Unbuffered: a line that is told must not die with the process."""
    os.write(1, f"{word}\n".encode())


def _note(name: str) -> Callable[[int, int], None]:
    say(name)
    return lambda done, total: say(f"{done}/{total}")


if __name__ == "__main__":
    forward(Path(sys.argv[1]), note=_note)
    say("end")
