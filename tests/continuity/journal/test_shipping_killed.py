"""`kill -9` of the whole site, again and again: what a store has is whole, and nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
import time

import msgspec
import pytest

from tests.continuity import shipping_child as child
from tests.continuity.shipping_kit import KEY, caught_up, journal_in
from venire.adapters.objects.named import Place, open_store
from venire.events import Event
from venire.kernel.chance import SeededChance

pytestmark = pytest.mark.anyio

ROUNDS = 10
_EVENTS = msgspec.msgpack.Decoder(list[tuple[int, Event]])


def killed_after(process, pause_s):
    """What it acknowledged before it was killed, `pause_s` after its first word."""
    first = process.stdout.readline()
    time.sleep(pause_s)
    process.kill()
    rest, _ = process.communicate()
    return [int(word) for word in (first + rest).split()]


async def numbers_in(objects):
    entries = await journal_in(objects)
    return {
        event.case_id for one in entries if one.events for _, event in _EVENTS.decode(one.events)
    }


async def test_whatever_is_killed_when_no_store_is_torn_and_what_was_promised_is_there(tmp_path):
    chance = SeededChance("moments to be killed at")
    stores = [open_store(Place(url=f"file://{tmp_path / one}")) for one in ("first", "second")]
    key = str(KEY.to_public())
    promised: set[int] = set()
    for attempt in range(ROUNDS):
        pause_s = int.from_bytes(chance.token(2), "big") / 65_536 * 0.25
        first = max(promised, default=-1) + 1
        process = child.start(tmp_path, key, first, "strict")
        promised |= set(killed_after(process, pause_s))
        for objects in stores if attempt % 3 == 0 else []:
            # Either store alone: the other may be lost with the host.
            assert promised <= await numbers_in(objects)
    assert len(promised) > 30, "it did next to nothing"

    world = child.open_world(tmp_path)
    shipping = asyncio.create_task(child.open_shipper(world, tmp_path, key).run())
    for objects in stores:
        await caught_up(world, objects)
        shipped = await journal_in(objects)
        assert shipped == (await world.storage.journal(0, 1_000_000))[: len(shipped)]
    shipping.cancel()
    await asyncio.gather(shipping, return_exceptions=True)
    await world.storage.close()


async def test_the_check_notices_a_segment_that_is_gone(tmp_path):
    killed_after(child.start(tmp_path, str(KEY.to_public()), 0, "strict"), 0.3)
    objects = open_store(Place(url=f"file://{tmp_path / 'first'}"))
    assert await journal_in(objects)

    segments = sorted((tmp_path / "first" / "journal" / "00000001").glob("*.seg"))
    shutil.move(segments[1], tmp_path / "gone")

    with pytest.raises(Exception, match="chain_broken"):
        await journal_in(objects)
