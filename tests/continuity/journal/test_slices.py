"""The journal cut once for all stores, and a store that was held up among the others again."""

from __future__ import annotations

import pytest

from tests.continuity.shipping_kit import KEY
from venire.continuity.journal import slices as module
from venire.continuity.journal.segments import FIRST_CHAIN, check_follows, open_segment
from venire.continuity.journal.slices import Slices
from venire.events import CaseChanged

pytestmark = pytest.mark.anyio
OTHER_CHAIN = bytes(31) + b"\x01"


@pytest.fixture
def sealed(monkeypatch):
    """How often something was encrypted, and how often the journal was read."""
    counted = {"encrypted": 0}
    real = module.encrypt

    def encrypt(plain, recipients):
        counted["encrypted"] += 1
        return real(plain, recipients)

    monkeypatch.setattr(module, "encrypt", encrypt)
    return counted


async def commit(world, count=1):
    for number in range(count):
        await world.storage.commit(f"case:{number}", [], [CaseChanged(number)])


def slices_of(world):
    return Slices(world.storage, [KEY.to_public()])


async def test_nothing_follows_the_end(world):
    assert await slices_of(world).after(0, 1, FIRST_CHAIN) is None


async def test_stores_at_one_place_get_the_same_bytes_encrypted_once(world, sealed):
    slices = slices_of(world)
    await commit(world, 3)
    first = await slices.after(0, 1, FIRST_CHAIN)
    await commit(world, 3)
    second = await slices.after(0, 1, FIRST_CHAIN)
    assert second is first
    assert sealed["encrypted"] == 1


async def test_of_another_chain_only_the_header_is_another(world, sealed):
    slices = slices_of(world)
    await commit(world, 3)
    first = await slices.after(0, 1, FIRST_CHAIN)
    other = await slices.after(0, 1, OTHER_CHAIN)
    assert sealed["encrypted"] == 1
    assert other.content != first.content
    for one, previous in ((first, FIRST_CHAIN), (other, OTHER_CHAIN)):
        segment = open_segment(one.content, [KEY])
        check_follows(segment.header, previous)
        assert len(segment.entries) == 3


async def test_a_store_that_was_held_up_is_with_the_others_again_after_one_segment(world, sealed):
    slices = slices_of(world)
    place, chain = 0, FIRST_CHAIN
    for _ in range(8):
        await commit(world, 2)
        one = await slices.after(place, 1, chain)
        place, chain = one.last, one.header.chain_bytes
    await commit(world, 2)

    late = await slices.after(0, 1, FIRST_CHAIN)

    assert (late.last, late.header.chain_bytes) == (place, chain)
    assert late.cut_s == one.cut_s, "it rests until the others do, not longer"
    before = sealed["encrypted"]
    both = [await slices.after(place, 1, chain) for _ in range(2)]
    assert both[0] is both[1]
    assert sealed["encrypted"] == before + 1
    assert len(open_segment(both[0].content, [KEY]).entries) == 2


async def test_who_is_behind_does_not_rest(world, monkeypatch):
    slices = slices_of(world)
    await commit(world, 2)
    first = await slices.after(0, 1, FIRST_CHAIN)
    assert not slices.is_behind(first)
    await commit(world, 2)
    await slices.after(first.last, 1, first.header.chain_bytes)
    assert slices.is_behind(first)


async def test_what_is_too_much_for_one_goes_in_several(world, monkeypatch):
    monkeypatch.setattr(module, "_BYTES", 400)
    slices = slices_of(world)
    await commit(world, 20)
    place, chain, sizes = 0, FIRST_CHAIN, []
    while (one := await slices.after(place, 1, chain)) is not None:
        place, chain = one.last, one.header.chain_bytes
        sizes.append(len(one.entries))
        assert slices.is_behind(one) == (sum(sizes) < 20)
    assert sum(sizes) == 20
    assert len(sizes) > 2
