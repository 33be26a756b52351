"""A post at its address, for each pair of eyes, while it is held and once it is removed."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import THREAT
from tests.web.browser import words_of

pytestmark = pytest.mark.anyio


async def test_a_held_post_is_seen_by_its_author_with_the_reason_and_by_nobody_else(jury_town):
    path = await jury_town.post("rudi", THREAT)
    author = await jury_town.member("rudi")
    own = await author.text(path)
    assert "Only you see this post now." in own
    assert "rule 1, Threats and incitement of violence" in own
    assert THREAT in own
    others = [await jury_town.stranger(), await jury_town.member("ayu")]
    for browser in others:
        seen = await browser.text(path, 404)
        assert "Hidden while it is judged" in seen
        assert "traitors" not in seen
        assert "traitors" not in await browser.text("/")
        assert "traitors" not in await browser.text("/@rudi")


async def test_a_followers_only_post_that_is_held_is_not_even_said_to_be_there(jury_town):
    path = await jury_town.post("rudi", "Only for friends.", visibility="private")
    stranger = await jury_town.stranger()
    gone = await stranger.text(path, 404)
    assert "Hidden while it is judged" not in gone
    assert "record_not_found" in gone


async def test_a_removed_post_shows_its_author_the_statement_and_others_the_rule(jury_town):
    path = await jury_town.post("rudi", THREAT)
    await jury_town.house.vote("violates")
    author = await jury_town.member("rudi")
    page = (await author.get(path)).text
    own = words_of(page)
    assert "Statement of reasons" in own
    assert "it breaks rule 1, Threats and incitement of violence" in own
    assert "<mark>" in page
    assert "A panel of members drawn by lot" in own
    assert "Appeal possible until" in own
    assert 'href="/record/entry/' in page
    stranger = await jury_town.stranger()
    other = await stranger.text(path, 410)
    assert "Removed under rule 1: Threats and incitement of violence" in other
    assert "traitors" not in other
    assert "Points" not in other


async def test_a_reporter_sees_why_a_post_was_removed_but_not_what_it_cost(jury_town):
    await jury_town.member("rudi")
    made = await jury_town.known["rudi"].post("/api/v1/statuses", json={"status": THREAT})
    post_id = made.json()["id"]
    await jury_town.member("ayu")
    report = {"account_id": jury_town.known["rudi"].id, "status_ids": [post_id], "rule_ids": [1]}
    (await jury_town.known["ayu"].post("/api/v1/reports", json=report)).raise_for_status()
    await jury_town.house.settle()
    await jury_town.house.vote("violates")
    path = f"/@rudi/{post_id}"
    reporter = await jury_town.member("ayu")
    seen = await reporter.text(path)
    assert "Statement of reasons" in seen
    assert "Points" not in seen
    assert "traitors" not in seen.split("The rule")[1]
    author = await jury_town.member("rudi")
    case = await jury_town.house.case_on(post_id)
    statements = (await author.get("/inbox")).text
    for page in (path, "/inbox", f"/cases/{case.public_id}", "/"):
        assert "ayu" not in (await author.get(page)).text
    assert str(jury_town.known["ayu"].id) not in statements


async def test_a_post_that_is_kept_comes_back_at_its_place(jury_town):
    path = await jury_town.post("rudi", THREAT)
    await jury_town.house.vote("keeps")
    stranger = await jury_town.stranger()
    assert "traitors" in await stranger.text(path)
    author = await jury_town.member("rudi")
    inbox = await author.text("/inbox")
    assert "Visible again" in inbox
    assert "Hidden for now" in inbox


async def test_a_case_tells_each_viewer_only_what_concerns_them(jury_town):
    path = await jury_town.post("rudi", THREAT)
    case = await jury_town.house.case_on(path.rsplit("/", 1)[1])
    stranger = await jury_town.stranger()
    seen = await stranger.text(f"/cases/{case.public_id}")
    assert "Rule 1: Threats" in seen
    assert "Being judged" in seen
    assert "traitors" not in seen
    author = await jury_town.member("rudi")
    own = await author.text(f"/cases/{case.public_id}")
    assert "Statement of reasons" in own
    assert "traitors" in own
    moderator = await jury_town.member("desk", "moderator")
    assert "Open at the moderation desk" in await moderator.text(f"/cases/{case.public_id}")
    missing = await stranger.text(f"/cases/{'0' * 32}", 404)
    assert "case_not_found" in missing


async def test_a_statement_is_read_by_the_one_it_was_sent_to_and_nobody_else(jury_town):
    await jury_town.post("rudi", THREAT)
    author = await jury_town.member("rudi")
    inbox = (await author.get("/inbox")).text
    path = inbox.split('href="/statements/')[1].split('"')[0]
    assert "Statement of reasons" in await author.text(f"/statements/{path}")
    other = await jury_town.member("ayu")
    assert "record_not_found" in await other.text(f"/statements/{path}", 404)
