"""Accounts found by what somebody types."""

from __future__ import annotations

import pytest

from tests.people.house import someone
from venire.events import FindableChanged
from venire.people import follows
from venire.people.actions import change_profile
from venire.people.finding import find_accounts, local_name
from venire.people.model import Changes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ani", "ani"),
        (" @ani ", "ani"),
        ("@ani@venire.test", "ani"),
        ("ani@VENIRE.test", "ani"),
        ("ani@", "ani"),
        ("http://venire.test/@ani", "ani"),
        ("http://venire.test/users/ani/", "ani"),
        ("ani@other.test", None),
        ("https://other.test/@ani", None),
        ("", ""),
    ],
)
async def test_a_name_of_this_site_is_read_in_every_way_it_is_written(world, text, name):
    assert local_name(world, text) == name


async def test_every_word_begins_a_name_and_underscores_belong_to_the_handle(world):
    ani = await someone(world, "ani_sari")
    await change_profile(world, ani, Changes(display_name="Dewi Lestari"))
    other = await someone(world, "ani")
    for text in ("dew", "les dew", "DEWI lestari", "ani_s"):
        assert await find_accounts(world, None, text, limit=5) == [ani], text
    assert await find_accounts(world, None, "ani", limit=5) == [other, ani]
    assert await find_accounts(world, None, "dewi budi", limit=5) == []
    for nothing in ("", "@", "_", "  ", "?!", "ani@other.test"):
        assert await find_accounts(world, None, nothing, limit=5) == [], nothing


async def test_whom_one_follows_is_found_among_any_number_of_namesakes(world):
    me = await someone(world, "me")
    last = await someone(world, "zzz")
    await change_profile(world, last, Changes(display_name="Budi Zul"))
    for number in range(205):
        one = await someone(world, f"budi_{number}")
        if number == 150:
            await follows.follow(world, me, one)
            followed = one
    await follows.follow(world, me, last)
    found = await find_accounts(world, me, "budi", limit=5, following=True)
    assert set(found) == {followed, last}
    assert (await find_accounts(world, me, "budi", limit=5))[0] in {followed, last}
    assert await find_accounts(world, None, "budi", limit=5, following=True) == []


async def test_a_choice_to_be_found_is_told_once(world):
    ani = await someone(world, "ani")
    for wish in (True, True, False):
        await change_profile(world, ani, Changes(indexable=wish))
    told = [e for e in await world.storage.tail(0, 1_000) if isinstance(e.event, FindableChanged)]
    assert [one.event.account_id for one in told] == [ani, ani]
