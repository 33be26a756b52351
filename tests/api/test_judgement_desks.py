"""The operators' lists of judgement: questions, nights, bulk acts, orders; where a member lives."""

from __future__ import annotations

import json

import pytest

from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import nights
from venire.jury.freezing import freeze
from venire.kernel.clock import DAY_MS, HOUR_MS, iso_ms

pytestmark = pytest.mark.anyio

LINES = "\n".join(
    json.dumps({"text": text, "category": "incitement", "violates": violates, "camp": camp})
    for text, violates, camp in (
        ("Whoever opens that gate gets dragged behind the truck.", True, "east"),
        ("The gate opens at six. Bring your own cups.", False, "west"),
    )
)


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def test_questions_are_added_once_and_counted_without_their_text(house):
    moderator = await house.site.member("mona", "moderator")
    path = "/api/v1/admin/questions"
    added = await moderator.post(path, content=LINES.encode())
    assert added.json() == {"added": 2, "known": 0}
    assert (await moderator.post(path, content=LINES.encode())).json() == {"added": 0, "known": 2}
    listed = await moderator.get(path)
    assert [(one["camp"], one["violates"], one["live"]) for one in listed.json()] == [
        ("east", True, 1),
        ("west", False, 1),
    ]
    assert "truck" not in listed.text


async def test_a_file_of_questions_with_a_bad_line_adds_nothing_and_names_the_line(house):
    moderator = await house.site.member("mona", "moderator")
    path = "/api/v1/admin/questions"
    refused = await moderator.post(path, content=f"{LINES}\n{{".encode())
    assert refused.status_code == 422
    assert refused.json()["code"] == "gold_file_invalid"
    assert refused.json()["data"]["line"] == 3
    assert (await moderator.get(path)).json() == []


async def test_a_night_is_listed_once_it_has_passed(house):
    moderator = await house.site.member("mona", "moderator")
    path = "/api/v1/admin/nights"
    assert (await moderator.get(path)).json() == []
    await house.settle()
    for _ in range(2):
        house.site.clock.advance(DAY_MS)
        await freeze(house.world, house.court.sequencer, house.court.policy, frozen_by="clock")
        house.site.clock.advance(4 * HOUR_MS)
        for day in await nights.due(house.court):
            assert await nights.run(house.court, day)
    listed = (await moderator.get(path)).json()
    assert [night["state"] for night in listed] == ["done", "done"]


async def test_a_bulk_act_that_was_only_counted_is_listed(house):
    moderator = await house.site.member("mona", "moderator")
    author = await house.site.member("author")
    await house.post(author, f"{MILD} https://shop.example/one")
    path = "/api/v1/admin/bulk"
    assert (await moderator.get(path)).json() == []
    meant = {
        "kind": "domain",
        "sought": "https://shop.example/",
        "since": iso_ms(house.site.clock.now_ms() - DAY_MS),
        "category": "spam",
        "reason": "one campaign",
    }
    made = await moderator.post(path, json=meant)
    assert made.is_success, made.text
    assert [one["id"] for one in (await moderator.get(path)).json()] == [made.json()["id"]]


async def test_an_order_is_listed_for_moderators_alone(house):
    moderator = await house.site.member("mona", "moderator")
    author = await house.site.member("author")
    path = "/api/v1/admin/orders"
    assert (await moderator.get(path)).json() == []
    assert (await author.get(path)).status_code == 403


async def test_a_member_says_in_which_country_they_live_and_takes_it_back(house):
    member = await house.site.member("member")
    path = "/api/v1/accounts/country"
    assert (await member.get(path)).json() == {"country": ""}
    assert (await member.put(path, json={"country": "ID"})).is_success
    assert (await member.get(path)).json() == {"country": "ID"}
    refused = await member.put(path, json={"country": "XX1"})
    assert refused.status_code == 422
    assert (await member.get(path)).json() == {"country": "ID"}
    assert (await member.put(path, json={"country": ""})).is_success
    assert (await member.get(path)).json() == {"country": ""}
