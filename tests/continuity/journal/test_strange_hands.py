"""Somebody writes to a store who has its password, and not the site's key: nobody is stopped."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
import pytest

from tests.continuity.shipping_kit import (
    KEY,
    PUBLIC,
    SEED,
    Moody,
    caught_up,
    journal_in,
    segments_in,
    shipping,
    signed,
    store,
    until,
)
from venire.continuity.journal import generations, turns
from venire.continuity.journal.lineage import After, Generation, generation_path
from venire.continuity.journal.segments import read_header
from venire.continuity.journal.slices import Slices
from venire.continuity.journal.tidying import tidy
from venire.continuity.recovery.claiming import claim, hand_of
from venire.events import CaseChanged
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict

pytestmark = pytest.mark.anyio
WHO = {"site": "venire.test", "origin": "venire.test/record", "program": "0", "now_ms": 0}


async def commit(world, count=1):
    for _ in range(count):
        await world.storage.commit("case:1", [], [CaseChanged(1)])


def turn(number, sign=None):
    told = Generation(
        generation=number,
        started_at_ms=0,
        site="venire.test",
        origin="venire.test/record",
        after=After(1, 1, "00" * 32),
        schema=1,
        program="0",
    )
    return turns.told(told, sign)


async def made_up(world, after, chain, last=None):
    """A segment that goes on from a place, as who knows the public keys can make it."""
    unsigned = Slices(world.storage, [KEY.to_public()])
    one = await unsigned.after(after, 1, chain)
    end = one.header.last if last is None else last
    return f"journal/00000001/{one.header.first:020d}-{end:020d}.seg", one.content


async def goes_on(world, objects, task):
    """It still ships, over several looks for other hosts."""
    for _ in range(8):
        await commit(world, 2)
        await asyncio.sleep(0.05)
    await until(lambda: _all_there(world, objects))
    assert not task.done()


async def _all_there(world, objects):
    """Whether all of the journal can be read in the store, proven, beside what is not ours."""
    here = await world.storage.journal(0, 100_000)
    ours = Moody()
    for _, _, name in await segments_in(objects):
        content = await objects.get(name, 1 << 30)
        if b'"signature":"' in content.replace(b'"signature":""', b""):
            await ours.put(name, content)
    there = await journal_in(ours)
    return bool(there) and there[-1].sequence == here[-1].sequence


@pytest.mark.parametrize("number", [2, 9, 99_999_999])
@pytest.mark.parametrize("forged", ["unsigned", "of another key", "empty", "deep", "misnamed"])
async def test_a_turn_that_no_host_of_the_site_took_stops_nobody(world, number, forged):
    stranger = hand_of(PUBLIC, b"x" * 32)
    said = {
        "unsigned": turn(number),
        "of another key": turn(number, stranger.sign),
        "empty": b"",
        "deep": b"[" * 60_000,
        "misnamed": turn(number + 1, hand_of(PUBLIC, SEED).sign),
    }[forged]
    objects = Moody()
    async with shipping(world, store(objects)) as (_, task):
        await commit(world, 3)
        await caught_up(world, objects)
        await objects.put(generation_path(number), said)
        await goes_on(world, objects, task)
    async with shipping(world, store(objects)) as (_, task):
        await goes_on(world, objects, task)
    await generations.check_ours(world.storage)


async def test_a_segment_that_somebody_made_up_stops_nobody(world):
    objects = Moody()
    async with shipping(world, store(objects)) as (made, task):
        await commit(world, 3)
        await caught_up(world, objects)
        place = made.lines[0].place
        await objects.put(*await made_up(world, 0, b"z" * 32, last=10**12))
        await objects.put(f"journal/00000001/{10**13:020d}-{10**14:020d}.seg", b"x" * 100)
        await goes_on(world, objects, task)
        assert made.lines[0].place.sequence > place.sequence
    async with shipping(world, store(objects)) as (_, task):
        await goes_on(world, objects, task)


async def test_an_old_segment_of_ours_under_another_name_stops_nobody(world):
    objects = Moody()
    async with shipping(world, store(objects)) as (_, task):
        await commit(world, 3)
        await caught_up(world, objects)
        content = await objects.get((await segments_in(objects))[0][2], 1 << 20)
        name = f"journal/00000001/{10**6:020d}-{10**7:020d}.seg"
        await objects.put(name, content)
        for _ in range(8):
            await commit(world, 2)
            await asyncio.sleep(0.05)
        assert not task.done()
    async with shipping(world, store(objects)) as (made, task):
        await commit(world, 2)
        newest = (await world.storage.journal(0, 1_000))[-1].sequence
        line = made.lines[0]
        async with asyncio.timeout(8):
            while line.place is None or line.place.sequence < newest:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
        assert not task.done()


class Squatter(Moody):
    """It keeps what it makes of the first segment in its place, and says that the name is taken."""

    squatted = ""

    async def put(self, name, content, *, create=False):
        if create and name.startswith("journal/") and not self.squatted:
            self.squatted = name
            header = msgspec.structs.replace(read_header(content), signature="", check="")
            check = hashlib.sha256(msgspec.json.encode(header)).hexdigest()
            line = msgspec.json.encode(msgspec.structs.replace(header, check=check))
            await self.inner.put(name, line + content[content.index(b"\n") :])
            raise Conflict("object_exists")
        await super().put(name, content, create=create)


async def test_what_lies_in_a_segments_place_and_is_not_ours_is_written_over(world):
    objects = Squatter()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await until(lambda: _all_there(world, objects))
        content = await objects.get(objects.squatted, 1 << 20)
        assert read_header(content, hand_of(PUBLIC, SEED).check).signature


async def test_a_turn_that_takes_the_place_of_one_that_was_made_up_stops_us(world):
    objects = Moody()
    async with shipping(world, store(objects)) as (_, task):
        await commit(world, 3)
        await caught_up(world, objects)
        await objects.put(generation_path(2), turn(2))
        await goes_on(world, objects, task)
        await objects.put(generation_path(2), turn(2, hand_of(PUBLIC, SEED).sign))
        async with asyncio.timeout(8):
            while not task.done():
                await commit(world)
                await asyncio.sleep(0.01)
        assert task.exception().code == "fenced"


@pytest.mark.parametrize("whole", [True, False])
async def test_short_segments_stay_where_the_long_one_over_them_is_no_good(world, clock, whole):
    objects = Moody()
    async with shipping(world, store(objects)) as (made, task):
        for _ in range(3):
            await commit(world, 2)
            await caught_up(world, objects)
        before = await segments_in(objects)
        last = before[-1][1]
        _, content = await made_up(world, 0, bytes(32))
        name = f"journal/00000001/{1:020d}-{last + (1 if whole else 0):020d}.seg"
        await objects.put(name, content if whole else content[:50])
        clock.advance(HOUR_MS)
        await tidy(world, made.lines[0], signed(world))
        assert set(before) <= set(await segments_in(objects))
        assert not task.done()


async def test_a_restored_site_takes_its_turn_though_others_were_made_up(world):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await caught_up(world, objects)
    await objects.put(generation_path(2), turn(2))
    await objects.put(generation_path(99_999_999), turn(99_999_999))
    after = After(1, 3, "00" * 32)
    claimed = await claim([store(objects)], after, **WHO, hand=hand_of(PUBLIC, SEED))
    assert claimed.generation == 3
    told = await objects.get(generation_path(3), 10_000)
    assert msgspec.json.decode(told)["after"]["generation"] == 1
    fresh = Moody()
    await fresh.put(generation_path(99_999_999), turn(99_999_999))
    claimed = await claim([store(fresh)], after, **WHO, hand=hand_of(PUBLIC, SEED))
    assert (claimed.generation, claimed.refused) == (2, ())
