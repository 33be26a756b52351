"""Schemas go forward on data that is there; newer data and a forgotten step are refused."""

from __future__ import annotations

import dataclasses
import shutil

import apsw
import msgspec
import pytest

from tests.storage.house import ITEMS, PASSES, House, Item, Pass
from venire.kernel.errors import Unavailable
from venire.storage import migrations
from venire.storage.migrations import AddColumn, AddTable, DropTable, Migration, pending
from venire.storage.tables.every import ALL
from venire.storage.verbs import Column, Table

pytestmark = pytest.mark.anyio


class ItemWithMore(msgspec.Struct, frozen=True):
    """The same table, a version later: one column in the middle, one that may be empty."""

    owner: int
    n: int
    kind: str
    text: str = ""
    shown: bool = True
    weight: float = 0.0
    data: bytes = b""
    seen_at_ms: int | None = None


class PassWithUse(msgspec.Struct, frozen=True):
    """A table whose rows lapse, a version later."""

    token: str
    owner: int
    used: bool


class Tag(msgspec.Struct, frozen=True):
    """A table that was not there before."""

    name: str
    n: int


ITEMS_2 = dataclasses.replace(ITEMS, row=ItemWithMore)
PASSES_2 = dataclasses.replace(PASSES, row=PassWithUse)
TAGS = Table(
    name="tags",
    row=Tag,
    question="What has this tag?",
    partition=("name",),
    clustering=("n",),
    aggregate="tag:{name}",
    retention="none",
)
SECOND = Migration(
    2,
    "items know more",
    (
        AddColumn("items", Column("kind", "text", optional=False), 'it\'s a "kind"; --'),
        AddColumn("items", Column("shown", "bool", optional=False), default=False),
        AddColumn("items", Column("weight", "real", optional=False), 0.5),
        AddColumn("items", Column("data", "blob", optional=False), b"\x00'"),
        AddColumn("items", Column("seen_at_ms", "int", optional=True), None),
        AddColumn("passes", Column("used", "bool", optional=False), default=True),
    ),
)
THIRD = Migration(3, "tags", (AddTable(TAGS),))
FOURTH = Migration(4, "no tags", (DropTable("tags"),))
NEW_TABLES = (ITEMS_2, PASSES_2, TAGS)


async def filled(house: House) -> None:
    storage = house.open((ITEMS, PASSES), ())
    for n in range(20):
        await storage.put(ITEMS, Item(1, n, f"text {n}"))
    await storage.put(PASSES, Pass("p", 1), expires_at_ms=house.clock.now_ms() + 1000)
    await storage.close()


async def test_data_goes_forward_through_every_step_on_a_copy(house, tmp_path):
    await filled(house)
    copy = House(tmp_path / "copy")
    shutil.copytree(house.folder, copy.folder, ignore=shutil.ignore_patterns("copy"))

    storage = copy.open(NEW_TABLES, (SECOND, THIRD))
    rows = await storage.range(ITEMS_2, (1,))
    assert rows == [
        ItemWithMore(1, n, 'it\'s a "kind"; --', f"text {n}", False, 0.5, b"\x00'", None)  # noqa: FBT003
        for n in range(20)
    ]
    assert await storage.get(PASSES_2, ("p",)) == PassWithUse("p", 1, used=True)
    await storage.put(ITEMS_2, ItemWithMore(1, 5, "new", seen_at_ms=7))
    await storage.put(PASSES_2, PassWithUse("q", 1, used=False), expires_at_ms=1)
    await storage.put(TAGS, Tag("a", 1))
    await storage.close()

    again = copy.open(NEW_TABLES, (SECOND, THIRD))
    assert await again.get(ITEMS_2, (1, 5)) == ItemWithMore(1, 5, "new", seen_at_ms=7)
    assert await again.range(TAGS, ("a",)) == [Tag("a", 1)]
    await again.close()

    untouched = house.open((ITEMS, PASSES), ())
    assert await untouched.get(ITEMS, (1, 5)) == Item(1, 5, "text 5")
    await untouched.close()


async def test_steps_may_be_taken_one_release_at_a_time(house):
    await filled(house)
    await house.open((ITEMS_2, PASSES_2), (SECOND,)).close()
    await house.open(NEW_TABLES, (SECOND, THIRD)).close()
    storage = house.open((ITEMS_2, PASSES_2), (SECOND, THIRD, FOURTH))

    assert len(await storage.range(ITEMS_2, (1,))) == 20
    tables = storage._facts.execute("SELECT name FROM sqlite_schema").fetchall()
    assert ("tags",) not in tables
    await storage.close()


async def test_a_new_folder_begins_at_the_last_version(house):
    await house.open(NEW_TABLES, (SECOND, THIRD)).close()
    storage = house.open(NEW_TABLES, (SECOND, THIRD))
    assert await storage.range(TAGS, ("a",)) == []
    await storage.close()


async def test_events_that_were_told_before_are_still_there_after(house):
    from venire.events import CaseChanged

    storage = house.open((ITEMS, PASSES), ())
    await storage.commit("case:1", [], [CaseChanged(1)])
    await storage.advance("ear", 1)
    await storage.close()

    again = house.open(NEW_TABLES, (SECOND, THIRD))
    assert [envelope.event for envelope in await again.tail(0)] == [CaseChanged(1)]
    assert await again.position("ear") == 1
    await again.close()


async def test_data_of_a_later_version_is_refused_and_left_alone(house):
    await house.open(NEW_TABLES, (SECOND, THIRD)).close()

    with pytest.raises(Unavailable) as refused:
        house.open((ITEMS, PASSES), ())

    assert refused.value.code == "data_is_newer"
    assert refused.value.data == {"found": 3, "known": 1}
    storage = house.open(NEW_TABLES, (SECOND, THIRD))
    await storage.close()


async def test_a_step_that_fails_leaves_the_data_as_it_was(house):
    await filled(house)
    lost = AddColumn("never_there", Column("n", "int", optional=True), None)
    broken = Migration(3, "broken", (AddTable(TAGS), lost))
    with pytest.raises(apsw.SQLError):
        house.open(NEW_TABLES, (SECOND, broken))

    storage = house.open((ITEMS_2, PASSES_2), (SECOND,))
    assert len(await storage.range(ITEMS_2, (1,))) == 20
    assert not storage._facts.execute(
        "SELECT name FROM sqlite_schema WHERE name = 'tags'"
    ).fetchall()
    await storage.close()


class ItemOfText(msgspec.Struct, frozen=True):
    owner: int
    n: int
    text: bytes = b""


class ItemOfNothing(msgspec.Struct, frozen=True):
    owner: int
    n: int
    text: str | None = None


class ItemOfLess(msgspec.Struct, frozen=True):
    owner: int
    n: int


@pytest.mark.parametrize(
    "declared",
    [
        dataclasses.replace(ITEMS, row=ItemWithMore),
        dataclasses.replace(ITEMS, row=ItemOfLess),
        dataclasses.replace(ITEMS, row=ItemOfText),
        dataclasses.replace(ITEMS, row=ItemOfNothing),
        dataclasses.replace(ITEMS, expires=True),
        dataclasses.replace(ITEMS, partition=("owner", "n"), clustering=("text",)),
        dataclasses.replace(ITEMS, partition=("n",), clustering=("owner",)),
        TAGS,
    ],
    ids=["added", "removed", "type", "optional", "expires", "key", "order of the key", "table"],
)
async def test_a_change_without_its_migration_is_refused(house, declared):
    await filled(house)

    with pytest.raises(Unavailable) as refused:
        house.open((declared, PASSES), ())

    assert refused.value.code == "schema_differs"
    assert refused.value.data["table"] == declared.name


def test_pending_steps_are_those_above_what_was_found():
    steps = (SECOND, THIRD, FOURTH)
    assert pending(1, steps) == steps
    assert pending(3, steps) == (FOURTH,)
    assert pending(4, steps) == ()
    with pytest.raises(Unavailable):
        pending(5, steps)


def test_the_versions_of_the_house_have_no_gap():
    versions = [migration.version for migration in migrations.MIGRATIONS]
    assert versions == list(range(2, 2 + len(versions)))


async def test_the_whole_house_opens_twice(house):
    await house.open(ALL).close()
    await house.open(ALL).close()


def test_no_two_tables_have_one_name_and_none_takes_a_name_of_the_engine():
    names = [table.name for table in ALL]
    assert len(names) == len(set(names))
    assert not {"outbox", "cursors", "meta", "outbox_told"} & set(names)
