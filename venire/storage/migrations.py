"""Schema versions: forward only, engine-neutral, and a refusal of data newer than the code."""

from __future__ import annotations

import dataclasses
from typing import Any

from venire.kernel.errors import Unavailable
from venire.storage.verbs import Column, Table, Value


@dataclasses.dataclass(frozen=True)
class AddTable:
    """Create a table that an earlier version did not have."""

    table: Table[Any]


@dataclasses.dataclass(frozen=True)
class AddColumn:
    """Add a column to a table; existing rows get `default`."""

    table: str
    column: Column
    default: Value


@dataclasses.dataclass(frozen=True)
class DropTable:
    """Remove a table that nothing reads any more."""

    name: str


Step = AddTable | AddColumn | DropTable


@dataclasses.dataclass(frozen=True)
class Migration:
    """What turns version - 1 into version; applied in one transaction."""

    version: int
    name: str
    steps: tuple[Step, ...]


MIGRATIONS: tuple[Migration, ...] = ()
"""From the second version on. The first one is the set of declared tables."""

SCHEMA_VERSION = 1 + len(MIGRATIONS)


def pending(found: int, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[Migration, ...]:
    """The migrations that data of version `found` still needs, in order.

    Raises Unavailable `data_is_newer` when the data was written by a later version: reading on
    would lose what that version knows and this one does not.
    """
    ours = 1 + len(migrations)
    if found > ours:
        raise Unavailable(
            "data_is_newer",
            f"the data has schema version {found}, this program knows {ours}: use the version"
            " that wrote it, or restore a snapshot from before the upgrade",
            found=found,
            known=ours,
        )
    return tuple(migration for migration in migrations if migration.version > found)
