"""A site of the second schema version comes forward, with everything on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from venire.cases import store as cases
from venire.people import actions as people
from venire.people import follows
from venire.people.store import find_by_handle
from venire.posts.listing import account_entries
from venire.posts.marks import mark_of
from venire.posts.model import Stretch
from venire.server import backups
from venire.server.settings import Settings
from venire.server.upgrading import upgrade
from venire.server.wiring import open_house
from venire.server.workers import leading
from venire.storage.engines.sqlite_upkeep import marks_of
from venire.storage.migrations import SCHEMA_VERSION

_SCRIPT = Path(__file__).with_name("version_2.sql")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """The settings of a site whose data folder was written before the third version."""
    folder = tmp_path / "data"
    folder.mkdir()
    connection = apsw.Connection(str(folder / "venire.db"))
    connection.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL")
    with connection:
        connection.execute(_SCRIPT.read_text(encoding="utf-8"))
    connection.close()
    (folder / "acceptance-profile").write_text("made by a test\n")
    return Settings(data=str(folder), profile="acceptance", backups_kept=3)


async def _everything_is_there(settings: Settings) -> None:
    async with open_house(settings) as house:
        world = house.world
        ayu, budi, citra = [await find_by_handle(world, name) for name in ("ayu", "budi", "citra")]
        assert await people.sign_in(world, "ayu@mail.test", "correct horse") == ayu
        assert await follows.is_following(world, budi.id, ayu.id)
        (entry,) = await account_entries(world, ayu.id, Stretch(None, None, 40))
        assert (await mark_of(world, budi.id, entry.id)).favourite_id is not None
        entries = await account_entries(world, citra.id, Stretch(None, None, 40))
        found = [await cases.case_of_subject(world.storage, "post", one.id) for one in entries]
        (case,) = [one for one in found if one is not None]
        assert (case.state, case.hold) == ("judging", "held")
        # Its case goes on under the leader of today.
        async with leading(house, lambda: None), asyncio.timeout(20):
            while not await house.pulse.drained():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.05)
        again = await cases.load(world.storage, case.id)
        assert again is not None
        assert again.hold == "held"


def test_an_upgrade_from_the_second_version_keeps_everything(settings):
    marks = marks_of(settings.folder / "venire.db")
    assert marks is not None
    assert marks.version == 2
    done = upgrade(settings)
    assert (done.found, done.version) == (2, SCHEMA_VERSION)
    assert backups.verify(Path(str(done.backup))).version == 2
    asyncio.run(_everything_is_there(settings))
