"""Schema versions: forward only, engine-neutral, and a refusal of data newer than the code."""

from __future__ import annotations

import dataclasses
from typing import Any

from venire.kernel.errors import Unavailable
from venire.storage.released_tables import OF_VERSION_1, OF_VERSION_2, OF_VERSION_4
from venire.storage.tables.every import ALL
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


_VERSION_2 = Migration(
    2,
    "media, boosts, lists, filters, and what a member can move in with",
    (
        *(AddTable(table) for table in ALL if table.name in OF_VERSION_2),
        AddColumn("accounts", Column("silenced", "bool", optional=False), default=False),
        AddColumn("accounts", Column("sensitized", "bool", optional=False), default=False),
        AddColumn("accounts", Column("disabled", "bool", optional=False), default=False),
        AddColumn("accounts", Column("minor", "bool", optional=False), default=False),
        AddColumn("accounts", Column("moved_to_id", "int", optional=True), default=None),
        AddColumn("accounts", Column("moved_to", "text", optional=True), default=None),
        AddColumn("posts", Column("reblog_of_id", "int", optional=True), default=None),
        AddColumn("posts", Column("reblog_author_id", "int", optional=True), default=None),
        AddColumn("posts", Column("attachments", "blob", optional=False), default=b"[]"),
        AddColumn("posts", Column("poll", "blob", optional=True), default=None),
        AddColumn("posts", Column("quoted_id", "int", optional=True), default=None),
        AddColumn("posts", Column("quoted_author_id", "int", optional=True), default=None),
        AddColumn("posts", Column("quote_state", "text", optional=True), default=None),
        AddColumn("posts", Column("quote_policy", "text", optional=False), default="public"),
        AddColumn("posts", Column("reply_policy", "text", optional=False), default="anyone"),
        AddColumn("posts", Column("local_only", "bool", optional=False), default=False),
        AddColumn("posts", Column("application", "blob", optional=True), default=None),
        AddColumn("post_versions", Column("attachments", "blob", optional=False), default=b"[]"),
        AddColumn("post_versions", Column("poll", "blob", optional=True), default=None),
        AddColumn("account_posts", Column("reblog_of_id", "int", optional=True), default=None),
        AddColumn("account_posts", Column("reblog_author_id", "int", optional=True), default=None),
        AddColumn("account_posts", Column("has_media", "bool", optional=False), default=False),
        AddColumn("public_posts", Column("has_media", "bool", optional=False), default=False),
        # Both are written anew, by when a follow was made, from the ties themselves.
        DropTable("followers"),
        DropTable("follow_requests"),
    ),
)

_VERSION_3 = Migration(
    3,
    "calibrated juries, appeals, clocks, the treasury",
    (
        *(AddTable(table) for table in ALL if table.name in OF_VERSION_4),
        AddColumn("posts", Column("withheld_in", "text", optional=False), default=""),
        AddColumn("posts", Column("label", "text", optional=False), default=""),
        AddColumn("posts", Column("demoted", "bool", optional=False), default=False),
        AddColumn("jurors", Column("answers_violating", "int", optional=False), default=0),
        AddColumn("jurors", Column("answers_clean", "int", optional=False), default=0),
        AddColumn("epochs", Column("roots", "blob", optional=False), default=b""),
        AddColumn("epochs", Column("used", "int", optional=False), default=0),
        AddColumn("epochs", Column("members_of", "int", optional=False), default=-1),
        AddColumn("epochs", Column("promised", "int", optional=False), default=1),
    ),
)

_VERSION_4 = Migration(
    4,
    "what the third version was still to get when the first sites had it",
    _VERSION_3.steps,
)
"""Of a folder that has all of it already, nothing is changed."""

_VERSION_5 = Migration(
    5,
    "vendors, money, stores and names",
    tuple(
        AddTable(table)
        for table in ALL
        if table.name not in OF_VERSION_1 | OF_VERSION_2 | OF_VERSION_4 and not table.rebuildable
    ),
)

MIGRATIONS: tuple[Migration, ...] = (_VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""From the second version on. The first one is the set of tables that were declared then.

A table is created as it is declared now: a column that a later version adds to it is there already
when that version's step comes, and the step finds nothing to do.
"""

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
