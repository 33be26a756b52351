"""A site of the fourth schema version comes forward: everything about vendors is added to it."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from venire.people import actions as people
from venire.server.settings import Settings
from venire.server.upgrading import upgrade
from venire.server.wiring import open_house
from venire.storage.released_tables import OF_VERSION_1, OF_VERSION_2, OF_VERSION_4
from venire.storage.tables.every import ALL

_CAME_LATER = sorted(
    table.name
    for table in ALL
    if table.name not in OF_VERSION_1 | OF_VERSION_2 | OF_VERSION_4 and not table.rebuildable
)


async def _sign_up(settings: Settings) -> None:
    async with open_house(settings) as house:
        await people.create_account(house.world, "ayu", "ayu@mail.test", "correct horse", "member")


async def _sign_in(settings: Settings) -> str:
    async with open_house(settings) as house:
        return (await people.sign_in(house.world, "ayu@mail.test", "correct horse")).username


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A folder with every table of later versions taken out of it again."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "acceptance-profile").write_text("made by a test\n")
    made = Settings(data=str(folder), profile="acceptance", backups_kept=3)
    asyncio.run(_sign_up(made))
    connection = apsw.Connection(str(folder / "venire.db"))
    for name in _CAME_LATER:
        connection.execute(f"DROP TABLE {name}")
    connection.execute("UPDATE meta SET value = 4 WHERE name = 'schema_version'")
    connection.close()
    return made


def test_every_table_of_vendors_is_added_and_nothing_is_lost(settings):
    assert {"vendor_states", "ship_states", "memberships", "factors", "beacons"} <= set(_CAME_LATER)
    done = upgrade(settings)
    assert (done.found, done.version) == (4, 5)
    connection = apsw.Connection(str(settings.folder / "venire.db"))
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()}
    connection.close()
    assert set(_CAME_LATER) <= there
    assert asyncio.run(_sign_in(settings)) == "ayu"
