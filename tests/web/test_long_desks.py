"""Desks by browser: long lists lead on to older pages; whom a matter is about gets another page."""

from __future__ import annotations

import re

import pytest

from tests.cases.test_copyright_desk import ADDRESS, C, claim
from tests.kit.site import BASE_URL
from venire.cases import month_lists

pytestmark = pytest.mark.anyio


async def notices(town, count: int) -> list[str]:
    client, ids = town.house.site.client, []
    for _ in range(count):
        sent = await client.post(C, json=claim(("nobody", "1")))
        assert sent.status_code == 202, sent.text
        ids.append(sent.json()["id"])
        town.house.site.clock.advance(5)
    return ids


@pytest.mark.parametrize("language", ["en", "id"])
async def test_a_notice_below_the_newest_forty_is_reached_by_the_link_to_older_ones(town, language):
    ids = await notices(town, month_lists.PAGE + 2)
    desk = await town.member("desk", "moderator", language)
    first = (await desk.get("/moderation/copyright")).text
    assert ids[-1] in first
    assert f"/copyright/{ids[0]}" not in first
    (older,) = re.findall(r'href="(/moderation/copyright\?month=[^"]*below=[0-9]+)"', first)
    second = (await desk.get(older.replace("&amp;", "&"))).text
    assert re.findall(r'href="/copyright/([0-9]+)"', second) == [ids[1], ids[0]]
    assert 'rel="next"' not in second


async def test_an_uploader_who_moderates_answers_on_the_page_and_decides_nothing(town):
    path = await town.post("rudi", "hello")
    mona, otto = await town.member("mona", "moderator"), await town.member("otto", "moderator")
    post = await town.post("mona", "my harbour")
    assert path != post
    sent = await town.house.site.client.post(C, json=claim(urls=[f"{BASE_URL}{post}"]))
    page = f"/copyright/{sent.json()['id']}"
    await town.house.settle()
    assert (await mona.client.get(page)).status_code == 404
    assert page in (await otto.get("/moderation/copyright")).text
    assert page not in (await mona.get("/moderation/copyright")).text
    assert (await otto.send(page, page, action="accept")).status_code == 303
    for _ in range(4):
        await town.house.settle()
        town.house.site.clock.advance(100)
    copy = (await mona.get(page)).text
    assert ADDRESS not in copy
    assert "carla@works.example" not in copy
    assert f'action="{page}/items/1"' in copy
    assert 'name="action"' not in copy


async def test_an_approver_is_offered_nothing_on_an_order_about_their_own_post(town):
    chief, other = await town.member("chief", "admin"), await town.member("other", "admin")
    desk = await town.member("desk", "moderator")
    path = await town.post("chief", "a word on the minister")
    made = await desk.send(
        "/moderation/orders",
        "/moderation/orders",
        authority="Kominfo",
        country="ID",
        legal_ground="Regulation 5/2020",
        reference="K-1",
        posts=f"{BASE_URL}{path}",
    )
    page = made.headers["location"].partition("?")[0]
    assert 'name="action"' not in (await chief.get(page)).text
    offered = (await other.get(page)).text
    assert 'name="action" value="approve"' in offered
