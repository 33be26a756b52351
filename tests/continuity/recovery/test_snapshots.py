"""Snapshots: only what changed is sent, what is old goes, the store learns nothing."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage.x25519 import Identity

from tests.continuity.restore_kit import SIGNER, Ground, marker, rows_of
from venire.continuity.journal.identities import parse_identities, read_identities, unseal
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import captured, fetching, manifests, restore_drills, snapshots
from venire.continuity.recovery.manifests import DAILY_MS, HOURLY_MS, Inner
from venire.continuity.recovery.restoring import record_check
from venire.kernel.chance import SystemChance
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Invalid, NotFound, Unavailable
from venire.kernel.ids import Ids
from venire.kernel.vendors import VendorUnavailable
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL
from venire.storage.tables.people import MARKERS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ground(tmp_path):
    made = Ground(tmp_path, ("first", "second"))
    await made.begin()
    await made.write(10)
    yield made
    await made.close()


async def manifest_of(ground, number: int = -1, store: int = 0) -> manifests.Manifest:
    shelf = ground.stores[store]
    found = manifests.find(await shelf.listing("snapshots/"))[number]
    return manifests.decode(await shelf.get(found.path), found.path)


async def test_what_has_not_changed_is_not_sent_again(ground, monkeypatch):
    monkeypatch.setattr(snapshots, "PART_BYTES", 64 * 1024)
    monkeypatch.setattr(fetching, "PART_BYTES", 64 * 1024)
    (first, _) = await ground.snapshot()
    # Empty pages are alike.
    assert first.parts >= first.sent_parts > 10
    await ground.write(1)
    ground.storage._writer._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    (second, _) = await ground.snapshot()
    assert second.parts == first.parts
    assert 0 < second.sent_parts < 6
    await ground.ship()
    wanted = await rows_of(ground.data, ground.clock)
    done = await ground.restore()
    assert done.snapshot == (await manifest_of(ground)).place
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_a_store_that_lost_a_part_or_lied_about_it_gets_it_again(ground):
    await ground.snapshot()
    part = (await manifest_of(ground)).parts[0]
    (ground.folder / "first" / part.path).write_bytes(b"half")
    (ground.folder / "second" / part.path).unlink()
    for shipped in await ground.snapshot():
        assert shipped.sent_parts == 1
    assert (await ground.restore(shelves=(ground.stores[0],))).damaged == ()
    assert (await ground.restore("other", shelves=(ground.stores[1],))).damaged == ()


class Failing:
    """A store that takes nothing."""

    async def _fail(self, *_given: object, **_named: object) -> None:
        raise VendorUnavailable("no_answer")

    listing = put = get = size = delete = _fail


async def test_one_store_that_fails_holds_up_no_other_and_none_at_all_is_said(ground):
    failing = Store("first", Failing())
    told = await ground.snapshot([failing, ground.stores[1]])
    assert [one.error for one in told] == ["store_unreachable", ""]
    assert (await ground.restore(shelves=(ground.stores[1],))).sequence == 10
    with pytest.raises(Unavailable) as refused:
        await ground.snapshot([failing])
    assert refused.value.code == "snapshot_nowhere"


async def test_a_store_can_read_nothing_of_it(ground):
    await ground.storage.put(MARKERS, marker(1, "a-secret-of-somebody", 1))
    await ground.ship()
    await ground.snapshot()
    for file in (ground.folder / "first").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"a-secret-of-somebody" not in content
            assert b"markers" not in content
            assert b"r" * 32 not in content
    manifest = await manifest_of(ground)
    inner = msgspec.msgpack.decode(unseal(manifest.inner, [ground.identity]), type=Inner)
    assert inner.counts["markers"] == 11
    with pytest.raises(Invalid):
        unseal(manifest.inner, [Identity.generate()])


async def test_it_is_one_moment_while_members_write(ground):
    stopped = False

    async def write() -> int:
        count = 0
        while not stopped:
            # The first is never behind the second, nor ahead of it by more than one.
            count += 1
            await ground.storage.put(MARKERS, marker(50, "a", count))
            await ground.storage.put(MARKERS, marker(51, "b", count))
        return count

    writing = asyncio.create_task(write())
    await ground.snapshot()
    stopped = True
    assert await writing > 2
    manifest = await manifest_of(ground)
    await ground.restore(through=manifest.sequence, claim=False)
    facts = captured.facts_of(ground.folder / "restored" / "venire.db", 0)
    # The restore's own commit is the one after.
    assert facts.sequence == manifest.sequence + 1
    storage = SqliteStorage(ground.folder / "restored", ground.clock, Ids(ground.clock), ALL)
    first = await storage.get(MARKERS, (50, "a"))
    second = await storage.get(MARKERS, (51, "b"))
    await storage.close()
    if first is not None:
        assert first.version - (0 if second is None else second.version) in {0, 1}


async def test_a_site_that_has_not_told_its_stores_of_itself_ships_none(ground):
    ground.generation = 0
    with pytest.raises(Unavailable) as refused:
        await ground.snapshot()
    assert refused.value.code == "not_shipping_yet"
    assert not list(ground.data.glob(f"{captured.LEFT}*"))


async def test_a_full_disk_is_said_before_anything_is_copied(ground, monkeypatch):
    class Full:
        free = 1 << 20

    monkeypatch.setattr(captured.shutil, "disk_usage", lambda _path: Full)
    with pytest.raises(Unavailable) as refused:
        await ground.snapshot()
    assert refused.value.code == "disk_full"


async def test_old_snapshots_and_the_parts_that_only_they_had_are_destroyed(ground):
    await ground.snapshot()
    old = await manifest_of(ground)
    ground.clock.advance(DAILY_MS + DAY_MS)
    await ground.write(1)
    ground.storage._writer._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    await ground.snapshot()
    gone = await snapshots.destroy_old(ground.stores[0], ground.clock.now_ms())
    assert gone == 3
    left = await ground.stores[0].listing("")
    assert not {old.place, old.files.path, old.parts[0].path} & set(left)
    assert (await ground.restore()).damaged == ()


async def test_nothing_is_destroyed_where_a_manifest_cannot_be_read(ground):
    await ground.snapshot()
    ground.clock.advance(DAILY_MS + DAY_MS)
    await ground.write(1)
    await ground.snapshot()
    before = await ground.stores[0].listing("")
    newest = await manifest_of(ground)
    (ground.folder / "first" / newest.place).write_bytes(b"{}")
    with pytest.raises(Invalid):
        await snapshots.destroy_old(ground.stores[0], ground.clock.now_ms())
    assert set(await ground.stores[0].listing("")) == set(before)


@given(st.lists(st.integers(0, 100 * 24), min_size=1, max_size=200))
def test_of_snapshots_two_days_stay_whole_and_each_day_of_a_month_has_one(hours):
    now_ms = 200 * DAY_MS
    times = sorted(now_ms - hour * HOUR_MS for hour in hours)
    stays = [at for at, stay in zip(times, manifests.kept(times, now_ms), strict=True) if stay]
    assert max(times) in stays
    recent = [at for at in times if now_ms - at < HOURLY_MS]
    assert [at for at in stays if now_ms - at < HOURLY_MS] == recent
    month = [at for at in times if now_ms - at < DAILY_MS]
    assert {at // DAY_MS for at in stays} >= {at // DAY_MS for at in month}
    assert all(now_ms - at < DAILY_MS or at == max(times) for at in stays)
    older = {at for at in stays if now_ms - at >= HOURLY_MS}
    assert len({at // DAY_MS for at in older}) == len(older)


# keys


async def test_each_recipient_can_prove_its_key_and_nobody_else(ground):
    await ground.snapshot()
    manifest = await manifest_of(ground)
    proven = restore_drills.proven_by(manifest, [Identity.generate(), ground.identity])
    assert proven == [str(ground.recipient)]
    with pytest.raises(Invalid) as refused:
        restore_drills.proven_by(manifest, [Identity.generate()])
    assert refused.value.code == "identity_wrong"
    (never,) = await restore_drills.key_status(ground.world, proven)
    assert never.proven_at_ms is None
    await restore_drills.note_proven(ground.world, proven)
    (known,) = await restore_drills.key_status(ground.world, proven)
    assert known.proven_at_ms == ground.clock.now_ms()


async def test_a_key_named_later_opens_the_next_snapshot_whole(ground, monkeypatch):
    monkeypatch.setattr(snapshots, "PART_BYTES", 64 * 1024)
    monkeypatch.setattr(fetching, "PART_BYTES", 64 * 1024)
    await ground.ship()
    await ground.snapshot()
    old, newer = ground.identity, Identity.generate()
    ground.recipient = newer.to_public()
    (first, _) = await ground.snapshot()
    assert first.sent_parts > 10
    done = await ground.restore(identities=(newer,))
    assert done.damaged == ()
    with pytest.raises(Invalid) as refused:
        await ground.restore("by-the-old-one", identities=(old,))
    assert refused.value.code == "identity_wrong"


async def test_a_key_that_is_taken_out_still_opens_what_was_shipped_before(ground, monkeypatch):
    monkeypatch.setattr(snapshots, "PART_BYTES", 64 * 1024)
    monkeypatch.setattr(fetching, "PART_BYTES", 64 * 1024)
    await ground.ship()
    await ground.snapshot()
    before, old = await manifest_of(ground), ground.identity
    await ground.write(1)
    ground.recipient = Identity.generate().to_public()
    await ground.snapshot()
    assert not {part.path for part in before.parts} & {
        part.path for part in (await manifest_of(ground)).parts
    }
    done = await ground.restore(identities=(old,))
    assert (done.snapshot, done.lost) == (before.place, None)


def test_a_key_file_may_have_comments_and_a_broken_one_tells_nothing(tmp_path):
    key = Identity.generate()
    file = tmp_path / "offline.key"
    file.write_text(f"# created today\n\n{key}\n")
    (read,) = read_identities(file)
    assert str(read.to_public()) == str(key.to_public())
    with pytest.raises(Invalid) as refused:
        parse_identities(str(key)[:-3].encode(), "offline.key")
    assert refused.value.code == "identity_malformed"
    assert str(key)[:40] not in refused.value.told
    with pytest.raises(NotFound):
        read_identities(tmp_path / "none")


@pytest.mark.parametrize(
    "name",
    ["../x.toml", "/etc/x.toml", "keys/../x", "keys/.x", "keys/a/b", "x", ".toml", "a/b.toml", ""],
)
def test_a_bundle_writes_nowhere_but_where_it_belongs(name):
    with pytest.raises(Invalid):
        fetching.check_name(name)
    for good in ("venire.toml", "record.pub", "keys/record.key"):
        fetching.check_name(good)


def test_what_claims_to_be_larger_than_it_may_is_not_unpacked():
    packed = captured.pack(b"x" * 1000)
    assert captured.unpack(packed, 1000) == b"x" * 1000
    with pytest.raises(Unavailable):
        captured.unpack(packed, 999)
    with pytest.raises(Unavailable):
        captured.unpack(SystemChance().token(40), 1000)


# the drill


async def drill(ground, store: int = 0, identity=None):
    return await restore_drills.drill(
        ground.world,
        ground.data,
        ground.stores[store],
        [identity or ground.identity],
        record_check(str(SIGNER.verifier)),
    )


async def told(ground) -> list[str]:
    envelopes = await ground.storage.tail(0, 10_000)
    return [type(one.event).__name__ for one in envelopes]


@pytest.fixture
async def shipped(ground):
    """A site whose shipper has kept up, as its cursors tell."""
    await ground.record(2)
    await ground.snapshot()
    await ground.write(7)
    await ground.ship()
    for store in ground.stores:
        await ground.storage.advance(f"ship:{store.name}", ground.shipped)
    return ground


async def test_the_drill_restores_compares_and_leaves_nothing(shipped):
    row = await drill(shipped)
    assert row.passed, row.code
    assert (row.through, row.reached, row.record_size) == (shipped.shipped, shipped.shipped, 2)
    assert row.rows > 20
    assert not list(shipped.data.glob(f"{restore_drills.LEFT}*"))
    assert "RestoreDrillFailed" not in await told(shipped)
    assert await restore_drills.newest(shipped.world, ["first", "second"]) == [row]
    assert "generations/00000002.json" not in await shipped.stores[0].listing("generations/")


async def test_a_drill_by_a_clock_that_was_ahead_does_not_hide_the_next_ones(shipped):
    shipped.clock.advance(40 * DAY_MS)
    assert (await drill(shipped)).passed
    shipped.clock.advance(-40 * DAY_MS)
    assert await restore_drills.newest(shipped.world, ["first"]) == []
    row = await drill(shipped)
    assert await restore_drills.newest(shipped.world, ["first"]) == [row]


async def test_a_lost_or_wrong_key_is_said_by_the_drill_not_by_the_disaster(shipped):
    row = await drill(shipped, identity=Identity.generate())
    assert (row.passed, row.code) == (False, "identity_wrong")
    assert (await told(shipped))[-1] == "RestoreDrillFailed"


async def test_a_store_that_lost_something_fails_its_drill_and_the_other_one_passes(shipped):
    last = max(await shipped.stores[0].listing("journal/"))
    (shipped.folder / "first" / last).unlink()
    row = await drill(shipped)
    assert (row.passed, row.code) == (False, "place_differs")
    # The drill's own result is a commit: it has to come to the other store first.
    await shipped.ship()
    await shipped.storage.advance("ship:second", shipped.shipped)
    row = await drill(shipped, 1)
    assert row.passed, row.code


async def test_a_restored_site_that_lacks_a_row_is_seen(shipped, monkeypatch):
    real = captured._facts

    def lacking(connection, now_ms):
        found = real(connection, now_ms)
        if connection.filename.endswith("data/venire.db"):
            return msgspec.structs.replace(found, counts={**found.counts, "markers": 99})
        return found

    monkeypatch.setattr(captured, "_facts", lacking)
    row = await drill(shipped)
    assert (row.code, msgspec.json.decode(row.differing)) == ("rows_differ", ["markers"])


async def test_a_store_that_the_journal_does_not_reach_fails_its_drill(shipped, monkeypatch):
    monkeypatch.setattr(restore_drills, "_WAIT_S", 0.3)
    await shipped.write(1)
    assert (await drill(shipped)).code == "store_behind"
