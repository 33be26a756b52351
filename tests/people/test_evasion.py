"""A block stops a person's next account too, by what its sign-up has in common, for half a year."""

from __future__ import annotations

import pytest

from tests.people.house import someone
from venire.people import actions as people
from venire.people import evasion, ties
from venire.people.model import SignUp
from venire.people.relations import BLOCK, load_relation
from venire.storage.tables.defences import BLOCK_SIGNALS, BLOCKED_SIGNALS

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000
HOME = "8.8.4.4"


async def joins(world, name: str, *, address: str = HOME, email: str = ""):
    given = SignUp(
        username=name,
        email=email or f"{name}@mail.test",
        password="long enough",
        agreement=True,
        address=address,
    )
    account = await people.sign_up(world, given, minimum_age=0, state="active")
    await evasion.stop_new_account(world, account.id)
    return account.id


async def blocks(world, one: int, other: int) -> bool:
    return await load_relation(world, one, BLOCK, other) is not None


async def test_the_next_account_from_the_same_network_is_blocked_on_sight(world):
    target, bystander = await someone(world, "target"), await someone(world, "bystander")
    troll = await joins(world, "troll")
    await ties.block(world, target, troll)
    again = await joins(world, "troll_again")
    assert await blocks(world, target, again)
    assert not await blocks(world, bystander, again)
    elsewhere = await joins(world, "somebody", address="9.9.9.9")
    assert not await blocks(world, target, elsewhere)


async def test_the_next_account_of_the_same_mailbox_is_blocked_wherever_it_is_made(world):
    target = await someone(world, "target")
    troll = await joins(world, "troll", email="troll@post.example")
    await ties.block(world, target, troll)
    for number, email in enumerate(("t.r.oll@post.example", "Troll+2@POST.example")):
        again = await joins(world, f"again{number}", address="9.9.9.9", email=email)
        assert await blocks(world, target, again)
    other = await joins(world, "other", address="9.9.9.9", email="troll@other.example")
    assert not await blocks(world, target, other)


async def test_a_block_does_not_go_on_from_neighbour_to_neighbour(world):
    target = await someone(world, "target")
    troll = await joins(world, "troll", email="troll@post.example")
    await ties.block(world, target, troll)
    second = await joins(world, "second", address="9.9.9.9", email="troll+x@post.example")
    assert await blocks(world, target, second)
    neighbour = await joins(world, "third", address="9.9.9.9", email="fresh@post.example")
    assert not await blocks(world, target, neighbour)


async def test_a_network_that_many_share_stops_nobody(world):
    target = await someone(world, "target")
    for number in range(6):
        await joins(world, f"neighbour{number}")
    troll = await joins(world, "troll")
    await ties.block(world, target, troll)
    assert not await blocks(world, target, await joins(world, "neighbour7"))


async def test_who_unblocks_is_no_longer_kept_from_the_next_account(world):
    target = await someone(world, "target")
    troll = await joins(world, "troll")
    await ties.block(world, target, troll)
    await ties.unblock(world, target, troll)
    assert not await blocks(world, target, await joins(world, "again"))
    for table in (BLOCKED_SIGNALS, BLOCK_SIGNALS):
        assert (await world.storage.scan(table))[0] == []


async def test_what_is_kept_is_hashed_and_lapses_after_180_days(world, clock):
    target = await someone(world, "target")
    troll = await joins(world, "troll", email="troll@post.example")
    await ties.block(world, target, troll)
    rows, _ = await world.storage.scan(BLOCKED_SIGNALS)
    assert len(rows) == 2
    for row in rows:
        assert len(row.signal) == 32
        assert b"troll" not in row.signal
    clock.advance(179 * DAY_MS)
    late = await joins(world, "late", address="9.9.9.9", email="troll+1@post.example")
    assert await blocks(world, target, late)
    await ties.unblock(world, target, late)
    clock.advance(2 * DAY_MS)
    later = await joins(world, "later", address="1.1.1.1", email="troll+2@post.example")
    assert not await blocks(world, target, later)


async def test_telling_it_twice_changes_nothing(world):
    target = await someone(world, "target")
    troll = await joins(world, "troll")
    await ties.block(world, target, troll)
    again = await joins(world, "again")
    assert await evasion.stop_new_account(world, again) >= 1
    assert await blocks(world, target, again)
