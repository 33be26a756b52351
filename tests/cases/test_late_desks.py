"""What waits at a desk and runs out of time is told to those who can act, once, and to no other."""

from __future__ import annotations

import pytest

from tests.cases.test_copyright_desk import C, claim, finish
from tests.cases.test_orders import D, demand, messages
from tests.kit.courthouse import open_courthouse
from venire.kernel.clock import DAY_MS, parse_iso_ms

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def test_moderators_hear_of_notices_that_run_out_of_time_once_a_day(house):
    mona, otto = [await house.site.member(name, "moderator") for name in ("mona", "otto")]
    await house.site.member("uploader")
    own = await house.post(otto, "my harbour")
    for number in range(3):
        sent = await house.site.client.post(C, json=claim(("otto", own), name=f"Carla {number}"))
    notice = sent.json()
    left = parse_iso_ms(notice["due_at"]) - house.site.clock.now_ms()
    await finish(house)
    assert await messages(mona) == []
    house.site.clock.advance(left * 3 // 4)
    await finish(house)
    (told,) = await messages(mona)
    assert "Copyright notices wait for a moderator" in told
    assert await messages(otto) == [], "it is about what is theirs"


async def test_nobody_hears_of_a_notice_that_was_decided(house):
    mona = await house.site.member("mona", "moderator")
    await house.site.member("uploader")
    notice = (await house.site.client.post(C, json=claim(("uploader", "1")))).json()
    await mona.post(f"{C}/{notice['id']}/refuse", json={"reason": "a parody"})
    house.site.clock.advance(30 * DAY_MS)
    await finish(house)
    assert await messages(mona) == []


async def test_admins_hear_of_a_demand_that_runs_out_of_time_and_whom_it_is_about_does_not(house):
    one, two, three = [await house.site.member(name, "admin") for name in ("one", "two", "three")]
    made = (await one.post(D, json=demand(two))).json()
    ended = (await one.post(D, json=demand(two, reference="P-10"))).json()
    refusal = {"state": "refused", "reason": "no such law"}
    assert (await three.post(f"{D}/{ended['id']}/review", json=refusal)).is_success
    left = parse_iso_ms(made["due_at"]) - house.site.clock.now_ms()
    house.site.clock.advance(left * 3 // 4 - 1_000)
    await finish(house)
    assert not any("waits for an admin" in text for text in await messages(three))
    house.site.clock.advance(1_000)
    await finish(house)
    for admin in (one, three):
        (told,) = [text for text in await messages(admin) if "waits for an admin" in text]
        assert made["id"] in told
    assert not any("waits for an admin" in text for text in await messages(two))
