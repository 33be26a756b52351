"""Timelines, profiles, threads; writing, replying, following, deleting."""

from __future__ import annotations

import re

import pytest

from venire.people import standing
from venire.people.actions import change_profile
from venire.people.model import Changes

pytestmark = pytest.mark.anyio


async def test_a_member_posts_and_everyone_reads_it(town):
    browser = await town.member("ayu")
    sent = await browser.send("/", "/", text="Mangoes at the market.\r\nCome early.")
    assert "Your post is on the timeline." in await browser.follow(sent)
    stranger = await town.stranger()
    page = (await stranger.get("/")).text
    assert "Mangoes at the market.<br>Come early." in page
    assert 'href="/@ayu"' in page


async def test_the_same_form_sent_twice_is_one_post(town):
    browser = await town.member("ayu")
    page = (await browser.get("/")).text
    token = re.search(r'name="form_token" value="(\w+)"', page)[1]
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    for _ in range(2):
        sent = await browser.client.post(
            "/", data={"form_token": token, "key": key, "text": "Only once."}
        )
        assert sent.status_code == 303
    assert (await browser.text("/")).count("Only once.") == 1


async def test_what_is_said_about_reading_stands_beside_the_box_and_at_sign_up(town):
    member, stranger = await town.member("ayu"), await town.stranger()
    for page in (await member.text("/"), await stranger.text("/sign-up")):
        assert "Public and unlisted posts are read by detectors on this server." in page
        assert "Followers-only and direct posts are read by nobody else" in page


async def test_an_empty_and_an_overlong_post_are_refused_with_their_code(town):
    browser = await town.member("ayu")
    empty = await browser.send("/", "/", text=" \n ")
    assert empty.status_code == 422
    assert "text_blank" in empty.text
    long = await browser.send("/", "/", text="a" * 1001)
    assert long.status_code == 422
    assert "text_too_long" in long.text


async def test_what_is_typed_is_text_and_never_markup(town):
    path = await town.post("ayu", '<script>alert(1)</script> <b onclick=x>& "quotes"')
    await change_profile(
        town.house.world,
        town.known["ayu"].id,
        Changes(display_name="<i>Ayu</i>", note="<script>x</script>"),
    )
    browser = await town.stranger()
    for page in ("/", "/@ayu", path):
        text = (await browser.get(page)).text
        assert "<script" not in text
        assert "<i>Ayu" not in text
        assert "&lt;script&gt;" in text


async def test_a_thread_reads_in_order_and_a_reply_joins_it(town):
    path = await town.post("ayu", "Who was there?")
    browser = await town.member("bima")
    post_id = path.rsplit("/", 1)[1]
    assert 'value="@ayu ' not in (await browser.get(path)).text
    sent = await browser.send(path, "/", text="@ayu I was.", in_reply_to=post_id)
    await town.house.settle()
    assert "In reply to @ayu" in await browser.follow(sent)
    seen = await browser.text(path)
    assert seen.index("Who was there?") < seen.index("I was.")
    assert "1 reply" in await browser.text("/")


async def test_a_followers_only_post_is_nothing_to_strangers(town):
    path = await town.post("ayu", "For my followers.", visibility="private")
    stranger, follower = await town.stranger(), await town.member("bima")
    assert "record_not_found" in await stranger.text(path, 404)
    await stranger.get(path.replace("@ayu", "@bima"), 404)
    followed = await follower.send("/@ayu", "/@ayu/follow")
    assert "You follow this account now." in await follower.follow(followed)
    await town.house.settle()
    assert "For my followers." in await follower.text(path)
    assert "For my followers." in await follower.text("/home")
    left = await follower.send("/@ayu", "/@ayu/unfollow")
    assert "You no longer follow this account." in await follower.follow(left)
    await follower.get(path, 404)


async def test_only_its_author_is_offered_to_delete_a_post_and_can(town):
    path = await town.post("ayu", "To be deleted.")
    other = await town.member("bima")
    assert f'action="{path}/delete"' not in (await other.get(path)).text
    token = re.search(r'name="form_token" value="(\w+)"', (await other.get(path)).text)[1]
    refused = await other.client.post(f"{path}/delete", data={"form_token": token})
    assert refused.status_code == 404
    author = await town.member("ayu")
    sent = await author.send(path, f"{path}/delete")
    assert "Your post is deleted." in await author.follow(sent)
    await author.get(path, 404)


async def test_pages_of_the_timeline_walk_every_post_once(town):
    await town.member("ayu")
    for number in range(45):
        made = await town.known["ayu"].post(
            "/api/v1/statuses", json={"status": f"number {number:02}"}
        )
        made.raise_for_status()
    browser = await town.stranger()
    seen: list[str] = []
    path = "/"
    for _ in range(6):
        page = (await browser.get(path)).text
        seen += re.findall(r"number \d\d", page)
        older = re.search(r'href="(/\?before=\d+)"', page)
        if older is None:
            break
        path = older[1]
    assert seen == [f"number {number:02}" for number in reversed(range(45))]


async def test_a_hashtag_leads_to_the_public_posts_that_carry_it(town):
    await town.post("ayu", "Mangoes #Pasar")
    await town.post("ayu", "Secret #pasar", visibility="unlisted")
    await town.post("ayu", "No tag: pasar")
    browser = await town.stranger()
    seen = await browser.text("/tags/pasar")
    assert "Mangoes" in seen
    assert "Secret" not in seen
    assert "No tag" not in seen
    assert "No public post carries this tag." in await browser.text("/tags/nothing")


async def test_a_post_is_found_by_its_id_alone_unless_it_is_not_for_these_eyes(town):
    path = await town.post("ayu", "Here.")
    hidden = await town.post("ayu", "Not here.", visibility="private")
    browser = await town.stranger()
    led = await browser.client.get(f"/posts/{path.rsplit('/', 1)[1]}")
    assert led.headers["location"] == path
    await browser.get(f"/posts/{hidden.rsplit('/', 1)[1]}", 404)
    await browser.get("/posts/123", 404)
    await browser.get("/posts/letters", 404)


async def test_a_profile_shows_its_owner_the_points_and_nobody_else(town):
    await town.member("rudi")
    await standing.give_strike(
        town.house.world, town.known["rudi"].id, "k", points=4, expires_at_ms=None, case_id=1
    )
    own = await (await town.member("rudi")).text("/@rudi")
    assert "You have 4 points." in own
    assert "points" not in await (await town.member("ayu")).text("/@rudi")


async def test_a_suspended_member_reads_on_and_is_told_why_nothing_can_be_written(open_town):
    town = await open_town(acceptance=False)
    browser = await town.member("rudi")
    await standing.suspend(town.house.world, town.known["rudi"].id, "k", None, 1)
    sent = await browser.send("/", "/", text="Still here.")
    assert sent.status_code == 403
    assert "account_suspended" in sent.text
    await browser.get("/inbox")


async def test_an_account_that_does_not_exist_is_not_found(town):
    browser = await town.stranger()
    for path in ("/@nobody", "/@nobody/12", "/@nobody/letters", "/nowhere", "/static/../x"):
        assert "Nothing here" in await browser.text(path, 404)
