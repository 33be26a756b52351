"""A list of a month is read to its end, page by page, whatever came in later."""

from __future__ import annotations

import pytest

from tests.cases.test_copyright_desk import C, claim
from tests.cases.test_orders import D, O, demand, order, the_people
from tests.kit.courthouse import open_courthouse
from venire.kernel.clock import DAY_MS, iso_ms

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def walked(reader, path: str) -> list[str]:
    """The ids of all pages of two, by the links from one to the next."""
    found: list[str] = []
    answer = await reader.get(path, params={"limit": 2})
    while True:
        page = [one["id"] for one in answer.json()]
        assert len(page) <= 2
        found += page
        following = answer.links.get("next")
        if following is None:
            return found
        answer = await reader.get(following["url"])


async def test_each_copyright_notice_is_reached_and_the_way_back_leads_to_the_newest(house):
    moderator = await house.site.member("mona", "moderator")
    await house.site.member("uploader")
    ids = []
    for _ in range(5):
        ids.append((await house.site.client.post(C, json=claim(("uploader", "1")))).json()["id"])
        house.site.clock.advance(10)
    assert await walked(moderator, C) == ids[::-1]
    back = await moderator.get(C, params={"limit": 2, "min_id": ids[0]})
    assert [one["id"] for one in back.json()] == [ids[2], ids[1]]


async def test_a_silent_order_in_between_ends_no_list(house):
    mona, anna, author = await the_people(house)
    otto = await house.site.member("otto", "moderator")
    post, hidden = await house.post(author, "a word"), await house.post(anna, "another")
    until = {"silent_ground": "Art. 3", "silent_until": "2027-01-01T00:00:00Z"}
    ids = []
    for n in range(5):
        body = order(hidden, **until) if n in {2, 3} else order(post)
        made = await mona.post(O, json=body)
        assert made.is_success, made.text
        ids.append(made.json()["id"])
        house.site.clock.advance(10)
    assert await walked(mona, O) == ids[::-1]
    assert await walked(otto, O) == [ids[4], ids[1], ids[0]]


async def test_each_demand_and_each_bulk_act_is_reached(house):
    boss = await house.site.member("boss", "admin")
    person = await house.site.member("person")
    demands, acts = [], []
    since = iso_ms(house.site.clock.now_ms() - DAY_MS)
    meant = {"kind": "domain", "since": since, "reason": "x", "category": "spam"}
    for _ in range(5):
        demands.append((await boss.post(D, json=demand(person))).json()["id"])
        house.site.clock.advance(10)
    assert await walked(boss, D) == demands[::-1]
    for n in range(3):
        sought = {"sought": f"shop{n}.example"}
        begun = await boss.post("/api/v1/admin/bulk", json={**meant, **sought})
        assert begun.status_code == 202, begun.text
        acts.append(begun.json()["id"])
        house.site.clock.advance(10)
    assert await walked(boss, "/api/v1/admin/bulk") == acts[::-1]
