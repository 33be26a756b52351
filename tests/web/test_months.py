"""Lists by month: what still waits is not lost with the month, and the months before are there."""

from __future__ import annotations

import pytest

from tests.kit.site import BASE_URL
from venire.kernel.clock import DAY_MS

pytestmark = pytest.mark.anyio


async def _order(town, desk) -> str:
    path = await town.post("rudi", "a word on the minister")
    made = await desk.send(
        "/moderation/orders",
        "/moderation/orders",
        authority="Kominfo",
        country="ID",
        legal_ground="Regulation 5/2020",
        reference="K-1",
        posts=f"{BASE_URL}{path}",
    )
    return made.headers["location"].partition("?")[0]


async def test_an_order_that_waits_is_still_listed_when_the_month_is_over(town):
    desk, chief = await town.member("desk", "moderator"), await town.member("chief", "admin")
    page = await _order(town, desk)
    begun = (await desk.get("/moderation/orders")).text.partition("?month=")[2][:7]
    town.house.site.clock.advance(31 * DAY_MS)
    # A session has its own end: come back with a new one.
    desk, chief = await town.member("desk", "moderator"), await town.member("chief", "admin")
    assert page in (await desk.get("/moderation/orders")).text
    await chief.send(page, page, action="refuse", reason="not signed")
    listed = (await desk.get("/moderation/orders")).text
    assert page not in listed
    before = listed.partition("?month=")[2][:7]
    assert begun < before
    assert page in (await desk.get(f"/moderation/orders?month={before}")).text


@pytest.mark.parametrize("name", ["orders", "demands", "copyright", "bulk", "log"])
async def test_a_month_that_is_none_is_the_one_that_runs(town, name):
    chief = await town.member("chief", "admin")
    page = f"/moderation/{name}"
    plain = (await chief.get(page)).text.partition("?month=")[2][:7]
    for odd in ("2026-13", "x", "0000-01", "<b>"):
        asked = await chief.get(f"{page}?month={odd}")
        assert asked.text.partition("?month=")[2][:7] == plain
    earlier = (await chief.get(f"{page}?month={plain}")).text
    assert earlier.partition("?month=")[2][:7] < plain
    assert f'href="{page}"' in earlier
