"""Short segments become long ones and old ones go, and what is left proves as much as before."""

from __future__ import annotations

import msgspec
import pytest

from tests.continuity.shipping_kit import (
    Moody,
    caught_up,
    journal_in,
    segments_in,
    shipping,
    store,
)
from venire.continuity.journal import tidying
from venire.continuity.journal.lineage import Stretch
from venire.continuity.journal.tidying import groups, newest_snapshot, outermost, tidy
from venire.events import CaseChanged
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Unavailable
from venire.kernel.ports import NamedObject

pytestmark = pytest.mark.anyio


class Dated(Moody):
    """Says of each object that it was written at a moment of the test's own."""

    def __init__(self, clock) -> None:
        super().__init__()
        self.clock = clock
        self.written: dict[str, int] = {}

    async def put(self, name, content, *, create=False):
        await super().put(name, content, create=create)
        self.written[name] = self.clock.now_ms()

    async def listing(self, prefix, after=""):
        found = await super().listing(prefix, after)
        return [msgspec.structs.replace(one, at_ms=self.written[one.name]) for one in found]


async def shipped_apart(world, objects, count=20):
    for _ in range(count):
        await world.storage.commit("case:1", [], [CaseChanged(1)])
        await caught_up(world, objects)


async def test_an_hour_is_one_segment_and_the_chain_goes_on_through_it(world, clock):
    objects = Dated(clock)
    async with shipping(world, store(objects)) as (at_work, task):
        await shipped_apart(world, objects)
        short = await segments_in(objects)
        before = await journal_in(objects)
        clock.advance(HOUR_MS)

        done = await tidy(world, at_work.lines[0], at_work.lines[0]._slices)

        assert (done.written, done.replaced) == (1, len(short))
        assert len(await segments_in(objects)) == 1
        assert await journal_in(objects) == before
        await shipped_apart(world, objects, 5)
        assert (await journal_in(objects))[: len(before)] == before
        assert not task.done(), "its own compacted segment is not another host's"
    async with shipping(world, store(objects)) as (_, task):
        await shipped_apart(world, objects, 2)
        assert not task.done()


async def test_killed_before_the_short_ones_went_they_go_the_next_time(world, clock, monkeypatch):
    objects = Dated(clock)
    async with shipping(world, store(objects)) as (at_work, _):
        line = at_work.lines[0]
        await shipped_apart(world, objects)
        before = await journal_in(objects)
        clock.advance(HOUR_MS)

        async def killed(_names):
            raise Unavailable("killed")

        monkeypatch.setattr(objects, "delete", killed)
        with pytest.raises(Unavailable):
            await tidy(world, line, line._slices)
        assert len(await segments_in(objects)) > 20
        assert await journal_in(objects) == before
        monkeypatch.undo()

        await tidy(world, line, line._slices)

        assert len(await segments_in(objects)) == 1
        assert await journal_in(objects) == before


async def test_a_store_whose_segments_are_not_the_journals_is_told_of(world, clock):
    objects = Dated(clock)
    async with shipping(world, store(objects)) as (at_work, _):
        line = at_work.lines[0]
        await shipped_apart(world, objects)
        clock.advance(HOUR_MS)
        everything = await segments_in(objects)
        world.storage._writer._connection.execute(
            "UPDATE outbox SET aggregate = 'case:9' WHERE sequence = ?", (everything[3][0],)
        )

        with pytest.raises(Unavailable) as refused:
            await tidy(world, line, line._slices)

        assert refused.value.code == "store_differs"
        assert await segments_in(objects) == everything


async def test_what_the_host_has_pruned_stays_as_it_is(world, clock):
    objects = Dated(clock)
    async with shipping(world, store(objects)) as (at_work, _):
        line = at_work.lines[0]
        await shipped_apart(world, objects)
        newest = (await world.storage.journal(0, 1000))[-1].sequence
        await world.storage.rebuild("feeds", newest, [])
        clock.advance(HOUR_MS)
        assert await world.storage.prune(clock.now_ms())
        everything = await segments_in(objects)

        done = await tidy(world, line, line._slices)

        assert done.written == 0
        assert await segments_in(objects) == everything


async def test_after_thirty_days_segments_are_destroyed_if_a_snapshot_makes_up_for_them(
    world, clock
):
    objects = Dated(clock)
    async with shipping(world, store(objects)) as (at_work, _):
        line = at_work.lines[0]
        await shipped_apart(world, objects)
        old = await segments_in(objects)
        clock.advance(31 * DAY_MS)
        await shipped_apart(world, objects, 2)

        assert await tidying.destroy_old(world, line) == 0, "nothing could be restored any more"
        place = f"snapshots/00000001/{old[10][1]:020d}"
        await objects.put(f"{place}/parts", b"x")
        assert await tidying.destroy_old(world, line) == 0, "a snapshot without its manifest"
        await objects.put(f"{place}/manifest.json", b"{}")
        assert await tidying.destroy_old(world, line) == 11

        assert await segments_in(objects) == [
            one for one in await segments_in(objects) if one[1] > old[10][1]
        ]


async def test_a_clock_that_is_ahead_destroys_nothing(world, clock):
    objects = Dated(clock)
    async with shipping(world, store(objects)) as (at_work, _):
        await shipped_apart(world, objects)
        await objects.put("snapshots/00000001/99999999999999999999/manifest.json", b"{}")
        clock.advance(400 * DAY_MS)
        assert await tidying.destroy_old(world, at_work.lines[0]) == 0


def test_a_longer_segment_covers_the_short_ones_in_it():
    short = [Stretch(1, n, n + 1) for n in range(1, 9, 2)]
    whole = Stretch(1, 1, 6)

    assert outermost([*short, whole]) == [whole, short[-1]]
    assert outermost(short) == short


def test_only_what_has_settled_and_is_behind_the_cursor_is_compacted():
    def named(stretch, size=100, at_ms=0):
        return NamedObject(stretch.path, size, at_ms)

    stretches = [Stretch(1, n, n) for n in range(1, 31)]
    everything = [named(one, at_ms=one.first) for one in stretches]

    def ranges(*arguments):
        return [(run[0][0].first, run[-1][0].last) for run in groups(*arguments)]

    assert ranges(everything, 100, 100) == [(1, 30)]
    assert ranges(everything, 21, 100) == [(1, 20)]
    assert ranges(everything, 100, 12) == [(1, 12)]
    assert ranges(everything, 100, 5) == []
    big = [*everything[:15], named(stretches[15], 50_000_000), *everything[16:]]
    assert ranges(big, 100, 100) == [(1, 15), (17, 30)]
    many = [named(one) for one in (Stretch(1, n, n) for n in range(1, 2501))]
    assert [len(run) for run in groups(many, 100, 9999)] == [1000, 1000, 500]


def test_a_snapshot_counts_when_its_manifest_is_there():
    names = [
        "snapshots/00000001/00000000000000000009/manifest.json",
        "snapshots/00000002/00000000000000000003/manifest.json",
        "snapshots/00000003/00000000000000000099/parts",
    ]
    assert newest_snapshot(names) == (2, 3)
    assert newest_snapshot([]) == (0, 0)
