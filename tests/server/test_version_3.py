"""A site of the third schema version, as it was first written, comes forward."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from venire.people import actions as people
from venire.server.settings import Settings
from venire.server.upgrading import upgrade
from venire.server.wiring import open_house
from venire.storage.migrations import SCHEMA_VERSION

_CAME_LATER = ("label", "demoted", "withheld_in")


async def _sign_up(settings: Settings) -> None:
    async with open_house(settings) as house:
        await people.create_account(house.world, "ayu", "ayu@mail.test", "correct horse", "member")


async def _sign_in(settings: Settings) -> str:
    async with open_house(settings) as house:
        return (await people.sign_in(house.world, "ayu@mail.test", "correct horse")).username


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A folder with what the third version was still to get taken out of it again."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "acceptance-profile").write_text("made by a test\n")
    made = Settings(data=str(folder), profile="acceptance", backups_kept=3)
    asyncio.run(_sign_up(made))
    connection = apsw.Connection(str(folder / "venire.db"))
    for column in _CAME_LATER:
        connection.execute(f"ALTER TABLE posts DROP COLUMN {column}")
    connection.execute("DROP TABLE juror_doses")
    connection.execute("UPDATE meta SET value = 3 WHERE name = 'schema_version'")
    connection.close()
    return made


def test_what_the_third_version_was_still_to_get_is_added_and_nothing_is_lost(settings):
    done = upgrade(settings)
    assert (done.found, done.version) == (3, SCHEMA_VERSION)
    assert asyncio.run(_sign_in(settings)) == "ayu"
