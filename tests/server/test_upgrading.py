"""Forward after a backup, back by one command; killed anywhere, the old or the new is whole."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.server import upgraded
from tests.server.upgraded import NEW, OLD, STEPS, count_old, fill, forward, kinds
from tests.storage.house import ITEMS, House
from venire.kernel.chance import SeededChance
from venire.kernel.clock import DAY_MS, ManualClock
from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.server import backups
from venire.server.settings import Settings
from venire.server.upgrading import go_back, plan, refuse_older
from venire.storage.engines.sqlite_upkeep import copy_file, marks_of
from venire.storage.leases import LeaderLock, NodeLease
from venire.storage.migrations import AddColumn, Migration
from venire.storage.verbs import Column

pytestmark = pytest.mark.anyio


@pytest.fixture
async def folder(tmp_path):
    made = tmp_path / "data"
    await fill(made)
    return made


def settings(folder, **more):
    return Settings(data=str(folder), **more)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def test_data_goes_forward_after_a_backup_that_holds_the_old(folder):
    done = forward(folder)
    assert (done.found, done.version) == (1, 4)
    assert done.steps == ("2: items have a kind", "3: tags", "4: nothing more")
    assert await kinds(folder) == {"old"}
    backup = Path(done.backup)
    assert backup.parent == folder / "backups"
    known = backups.verify(backup)
    assert (known.version, known.reason, known.journal) == (1, "upgrade", upgraded.ROWS)
    assert await count_old(_as_data(backup, folder.parent / "copy")) == upgraded.ROWS


def _as_data(backup, to):
    shutil.copytree(backup, to)
    return to


async def test_a_second_upgrade_has_nothing_to_do_and_makes_no_backup(folder):
    forward(folder)
    again = forward(folder)
    assert (again.steps, again.backup) == ((), None)
    assert len(backups.made(folder)) == 1


async def test_looking_changes_nothing(folder):
    before = files(folder)
    planned = plan(folder, STEPS)
    assert (planned.found, planned.known, len(planned.steps)) == (1, 4, 3)
    assert 0 < planned.needed < planned.free
    after = files(folder)
    assert {name: after[name] for name in before} == before
    assert not (folder / "backups").exists()


async def test_older_data_is_refused_with_the_command_that_helps(folder):
    with pytest.raises(Unavailable) as refused:
        refuse_older(folder, STEPS)
    assert refused.value.code == "data_is_older"
    assert f"venire upgrade --data {folder}" in refused.value.hint
    forward(folder)
    refuse_older(folder, STEPS)
    refuse_older(folder.parent / "nothing", STEPS)


async def test_going_back_brings_the_old_data_and_keeps_the_new_beside_it(folder):
    forward(folder)
    storage = House(folder).open(NEW, STEPS)
    await storage.put(upgraded.TAGS, upgraded.Tag("a", 1))
    await storage.close()
    assert (folder / "rebuildable.db").exists()

    look = go_back(settings(folder), only_look=True)
    assert (look.aside, look.lost_commits) == (None, 1)
    assert await kinds(folder) == {"old"}

    gone = go_back(settings(folder))
    assert (gone.version, gone.lost_commits) == (1, 1)
    assert await count_old(folder) == upgraded.ROWS
    aside = Path(gone.aside)
    assert marks_of(aside / "venire.db").version == 4
    storage = House(_as_data(aside, folder.parent / "kept")).open(NEW, STEPS)
    assert await storage.range(upgraded.TAGS, ("a",)) == [upgraded.Tag("a", 1)]
    await storage.close()
    assert forward(folder).version == 4
    assert await kinds(folder) == {"old"}


async def test_going_back_past_entries_of_the_record_has_to_be_said(folder):
    done = forward(folder)
    manifest = Path(done.backup) / "manifest.json"
    known = json.loads(manifest.read_text())
    storage = House(folder).open(NEW, STEPS)
    # As a record that has grown since: its head is a row like any other.
    writing = storage._writer._connection
    writing.execute("CREATE TABLE record_heads (epoch INTEGER, size INTEGER)")
    writing.execute("INSERT INTO record_heads VALUES (0, 7)")
    await storage.close()
    assert known["record"] == 0
    with pytest.raises(Conflict) as refused:
        go_back(settings(folder))
    assert refused.value.code == "record_would_fork"
    assert marks_of(folder / "venire.db").version == 4
    assert go_back(settings(folder), discard=True).lost_entries == 7
    assert await count_old(folder) == upgraded.ROWS


async def test_back_from_a_file_that_is_damaged(folder):
    forward(folder)
    (folder / "venire.db").write_bytes(b"not a database" * 1_000)
    with pytest.raises(Unavailable) as refused:
        forward(folder)
    assert refused.value.code == "data_damaged"
    gone = go_back(settings(folder))
    assert await count_old(folder) == upgraded.ROWS
    assert (Path(gone.aside) / "venire.db").read_bytes().startswith(b"not a database")


async def test_a_backup_that_was_changed_is_not_put_back(folder):
    done = forward(folder)
    copy = Path(done.backup) / "venire.db"
    spoilt = bytearray(copy.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    copy.write_bytes(bytes(spoilt))
    with pytest.raises(Unavailable) as refused:
        go_back(settings(folder))
    assert refused.value.code == "backup_damaged"
    assert await kinds(folder) == {"old"}


async def test_without_a_backup_there_is_no_way_back(folder):
    with pytest.raises(NotFound) as refused:
        go_back(settings(folder))
    assert refused.value.code == "backup_not_found"


@pytest.mark.parametrize("held", ["leader", "member"])
async def test_an_open_site_is_left_alone(folder, held):
    holding = LeaderLock(folder) if held == "leader" else NodeLease(folder)
    if held == "leader":
        assert holding.acquire()
    for act in (lambda: forward(folder), lambda: go_back(settings(folder))):
        with pytest.raises(Unavailable) as refused:
            act()
        assert refused.value.code == "site_is_running"
        assert "stop it" in refused.value.hint
    assert marks_of(folder / "venire.db").version == 1
    holding.release()
    assert forward(folder).version == 4


async def test_a_step_that_fails_undoes_all_before_it_and_says_the_way_back(folder):
    lost = AddColumn("never_there", Column("n", "int", optional=True), None)
    broken = (*STEPS[:2], Migration(4, "broken", (lost,)))
    with pytest.raises(Unavailable) as refused:
        upgraded.upgrade(settings(folder), tables=NEW, migrations=broken, whole=False)
    assert refused.value.code == "upgrade_failed"
    assert refused.value.data["back"] == f"venire upgrade --back --data {folder}"
    assert marks_of(folder / "venire.db").version == 1
    assert await count_old(folder) == upgraded.ROWS
    assert forward(folder).version == 4


async def test_a_forgotten_migration_leaves_the_data_as_it_was(folder):
    with pytest.raises(Unavailable) as refused:
        upgraded.upgrade(settings(folder), tables=NEW, migrations=STEPS[:1], whole=False)
    assert "schema_differs" in refused.value.data["reason"]
    assert await count_old(folder) == upgraded.ROWS


async def test_without_room_nothing_is_begun(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: shutil._ntuple_diskusage(1, 1, 1_000))
    with pytest.raises(Unavailable) as refused:
        forward(folder)
    assert refused.value.code == "disk_full"
    assert marks_of(folder / "venire.db").version == 1
    assert backups.made(folder) == []


async def test_old_backups_go_and_the_last_ones_stay(folder):
    clock, chance = ManualClock(), SeededChance("backups")
    made = []
    for _ in range(4):
        made.append(
            backups.take(folder, now_ms=clock.now_ms(), chance=chance, reason="upgrade").name
        )
        clock.advance(DAY_MS)
    kept = backups.take(folder, now_ms=clock.now_ms(), chance=chance, reason="snapshot").name
    assert backups.prune(folder, kept=3, now_ms=clock.now_ms()) == made[:1]
    clock.advance(40 * DAY_MS)
    assert backups.prune(folder, kept=3, now_ms=clock.now_ms()) == made[1:3]
    assert [path.name for path in backups.made(folder)] == [made[3], kept]


async def test_two_backups_of_one_second_have_two_names(folder):
    names = {
        backups.take(folder, now_ms=0, chance=SeededChance(str(n)), reason="upgrade").name
        for n in range(3)
    }
    assert names == {"19700101T000000Z-v1", "19700101T000000Z-v1-1", "19700101T000000Z-v1-2"}


async def test_a_copy_is_of_one_moment_while_others_write(folder, tmp_path):
    storage = House(folder).open(OLD, ())
    seen = []

    def told(done, total):
        # A write in the middle of the copy: seen by later readers, not by this copy.
        seen.append((done, total))
        other = House(folder).open(OLD, (), node=1)
        other._writer._connection.execute("INSERT INTO items VALUES (2, ?, 'later')", (len(seen),))
        for connection in reversed(other._connections):
            connection.close()

    (tmp_path / "copy").mkdir()
    copy_file(folder / "venire.db", tmp_path / "copy" / "venire.db", told)
    await storage.close()
    assert seen
    assert await count_old(tmp_path / "copy") == upgraded.ROWS
    copied = House(tmp_path / "copy").open(OLD, ())
    assert await copied.range(ITEMS, (2,)) == []
    await copied.close()


async def test_killed_at_any_moment_the_old_data_or_the_new_is_whole(folder, tmp_path):
    chance = SeededChance("moments to be killed at")
    ended = {1: 0, 4: 0}
    for attempt in range(12):
        data = tmp_path / f"copy_{attempt}"
        shutil.copytree(folder, data)
        process = upgraded.start(data)
        # After so many of its words, and a moment more.
        for _ in range(attempt):
            process.stdout.readline()
        await asyncio.sleep(chance.token(1)[0] / 255 * 0.02)
        process.kill()
        process.communicate()

        version = marks_of(data / "venire.db").version
        ended[version] += 1
        if version == 1:
            assert await count_old(data) == upgraded.ROWS
        assert all(backups.verify(backup) for backup in backups.made(data))
        assert forward(data).version == 4
        assert await kinds(data) == {"old"}
        assert not list(data.glob("backups/.unfinished-*"))
        shutil.rmtree(data)
    assert ended[1]
    assert ended[4]


async def test_going_back_killed_anywhere_leaves_one_of_both_whole(folder, tmp_path, monkeypatch):
    """Each system call that moves a file may be the last one."""

    class Killed(BaseException):
        pass

    forward(folder)
    versions = set()
    for last in range(12):
        data = tmp_path / f"copy_{last}"
        shutil.copytree(folder, data)
        await House(data).open(NEW, STEPS).close()
        left = last

        def mortal(act):
            def call(*arguments, **more):
                nonlocal left
                left -= 1
                if left < 0:
                    raise Killed
                return act(*arguments, **more)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", mortal(Path.rename))
            patch.setattr(Path, "replace", mortal(Path.replace))
            patch.setattr(shutil, "copyfile", mortal(shutil.copyfile))
            patch.setattr(os, "link", mortal(os.link))
            with contextlib.suppress(Killed):
                go_back(settings(data))
        version = marks_of(data / "venire.db").version
        versions.add(version)
        if version == 4:
            assert await kinds(data) == {"old"}
            go_back(settings(data))
        assert await count_old(data) == upgraded.ROWS
        assert not list(data.glob(".returning-*"))
    assert versions == {1, 4}


async def test_more_rows_than_before_the_upgrade_are_counted_as_lost(folder):
    forward(folder)
    storage = House(folder).open(NEW, STEPS)
    for n in range(5):
        await storage.put(upgraded.NEW_ITEMS, upgraded.NewItem(2, n))
    await storage.close()
    assert go_back(settings(folder)).lost_commits == 5
