"""A chat address that nobody has proved to be theirs is not kept: it may be a stranger's."""

from __future__ import annotations

import re

import pytest

from tests.kit.site import open_site
from tests.people.house import someone
from venire.jury import chats
from venire.jury.chats import Chats
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Invalid
from venire.storage.tables.chats import JUROR_CHATS
from venire.storage.timers import Timers

pytestmark = pytest.mark.anyio


class Way:
    """A chat service that keeps what it was given."""

    def __init__(self):
        self.said = []

    def accepts(self, recipient):
        return recipient.isascii()

    async def send(self, message):
        self.said.append(message)

    @property
    def code(self):
        return re.search(r"\b(\d{6})\b", self.said[-1].text)[1]


@pytest.fixture
async def world(tmp_path):
    async with open_site(tmp_path) as site:
        yield site.world


@pytest.fixture
def clock(world):
    return world.clock


@pytest.fixture
def way():
    return Way()


@pytest.fixture
def desk(way):
    return Chats({"ntfy": way})


async def fire(world, clock):
    """What the leader's clocks do now."""
    return await Timers(world.storage, clock, chats.timers(world)).fire_due()


async def kept(world, account_id):
    """What lies there, sealed."""
    row = await world.storage.get(JUROR_CHATS, (account_id, "ntfy"))
    return b"" if row is None else row.sealed_recipient


async def test_an_address_that_nobody_proves_is_forgotten_after_a_day(world, clock, desk):
    ayu = await someone(world, "ayu")
    await chats.begin(world, desk, ayu, "ntfy", "a-strangers-topic")
    (chat,) = await chats.chats_of(world, ayu)
    assert (chat.proved, chat.lapses_ms) == (False, world.now_ms() + DAY_MS)
    clock.advance(DAY_MS - 1)
    assert await fire(world, clock) == 0
    assert len(await chats.chats_of(world, ayu)) == 1
    clock.advance(1)
    assert await chats.chats_of(world, ayu) == [], "not shown, whoever is late"
    assert await kept(world, ayu)
    assert await fire(world, clock) == 1
    assert await kept(world, ayu) == b""
    for _ in range(2):
        await chats.lapse(world, f"{ayu} ntfy")
    assert await chats.chats_of(world, ayu) == []


async def test_one_that_was_proved_stays(world, clock, desk, way):
    ayu = await someone(world, "ayu")
    await chats.begin(world, desk, ayu, "ntfy", "my-topic")
    await chats.prove(world, ayu, "ntfy", way.code)
    clock.advance(30 * DAY_MS)
    assert await fire(world, clock) == 1
    assert [one.proved for one in await chats.chats_of(world, ayu)] == [True]
    assert (await chats.chats_of(world, ayu))[0].lapses_ms is None
    assert await chats.tell(world, desk, ayu, "You are asked.") == ""
    assert way.said[-1].recipient == "my-topic"


async def test_who_begins_anew_has_a_day_from_then(world, clock, desk, way):
    ayu = await someone(world, "ayu")
    await chats.begin(world, desk, ayu, "ntfy", "first")
    clock.advance(DAY_MS - 1)
    await chats.begin(world, desk, ayu, "ntfy", "second")
    clock.advance(1)
    assert await fire(world, clock) == 1, "the clock of the first"
    assert await kept(world, ayu)
    await chats.prove(world, ayu, "ntfy", way.code)
    assert [one.proved for one in await chats.chats_of(world, ayu)] == [True]


async def test_a_forgotten_one_is_proved_by_nobody_and_can_be_named_again(world, clock, desk, way):
    ayu = await someone(world, "ayu")
    await chats.begin(world, desk, ayu, "ntfy", "topic")
    code = way.code
    clock.advance(DAY_MS)
    await fire(world, clock)
    with pytest.raises(Invalid):
        await chats.prove(world, ayu, "ntfy", code)
    await chats.begin(world, desk, ayu, "ntfy", "topic")
    await chats.prove(world, ayu, "ntfy", way.code)
    with pytest.raises(Conflict):
        await chats.begin(world, desk, ayu, "ntfy", "another")


async def test_a_clock_that_was_ahead_gives_it_no_longer(world, clock, desk):
    ayu = await someone(world, "ayu")
    clock.advance(365 * DAY_MS)
    await chats.begin(world, desk, ayu, "ntfy", "topic")
    clock.advance(-365 * DAY_MS)
    assert await chats.chats_of(world, ayu) == []
