"""A site of the first release comes forward to the tables of today, with everything on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import msgspec
import pytest

from tests.server.test_running import answers, eventually, started
from venire.cases import store as cases
from venire.kernel.errors import Unavailable
from venire.people import actions as people
from venire.people import follow_lists, follows
from venire.people.store import find_by_handle
from venire.posts.listing import account_entries
from venire.posts.model import Stretch
from venire.server import backups
from venire.server.settings import Settings
from venire.server.upgrading import go_back, upgrade, upgrade_at_start
from venire.server.wiring import open_house
from venire.server.workers import leading
from venire.storage.engines.sqlite_upkeep import marks_of
from venire.storage.migrations import SCHEMA_VERSION

pytestmark = pytest.mark.anyio
_SCRIPT = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """The settings of a site whose data folder the first release wrote."""
    folder = tmp_path / "data"
    folder.mkdir()
    connection = apsw.Connection(str(folder / "venire.db"))
    connection.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL")
    with connection:
        connection.execute(_SCRIPT.read_text(encoding="utf-8"))
    connection.close()
    (folder / "acceptance-profile").write_text("made by a test\n")
    return Settings(data=str(folder), profile="acceptance", backups_kept=3)


def test_the_data_of_the_first_release_is_of_version_1(settings):
    marks = marks_of(settings.folder / "venire.db")
    assert marks is not None
    assert (marks.version, marks.record) == (1, 3)
    assert marks.journal > 50


async def _everything_is_there(settings: Settings) -> None:
    async with open_house(settings) as house:
        world = house.world
        ayu, budi, citra = [await find_by_handle(world, name) for name in ("ayu", "budi", "citra")]
        assert await people.sign_in(world, "ayu@mail.test", "correct horse") == ayu
        assert await follows.is_following(world, budi.id, ayu.id)
        assert await follows.is_following(world, ayu.id, budi.id)
        entries = await account_entries(world, ayu.id, Stretch(None, None, 40))
        assert len(entries) == 1
        entries = await account_entries(world, citra.id, Stretch(None, None, 40))
        case = await cases.case_of_subject(world.storage, "post", entries[0].id)
        assert case is not None
        assert case.hold == "held"
        await people.create_account(world, "dewi", "dewi@mail.test", "correct horse")
        # What was dropped on the way is made again by whoever leads.
        async with leading(house, lambda: None), asyncio.timeout(20):
            while not await follow_lists.follower_page(world, ayu.id):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.05)
            page = await follow_lists.follower_page(world, ayu.id)
            assert [other for _, other in page] == [budi.id]


def test_an_upgrade_keeps_everything_and_its_record_is_sound(settings):
    done = upgrade(settings)
    assert (done.found, done.version, done.record) == (1, SCHEMA_VERSION, 3)
    assert backups.verify(Path(str(done.backup))).version == 1
    asyncio.run(_everything_is_there(settings))


async def test_before_the_upgrade_no_command_opens_it(settings):
    with pytest.raises(Unavailable) as refused:
        async with open_house(settings):
            pass
    assert refused.value.code == "data_is_older"
    assert marks_of(settings.folder / "venire.db").version == 1


def test_a_start_upgrades_only_where_the_operator_lets_it(settings):
    with pytest.raises(Unavailable) as refused:
        upgrade_at_start(msgspec.structs.replace(settings, auto_upgrade=False))
    assert refused.value.code == "data_is_older"
    assert backups.made(settings.folder) == []
    done = upgrade_at_start(settings)
    assert done is not None
    assert done.version == SCHEMA_VERSION
    assert len(backups.made(settings.folder)) == 1
    assert upgrade_at_start(settings) is None


def test_there_is_a_way_back_to_the_first_release(settings):
    upgrade(settings)
    gone = go_back(settings)
    assert (gone.version, gone.lost_commits, gone.lost_entries) == (1, 0, 0)
    assert marks_of(settings.folder / "venire.db").version == 1


@pytest.mark.loopback
def test_a_site_of_the_first_release_is_served_after_a_backup(settings):
    with started(settings.folder) as (_, port, log):
        eventually(lambda: answers(port))
        assert '"upgraded"' in log.read_text()
    (backup,) = backups.made(settings.folder)
    assert backups.verify(backup).version == 1
    with started(settings.folder) as (_, port, log):
        eventually(lambda: answers(port))
        assert '"upgraded"' not in log.read_text()
    assert backups.made(settings.folder) == [backup]


@pytest.mark.loopback
def test_where_upgrades_are_by_hand_the_start_says_how(settings):
    (settings.folder / "venire.toml").write_text("auto_upgrade = false\n")
    with started(settings.folder) as (process, _, log):
        assert process.wait(20) == 1
        said = log.read_text()
    assert "error: data_is_older" in said
    assert f"venire upgrade --data {settings.folder}" in said
    assert backups.made(settings.folder) == []
