"""Objects in several stores: written once here, copied, read from whoever has them, erased all."""

from __future__ import annotations

import asyncio
import hashlib
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.continuity.object_kit import SECRET, place_at
from venire.adapters.objects import sealing
from venire.adapters.objects.sealing import PART_BYTES, Seal, sealed_size, span
from venire.continuity.objects import object_book
from venire.continuity.objects.hedging import first_of
from venire.continuity.objects.object_mirroring import UNSEEN_MS
from venire.continuity.vendors import vendor_states
from venire.continuity.vendors.breaker import reset
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.kernel.errors import Invalid, Refused, Unavailable
from venire.kernel.vendors import VendorUnavailable

pytestmark = pytest.mark.anyio


class KilledError(BaseException):
    """As far as anything after it is concerned, `kill -9`."""


LARGE = bytes(range(256)) * 1_000


@pytest.fixture
def place(world, tmp_path):
    return place_at(world, tmp_path / "kept")


async def state_of(place, key, kind="media"):
    row = await object_book.load(place.world, kind, key)
    return None if row is None else (row.state, row.stores, row.due_at_ms is not None)


async def test_what_is_written_here_is_soon_in_every_store_sealed(place):
    key = await place.media.put(LARGE)
    assert place.a.asked == place.b.asked == []
    assert await place.media.get(key) == LARGE
    await place.settle()
    assert await state_of(place, key) == ("kept", "a,b", False)
    for store in (place.a, place.b):
        ((outside, content),) = (await store.everything()).items()
        assert outside != key
        assert hashlib.sha256(content).hexdigest() == outside
        assert LARGE[:1_000] not in content


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 300_000])
async def test_a_folder_that_is_lost_is_read_from_outside_and_filled_again(place, tmp_path, size):
    content = bytes(range(251)) * (size // 251) + b"x" * (size % 251)
    (tmp_path / "file").write_bytes(content)
    with (tmp_path / "file").open("rb") as file:
        key = await place.media.put_file(file)
    await place.settle()
    shutil.rmtree(place.folder)
    assert await place.media.size(key) == size
    for start, length in ((0, 10), (size // 2, 70_000), (max(0, size - 3), 99), (size, 5)):
        assert await place.media.read(key, start, length) == content[start : start + length]
    assert await place.media.get(key) == content
    for _ in range(100):
        if list(place.files()):
            break
        await asyncio.sleep(0.01)
    place.a.mood = place.b.mood = "away"
    assert await place.media.get(key) == content


async def test_a_store_that_is_away_is_gone_round_and_gets_everything_when_it_is_back(place, clock):
    place.a.mood = "away"
    keys = [await place.media.put(f"{n}".encode()) for n in range(5)]
    await place.settle()
    for key in keys:
        assert await state_of(place, key) == ("kept", "b", True)
    shutil.rmtree(place.folder)
    assert await place.media.get(keys[0]) == b"0"
    place.a.mood = "well"
    clock.advance(20 * MINUTE_MS)
    await place.settle()
    for key in keys:
        assert await state_of(place, key) == ("kept", "a,b", False)
    assert await place.a.everything() == await place.b.everything()


@pytest.mark.parametrize("mood", ["hangs", "away", "closed"])
async def test_a_read_goes_on_to_the_next_store_when_one_does_not_answer(place, mood):
    key = await place.media.put(LARGE)
    await place.settle()
    shutil.rmtree(place.folder)
    place.a.mood = mood
    begun = asyncio.get_running_loop().time()
    assert await place.media.read(key, 1_000, 5) == LARGE[1_000:1_005]
    assert asyncio.get_running_loop().time() - begun < 1


async def test_a_store_that_hands_out_other_bytes_is_not_believed_and_is_mended(place):
    key = await place.media.put(LARGE)
    await place.settle()
    row = await object_book.load(place.world, "media", key)
    shutil.rmtree(place.folder)
    place.a.spoilt.add(row.sealed_key)
    assert await place.media.get(key) == LARGE
    for _ in range(100):
        if (await state_of(place, key))[1] == "b":
            break
        await asyncio.sleep(0.01)
    await place.settle()
    assert await state_of(place, key) == ("kept", "a,b", False)
    assert await place.a.look(row.sealed_key) == "held"


async def test_a_spoilt_file_here_is_mended_before_it_is_copied(place, clock):
    place.b.mood = "away"
    await place.media.put(LARGE)
    await place.settle()
    (path,) = place.files()
    path.write_bytes(bytes(len(LARGE)))
    place.b.mood = "well"
    clock.advance(HOUR_MS)
    await place.settle()
    assert path.read_bytes() == LARGE
    assert await place.a.everything() == await place.b.everything()


async def test_a_row_that_moves_while_an_object_is_sealed_costs_nothing(place):
    key = await place.media.put(LARGE)
    usual = object_book.settle

    async def overtaken(world, old, due_at_ms, **changes):
        if "sealed_key" in changes and old.tries == 0:
            await usual(world, old, due_at_ms, tries=1)
        return await usual(world, old, due_at_ms, **changes)

    object_book.settle = overtaken
    try:
        await place.mirroring.work()
    finally:
        object_book.settle = usual
    assert len(list(place.files())) == 1
    await place.settle()
    assert await state_of(place, key) == ("kept", "a,b", False)


async def test_the_last_copy_is_not_deleted_for_one_bad_answer(place):
    place.b.mood = "away"
    key = await place.media.put(LARGE)
    await place.settle()
    row = await object_book.load(place.world, "media", key)
    shutil.rmtree(place.folder)
    place.a.spoilt.add(row.sealed_key)
    with pytest.raises(Unavailable, match="objects_failing"):
        await place.media.get(key)
    await place.media.mistrust("a", key)
    assert len(await place.a.everything()) == 1
    place.a.spoilt.clear()
    await place.media.mistrust("a", key)
    assert await place.media.get(key) == LARGE
    assert (await state_of(place, key))[1] == "a"


async def test_a_store_that_refuses_our_account_is_shut_until_a_person_has_looked(place, clock):
    place.a.mood = "closed"
    key = await place.media.put(b"x")
    await place.settle()
    assert (await vendor_states.load(place.world, "objects"))["a"].state == "shut"
    place.a.mood = "well"
    clock.advance(HOUR_MS)
    await place.settle()
    assert await state_of(place, key) == ("kept", "b", True)
    await vendor_states.change(
        place.world, "objects", "a", lambda health: reset(health, clock.now_ms())
    )
    again = place.restarted()
    clock.advance(HOUR_MS)
    await again.settle()
    assert await state_of(again, key) == ("kept", "a,b", False)


async def test_what_is_erased_goes_everywhere_also_where_nobody_answered(place, clock):
    key = await place.media.put(LARGE)
    await place.settle()
    place.b.mood = "away"
    await place.media.delete(key)
    assert list(place.files()) == []
    assert await place.media.get(key) is None
    assert await place.media.size(key) is None
    assert await place.media.read(key, 0, 5) == b""
    await place.settle()
    assert await place.a.everything() == {}
    place.b.mood = "well"
    assert len(await place.b.everything()) == 1
    again = place.restarted()
    clock.advance(20 * MINUTE_MS)
    await again.settle()
    assert await place.b.everything() == {}
    assert await state_of(again, key) == ("gone", "", False)


async def test_what_comes_back_after_it_was_erased_is_kept_and_copied(place, clock):
    key = await place.media.put(LARGE)
    await place.settle()
    place.b.mood = "away"
    await place.media.delete(key)
    await place.settle()
    assert await place.media.put(LARGE) == key
    place.b.mood = "well"
    clock.advance(20 * MINUTE_MS)
    await place.settle()
    assert await state_of(place, key) == ("kept", "a,b", False)
    shutil.rmtree(place.folder)
    place.a.mood = "away"
    assert await place.media.get(key) == LARGE


async def test_evidence_is_never_deleted_and_is_not_media(place):
    key = await place.evidence.put(b"a screenshot")
    same = await place.media.put(b"a screenshot")
    assert key == same
    await place.settle()
    assert len(await place.a.everything()) == 2
    with pytest.raises(Refused, match="evidence_is_kept"):
        await place.evidence.delete(key)
    await place.media.delete(key)
    await place.settle()
    assert len(await place.a.everything()) == 1
    shutil.rmtree(place.folder.parent)
    assert await place.evidence.get(key) == b"a screenshot"


async def test_killed_after_it_was_announced_an_upload_leaves_nothing_for_ever(place, clock):
    await object_book.announce(place.world, "media", "ab" * 32, 5)
    await place.settle()
    assert await state_of(place, "ab" * 32) == ("coming", "", True)
    clock.advance(UNSEEN_MS + MINUTE_MS)
    await place.settle()
    assert await state_of(place, "ab" * 32) is None
    assert await object_book.waiting(place.world, 10) == (0, None)


async def test_killed_between_a_copy_and_its_row_the_copy_is_found_or_erased(place):
    key = await place.media.put(LARGE)
    calls = 0
    usual = object_book.settle

    async def dying(world, old, due_at_ms, **changes):
        nonlocal calls
        calls += "stores" in changes
        if "stores" in changes:
            raise KilledError
        return await usual(world, old, due_at_ms, **changes)

    object_book.settle = dying
    try:
        with pytest.raises(BaseExceptionGroup):
            await place.mirroring.work()
    finally:
        object_book.settle = usual
    assert calls == 1
    assert len(await place.a.everything()) == 1
    again = place.restarted()
    await again.media.delete(key)
    await again.settle()
    assert await place.a.everything() == {} == await place.b.everything()


async def test_a_full_disk_here_loses_nothing_and_without_a_store_it_says_so(place):
    place.folder.rmdir()
    place.folder.write_bytes(b"no folder")
    key = await place.media.put(LARGE)
    assert await place.media.get(key) == LARGE
    assert len(await place.a.everything()) == 1
    assert await place.b.everything() == {}
    place.a.mood = place.b.mood = "full"
    with pytest.raises(Unavailable, match="objects_failing"):
        await place.media.put(b"another")
    place.folder.unlink()
    place.folder.mkdir()
    place.a.mood = place.b.mood = "well"
    assert await place.media.get(key) == LARGE
    assert await place.media.get(hashlib.sha256(b"another").hexdigest()) is None


async def test_a_store_that_is_full_keeps_nothing_waiting(place, clock):
    place.a.mood = "full"
    key = await place.media.put(LARGE)
    await place.settle()
    assert await state_of(place, key) == ("kept", "b", True)
    count, since_ms = await object_book.waiting(place.world, 10)
    assert (count, since_ms) == (1, clock.now_ms())


async def test_what_is_lost_everywhere_is_said_to_be_and_found_when_it_comes_back(place, clock):
    key = await place.media.put(LARGE)
    await place.settle()
    shutil.rmtree(place.folder)
    place.a.lose_everything()
    place.b.lose_everything()
    await place.media.mistrust("a", key)
    for _ in range(4):
        await place.settle()
        clock.advance(20 * MINUTE_MS)
    assert (await state_of(place, key))[0] == "missing"
    assert await place.media.put(LARGE) == key
    clock.advance(HOUR_MS)
    await place.settle()
    assert (await state_of(place, key))[0] == "kept"


async def test_the_first_place_that_has_it_answers_and_the_others_are_left():
    left = []

    async def slow():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            left.append("slow")
            raise

    async def absent():
        return None

    async def failing():
        raise VendorUnavailable("failing")

    async def having():
        return b"here"

    assert await first_of([slow, absent, failing, having], 0.01) == b"here"
    assert left == ["slow"]
    assert await first_of([absent, absent], 0.01) is None
    with pytest.raises(VendorUnavailable):
        await first_of([absent, failing], 0.01)


@given(size=st.integers(0, 4 * PART_BYTES), data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_part_of_a_sealed_object_opens_to_what_was_sealed(size, data):
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    key = hashlib.sha256(content).hexdigest()
    seal = Seal(SECRET, "media")
    sealed = sealing.HEAD + seal.sealed(key, 0, content, ends=True)
    assert len(sealed) == sealed_size(size)
    start = data.draw(st.integers(0, max(0, size - 1)))
    length = data.draw(st.integers(1, size - start + 1))
    place = span(start, min(length, max(1, size - start)), size)
    part = sealed[place.start : place.start + place.length]
    opened = seal.opened(key, place.first, part, size)
    assert opened[place.skip : place.skip + length][:size] == content[start : start + length]


@given(size=st.integers(1, 3 * PART_BYTES), data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_change_to_a_sealed_object_opens(size, data):
    content = bytes(size)
    key = hashlib.sha256(content).hexdigest()
    seal = Seal(SECRET, "media")
    sealed = seal.sealed(key, 0, content, ends=True)
    changed = bytearray(sealed)
    changed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Invalid, match="object_spoilt"):
        seal.opened(key, 0, bytes(changed), size)
    for other in (Seal(SECRET, "evidence"), Seal(b"t" * 32, "media")):
        with pytest.raises(Invalid, match="object_spoilt"):
            other.opened(key, 0, sealed, size)
    with pytest.raises(Invalid, match="object_spoilt"):
        seal.opened("0" * 64, 0, sealed, size)
    if size > PART_BYTES:
        with pytest.raises(Invalid, match="object_spoilt"):
            # Cut off at the end of a part: what comes last is marked.
            seal.opened(key, 0, sealed[: PART_BYTES + 16], PART_BYTES)
