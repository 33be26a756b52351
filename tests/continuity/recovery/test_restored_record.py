"""A restore to an earlier moment: what was erased stays erased, and no record has two histories."""

from __future__ import annotations

import msgspec
import pytest

from tests.continuity.restore_kit import ORIGIN, SIGNER, Ground, marker, rows_of
from venire.continuity.journal import lineage
from venire.events import PostDeleted
from venire.record.actions import Sequencer, newest_epoch
from venire.record.checkpoint import sign_checkpoint
from venire.record.entry import decode_entry
from venire.record.fsck import check_record
from venire.record.model import Checkpoint
from venire.record.note import Signer
from venire.storage.tables.people import MARKERS
from venire.storage.tables.record import ENTRIES
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio


# until, and what is erased


async def test_until_a_moment_nothing_later_is_there(ground):
    middle = ground.clock.now_ms() - 5_000
    done = await ground.restore(until_ms=middle)
    assert done.newest_ms <= middle
    assert done.complete
    site = await rows_of(ground.folder / "restored", ground.clock)
    assert len(site["markers"]) == 37 - 5
    generation = await ground.stores[0].get(lineage.generation_path(2))
    after = lineage.decode_generation(generation, lineage.generation_path(2)).after
    assert after.sequence == done.sequence


async def test_what_was_erased_after_the_moment_is_erased_too(ground):
    keep, gone, new = marker(1, "keep", 1), marker(1, "gone", 2), marker(1, "new", 3)
    await ground.storage.put(MARKERS, keep)
    await ground.storage.put(MARKERS, gone)
    ground.clock.advance(1_000)
    moment = ground.clock.now_ms()
    ground.clock.advance(1_000)
    blank = msgspec.structs.replace(gone, last_read_id="")
    event = PostDeleted(5, 1, "public")
    aggregate = MARKERS.aggregate_of(gone)
    await ground.storage.commit(aggregate, [Put(MARKERS, blank)], [event])
    await ground.storage.commit(MARKERS.aggregate_of(new), [Put(MARKERS, new)], [event])
    await ground.storage.delete(MARKERS, keep)
    await ground.ship()
    done = await ground.restore(until_ms=moment)
    site = await rows_of(ground.folder / "restored", ground.clock)
    assert repr(keep) in site["markers"]
    assert repr(blank) in site["markers"]
    assert repr(new) not in site["markers"]
    assert done.erased.commits == 1


# the record


async def test_behind_a_checkpoint_seen_anywhere_another_record_begins(ground):
    earlier = await ground.checkpoint()
    await ground.record(3)
    seen = await ground.checkpoint()
    done = await ground.restore(checkpoints=(earlier, seen, b"nonsense"))
    assert (done.record.why, done.record.seen, done.record.epoch) == ("behind", 8, 1)
    target = ground.folder / "restored"
    assert (target / "record.pub").read_text().startswith(f"{ORIGIN}/1+")
    assert (target / "record-0.pub").read_text() == f"{SIGNER.verifier}\n"
    later = Ground.__new__(Ground)
    later.data, later.clock, later.chance = target, ground.clock, ground.chance
    later.open()
    assert await newest_epoch(later.storage) == 1
    second = Sequencer(later.world, Signer(f"{ORIGIN}/1", b"r" * 32), epoch=1)
    report = await check_record(later.world, second)
    assert report["problems"] == []
    assert report["entries"] == 1
    (row,) = await later.storage.range(ENTRIES, (1, 0))
    header = decode_entry(row.entry).header
    assert (header["type"], header["size"], header["kept"]) == ("succession", 8, 5)
    await later.close()


async def test_a_checkpoint_that_the_store_kept_counts_as_seen(ground):
    await ground.record(1)
    await ground.stores[1].put("checkpoint", await ground.checkpoint())
    done = await ground.restore()
    assert done.record.why == "behind"


async def test_a_checkpoint_of_the_same_history_changes_nothing(ground):
    done = await ground.restore(checkpoints=(await ground.checkpoint(),))
    assert (done.record.why, done.record.epoch, done.record.seen) == ("", 0, 5)


async def test_a_checkpoint_of_another_history_of_the_same_size_begins_another(ground):
    forged = sign_checkpoint(Checkpoint(ORIGIN, 4, b"f" * 32), SIGNER)
    done = await ground.restore(checkpoints=(forged,))
    assert (done.record.why, done.record.epoch) == ("forked", 1)
