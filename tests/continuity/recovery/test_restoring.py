"""From any one store, a site; what cannot be proven is named, never made up."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from tests.continuity.restore_kit import ORIGIN, SIGNER, rows_of
from venire.continuity.journal import lineage
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import manifests, restoring, staging
from venire.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from venire.kernel.vendors import VendorUnavailable
from venire.record.note import Signer

pytestmark = pytest.mark.anyio


def names(folder) -> set[str]:
    """What lies in a folder, but for locks."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


async def test_a_snapshot_and_the_journal_after_it_give_the_same_site(ground):
    wanted = await rows_of(ground.data, ground.clock)
    done = await ground.restore()
    target = ground.folder / "restored"
    assert names(target) == {"keys", "record.pub", "venire.db", "venire.toml"}
    assert await rows_of(target, ground.clock) == wanted
    assert done.complete
    assert done.lost is None
    assert done.damaged == ()
    assert (done.sequence, done.applied, done.generation) == (ground.shipped, 19, 2)
    assert (done.record.size, done.record.origin) == (5, ORIGIN)
    assert (target / "keys" / "record.key").read_bytes() == b"r" * 32
    assert not (target / "keys" / "backup-drill.key").exists()
    assert (target / "keys" / "record.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [0, 1])
async def test_any_one_store_is_enough(ground, number):
    wanted = await rows_of(ground.data, ground.clock)
    done = await ground.restore(shelves=(ground.stores[number],))
    assert done.complete
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_the_stores_are_told_that_another_host_is_the_site_now(ground):
    done = await ground.restore()
    for store in ground.stores:
        told = lineage.decode_generation(
            await store.get(lineage.generation_path(2)), lineage.generation_path(2)
        )
        assert told.after == lineage.After(1, done.sequence, ground.chain.hex())
    looked = await ground.restore("looked", claim=False)
    assert looked.generation == 2
    assert "generations/00000003.json" not in await ground.stores[0].listing("generations/")


async def test_what_the_old_host_ships_after_that_is_not_part_of_the_site(ground):
    first = await ground.restore()
    await ground.write(4)
    await ground.ship()
    again = await ground.restore("again")
    assert again.sequence == first.sequence
    assert again.complete
    assert again.generation == 3


# what is damaged


@pytest.mark.parametrize("harm", ["cut", "gone", "changed"])
async def test_a_damaged_segment_is_named_and_taken_from_another_store(ground, harm):
    wanted = await rows_of(ground.data, ground.clock)
    paths = sorted(await ground.stores[0].listing("journal/"))
    damage(ground.folder / "first" / paths[-2], harm)
    done = await ground.restore()
    assert done.complete
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted
    if harm == "gone":
        assert done.damaged == ()
    else:
        assert [(one.store, one.path) for one in done.damaged] == [("first", paths[-2])]


@pytest.mark.parametrize("harm", ["cut", "gone", "changed"])
async def test_without_another_store_it_ends_at_the_last_proven_place_and_says_so(ground, harm):
    paths = sorted(await ground.stores[0].listing("journal/"))
    damage(ground.folder / "first" / paths[-2], harm)
    done = await ground.restore(shelves=(ground.stores[0],))
    (before,) = lineage.stretches_in([paths[-3]])
    assert not done.complete
    assert done.sequence == before.last
    assert done.lost is not None
    assert (done.lost.after, done.lost.upto) == (before.last, ground.shipped)
    assert done.lost.upto_ms == ground.clock.now_ms()
    assert done.lost.code == ("segment_missing" if harm == "gone" else "segment_damaged")
    site = await rows_of(ground.folder / "restored", ground.clock)
    assert 0 < len(site["markers"]) < 37


def damage(file, harm: str) -> None:
    """Do something to an object that a disk, or its owner, might."""
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) - 40
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


async def test_two_segments_that_are_both_whole_but_not_neighbours_are_not_joined(ground):
    paths = sorted(await ground.stores[0].listing("journal/"))
    for store in ("first", "second"):
        (ground.folder / store / paths[-2]).unlink()
    done = await ground.restore()
    assert not done.complete
    assert done.lost.code == "segment_missing"
    assert done.lost.paths == (paths[-1],)


@pytest.mark.parametrize("harm", ["cut", "gone", "changed"])
async def test_a_damaged_part_is_taken_from_another_store(ground, harm):
    wanted = await rows_of(ground.data, ground.clock)
    for path in sorted((ground.folder / "first" / "parts").rglob("*")):
        if path.is_file():
            damage(path, harm)
    done = await ground.restore()
    assert done.complete
    assert {one.store for one in done.damaged} == {"first"}
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted
    with pytest.raises(Unavailable) as refused:
        await ground.restore("alone", shelves=(ground.stores[0],))
    assert refused.value.code == "part_lost"
    assert names(ground.folder / "alone") == {staging.STAGE}


async def test_a_part_of_another_file_under_the_name_of_this_one_is_not_believed(ground):
    parts = sorted((ground.folder / "first" / "parts").rglob("*"))
    files = [path for path in parts if path.is_file()]
    other = ground.folder / "second" / "snapshots" / "00000001"
    (sealed,) = other.rglob("files.age")
    files[0].write_bytes(sealed.read_bytes())
    with pytest.raises(Unavailable) as refused:
        await ground.restore(shelves=(ground.stores[0],))
    assert refused.value.code == "part_lost"


async def test_a_snapshot_without_a_manifest_is_none(ground):
    for store in ("first", "second"):
        for path in (ground.folder / store / "snapshots").rglob("*.json"):
            path.unlink()
    with pytest.raises(NotFound) as refused:
        await ground.restore()
    assert refused.value.code == "backup_not_found"
    assert not (ground.folder / "restored" / "venire.db").exists()


async def test_a_newer_snapshot_that_is_not_whole_gives_way_to_an_older_one(ground):
    wanted = await rows_of(ground.data, ground.clock)
    older = manifests.find(await ground.stores[0].listing("snapshots/"))
    await ground.snapshot()
    newer = manifests.find(await ground.stores[0].listing("snapshots/"))[-1]
    assert newer not in older
    for store in ("first", "second"):
        (ground.folder / store / newer.path.replace("manifest.json", "files.age")).unlink()
    done = await ground.restore()
    assert done.snapshot == older[-1].path
    assert done.complete
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_a_store_that_is_not_there_is_named_and_the_other_one_is_enough(ground):
    ground.stores[0] = Store("first", Nowhere())
    done = await ground.restore(shelves=tuple(ground.stores))
    assert done.complete
    assert list(done.unreachable) == ["first"]
    assert done.unclaimed == ("first",)


class Nowhere:
    """A store whose owner has gone."""

    async def _fail(self, *_given: object, **_named: object) -> None:
        raise VendorUnavailable("no_answer")

    listing = put = get = _fail


# keys


async def test_a_wrong_identity_is_refused_before_anything_is_written(ground):
    with pytest.raises(Invalid) as refused:
        await ground.restore(identities=(Identity.generate(),))
    assert refused.value.code == "identity_wrong"
    assert refused.value.data["recipients"] == [str(ground.recipient)]
    assert "AGE-SECRET-KEY" not in refused.value.told
    assert names(ground.folder / "restored") == set()


async def test_what_another_site_signed_is_refused_where_the_key_is_known(ground):
    stranger = Signer("elsewhere.org/record", b"s" * 32)
    check = restoring.record_check(str(stranger.verifier))
    with pytest.raises(Invalid) as refused:
        await ground.restore(check=check)
    assert refused.value.code == "snapshot_foreign"
    done = await ground.restore(check=restoring.record_check(str(SIGNER.verifier)))
    assert done.complete


# folders


async def test_a_folder_that_holds_something_is_left_alone(ground):
    target = ground.folder / "restored"
    target.mkdir()
    (target / "letters").write_text("mine")
    with pytest.raises(Conflict) as refused:
        await ground.restore()
    assert refused.value.code == "folder_not_empty"
    assert (target / "letters").read_text() == "mine"


async def test_two_restores_into_one_folder_are_one(ground):
    target = ground.folder / "restored"
    target.mkdir()
    with (target / staging.LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable) as refused:
            await ground.restore()
    assert refused.value.code == "restore_running"
    assert (await ground.restore()).complete


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


@pytest.mark.parametrize("at", ["write_files", "mark_whole", "put_in_place"])
async def test_a_restore_that_was_killed_is_recognised_and_run_again(ground, monkeypatch, at):
    wanted = await rows_of(ground.data, ground.clock)

    def die(*_arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(staging, at, die)
        with pytest.raises(Killed):
            await ground.restore()
    assert not (ground.folder / "restored" / "venire.db").exists()
    done = await ground.restore()
    assert done.complete
    assert done.finished_earlier == (at == "put_in_place")
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_killed_between_two_moves_the_next_run_moves_the_rest(ground, monkeypatch):
    wanted = await rows_of(ground.data, ground.clock)
    moves = 0
    real = os.rename

    def rename(self, target):
        nonlocal moves
        moves += 1
        if moves == 5:
            raise Killed
        real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        with pytest.raises(Killed):
            await ground.restore()
    assert not (ground.folder / "restored" / "venire.db").exists()
    assert (await ground.restore()).finished_earlier
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_a_full_disk_is_said_at_once_and_nothing_is_there(ground, monkeypatch):
    def fill(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", fill)
        with pytest.raises(Unavailable) as refused:
            await ground.restore()
    assert refused.value.code == "disk_full"
    assert not (ground.folder / "restored" / "venire.db").exists()
    assert (await ground.restore()).complete


async def test_where_something_is_missing_nobody_is_stopped_and_another_store_still_counts(ground):
    paths = sorted(await ground.stores[0].listing("journal/"))
    damage(ground.folder / "first" / paths[-2], "cut")
    short = await ground.restore(shelves=(ground.stores[0],))
    assert not short.complete
    assert lineage.generation_path(2) not in await ground.stores[0].listing("generations/")
    whole = await ground.restore("whole")
    assert whole.complete
    assert whole.sequence == ground.shipped
