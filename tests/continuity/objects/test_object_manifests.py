"""The daily comparison: what a store lost, has otherwise or hides is known, and mended."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from tests.continuity.object_kit import place_at
from venire.continuity.objects import object_book
from venire.continuity.objects.object_manifests import LEAST, compare, leaf, newest
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.record import tree

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(world, tmp_path):
    made = place_at(world, tmp_path / "kept")
    made.keys = [await made.media.put(f"object {n}".encode() * 50) for n in range(12)]
    await made.settle()
    return made


async def compared(place, tmp_path, **more):
    return await compare(place.world, place.media, tmp_path / "manifests", **more)


async def test_what_is_there_adds_up_and_the_list_says_so(place, tmp_path):
    made = await compared(place, tmp_path)
    lines = (tmp_path / "manifests" / "media.txt").read_bytes().splitlines(keepends=True)
    assert [line.split()[0].decode() for line in lines] == sorted(place.keys)
    assert made.root == tree.root_of(tree.leaf_hash(line) for line in lines).hex()
    assert (made.objects, made.here_lost) == (12, 0)
    assert {name: (one.held, one.lost, one.strange) for name, one in made.stores.items()} == {
        "a": (12, 0, 0),
        "b": (12, 0, 0),
    }
    assert made.stores["a"].read == 12 < LEAST
    again = await newest(place.world, "media")
    assert (again.root, again.stores) == (made.root, made.stores)
    row = await object_book.load(place.world, "media", place.keys[0])
    assert leaf(row) in lines


async def test_a_store_that_lost_everything_is_known_and_filled_again(place, tmp_path):
    before = await place.b.everything()
    place.a.lose_everything()
    made = await compared(place, tmp_path)
    assert made.stores["a"].lost == 12
    await place.settle()
    assert await place.a.everything() == before
    assert (await compared(place, tmp_path)).stores["a"].held == 12


async def test_a_store_that_said_it_wrote_and_did_not_is_found_out(place, tmp_path):
    place.b.mood = "lies"
    key = await place.media.put(b"kept, they say")
    await place.settle()
    row = await object_book.load(place.world, "media", key)
    assert row.stores == "a,b"
    place.b.mood = "well"
    assert (await compared(place, tmp_path)).stores["b"].lost == 1
    await place.settle()
    assert await place.b.size(row.sealed_key) == row.sealed_size


async def test_other_bytes_are_found_by_reading_back_and_replaced(place, tmp_path):
    row = await object_book.load(place.world, "media", place.keys[3])
    place.b.spoilt.add(row.sealed_key)
    assert (await compared(place, tmp_path)).stores["b"].spoilt == 1
    await place.settle()
    assert await place.b.look(row.sealed_key) == "held"


async def test_a_folder_that_lost_what_it_had_gets_it_back(place, tmp_path):
    shutil.rmtree(place.folder)
    assert (await compared(place, tmp_path)).here_lost == 12
    assert len(list(place.files())) == 12
    spoilt = next(place.files())
    spoilt.write_bytes(bytes(spoilt.stat().st_size))
    await compared(place, tmp_path)
    assert hashlib.sha256(spoilt.read_bytes()).hexdigest() == spoilt.name


async def test_what_was_there_before_the_stores_is_copied_too(place, tmp_path):
    key = await place.media.local.put(b"from before")
    await compared(place, tmp_path)
    await place.settle()
    row = await object_book.load(place.world, "media", key)
    assert (row.state, row.stores) == ("kept", "a,b")


async def test_what_was_erased_and_is_still_there_is_erased_again(place, tmp_path):
    row = await object_book.load(place.world, "media", place.keys[0])
    content = await place.a.get(row.sealed_key)
    await place.media.delete(place.keys[0])
    await place.settle()
    await place.a.put(content)
    await place.media.local.put(b"object 0" * 50)
    made = await compared(place, tmp_path)
    await place.settle()
    assert made.objects == 11
    assert await place.a.size(row.sealed_key) is None
    assert len(list(place.files())) == 11


async def test_what_nobody_knows_is_counted_and_left_alone(place, tmp_path):
    strange = await place.a.put(b"somebody's")
    assert (await compared(place, tmp_path)).stores["a"].strange == 1
    assert await place.a.get(strange) == b"somebody's"


async def test_a_store_that_cannot_be_asked_is_said_to_be_so(place, tmp_path):
    place.a.mood = "away"
    made = await compared(place, tmp_path)
    assert not made.stores["a"].reachable
    assert made.stores["b"].held == 12
    row = await object_book.load(place.world, "media", place.keys[0])
    assert row.stores == "a,b"


async def test_a_store_that_is_named_later_gets_everything(place, tmp_path):
    place.media.vendors.services.pop("b")
    key = await place.media.put(b"while there was one")
    await place.settle()
    again = place.restarted()
    await compared(again, tmp_path)
    await again.settle()
    row = await object_book.load(place.world, "media", key)
    assert row.stores == "a,b"


async def test_a_tombstone_is_forgotten_after_a_season(place, tmp_path, clock):
    await place.media.delete(place.keys[0])
    await place.settle()
    await compared(place, tmp_path)
    assert (await object_book.load(place.world, "media", place.keys[0])).state == "gone"
    clock.advance(91 * DAY_MS + HOUR_MS)
    await compared(place, tmp_path)
    assert await object_book.load(place.world, "media", place.keys[0]) is None


async def test_a_clock_that_was_ahead_puts_off_neither_copies_nor_comparisons(
    place, tmp_path, clock
):
    clock.advance(400 * DAY_MS)
    key = await place.media.put(b"of an hour to come")
    await place.media.delete(place.keys[0])
    await compared(place, tmp_path)
    clock.advance(-400 * DAY_MS)
    assert await newest(place.world, "media") is None
    await place.mirroring.work()
    assert (await object_book.load(place.world, "media", key)).stores == ""
    made = await compared(place, tmp_path)
    assert (await newest(place.world, "media")).root == made.root
    await place.settle()
    assert (await object_book.load(place.world, "media", key)).stores == "a,b"
    assert (await object_book.load(place.world, "media", place.keys[0])).stores == ""
