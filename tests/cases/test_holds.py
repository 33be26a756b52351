"""Held media, holds that are lifted, and the public count of those that did not last."""

from __future__ import annotations

import pytest

from tests.api.uploads import posted, served, uploaded
from tests.cases.desk import headers, messages
from tests.kit.courthouse import MILD, THREAT
from tests.posts.media import files
from venire.cases import hold_figures
from venire.people import standing

pytestmark = pytest.mark.anyio


async def test_a_held_posts_media_are_gone_at_every_address_without_any_time_passing(house):
    author = await house.site.member("author")
    fields = {"avatar": ("a.png", files.picture(), "image/png")}
    await author.patch("/api/v1/accounts/update_credentials", files=fields)
    profile = (await author.get("/api/v1/accounts/verify_credentials")).json()
    still = await uploaded(author, files.picture())
    moving = await uploaded(author, files.animation())
    before = house.site.clock.now_ms()
    await posted(house, author, still, text=THREAT)
    await posted(house, author, moving, text=f"{THREAT} Tonight.")
    assert house.site.clock.now_ms() == before
    addresses = [one[key] for one in (still, moving) for key in ("url", "preview_url")]
    assert len(set(addresses)) == 4
    for address in addresses:
        assert (await served(house, address)).status_code == 404, address
        guessed = address.replace("/small", "").replace("_small", "")
        assert (await served(house, guessed)).status_code == 404
    for address in (profile["avatar"], profile["avatar_static"]):
        assert (await served(house, address)).status_code == 200
    await house.vote("keeps")
    for address in addresses:
        assert (await served(house, address)).status_code == 200, address


async def seen(friend, sari, author, post):
    """All that a hold must give back: the post, its counts, and everywhere it stands."""
    path = f"/api/v1/statuses/{post}"
    shown = (await friend.get(path)).json()
    told = (await sari.get("/api/v1/notifications", params={"types[]": "mention"})).json()
    home = (await friend.get("/api/v1/timelines/home")).json()
    context = (await friend.get(f"{path}/context")).json()
    marks = (await friend.get("/api/v1/bookmarks")).json()
    return {
        "post": {
            key: shown[key]
            for key in (
                "id",
                "url",
                "created_at",
                "content",
                "favourites_count",
                "reblogs_count",
                "replies_count",
                "favourited",
                "reblogged",
                "bookmarked",
                "media_attachments",
            )
        },
        "notifications": [one["id"] for one in told if one["account"]["id"] == str(author.id)],
        "home": [one["id"] for one in home if (one["reblog"] or one)["id"] == post],
        "replies": [one["id"] for one in context["descendants"]],
        "bookmarks": [one["id"] for one in marks],
    }


async def test_a_lifted_hold_restores_everything_in_place(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    friend = await house.site.member("friend")
    await friend.post(f"/api/v1/accounts/{author.id}/follow")
    await house.settle()
    medium = await uploaded(author, files.picture())
    author_made = await author.post(
        "/api/v1/statuses",
        json={"status": f"@sari {MILD}", "media_ids": [medium["id"]]},
    )
    post = author_made.json()["id"]
    await house.settle()
    for path in ("favourite", "reblog", "bookmark"):
        assert (await friend.post(f"/api/v1/statuses/{post}/{path}")).status_code == 200
    reply = await house.post(friend, "I was there too.", in_reply_to_id=post)
    path = f"/api/v1/statuses/{post}"

    before = await seen(friend, sari, author, post)
    assert before["replies"] == [reply]
    assert before["notifications"]
    moderator = await house.site.member("moderator", role="moderator")
    held = await moderator.post(
        f"/api/v1/admin/posts/{post}/actions",
        json={"action": "hold", "reason": "looks like a threat", "category": "incitement"},
    )
    held.raise_for_status()
    await house.settle()
    assert (await friend.get(path)).status_code == 404
    assert (await served(house, medium["url"])).status_code == 404
    assert post not in (await sari.get("/api/v1/notifications")).text
    shown = (await friend.get("/api/v1/timelines/home")).json()
    assert post not in {(one["reblog"] or one)["id"] for one in shown}
    await house.vote("keeps")
    assert await seen(friend, sari, author, post) == before
    assert (await served(house, medium["url"])).status_code == 200
    assert (await standing.standing(house.world, author.id)).points == 0
    figures = (await friend.get("/api/v1/judgement/figures")).json()
    assert (figures["holds"], figures["false_holds"]) == (1, 1)
    assert figures["counted_to"] == figures["record_size"]


async def test_the_author_is_told_at_once_with_rule_and_words(house):
    author = await house.site.member("author")
    before = house.site.clock.now_ms()
    await house.post(author, THREAT)
    assert house.site.clock.now_ms() == before
    told = (await author.get("/api/v1/notifications")).json()
    (warning,) = [one for one in told if one["type"] == "moderation_warning"]
    for text in (warning["moderation_warning"]["text"], (await messages(author))[0]):
        assert "rule 1, Threats and incitement of violence" in text
        assert "What stood out" in text


@pytest.mark.parametrize("ended_by", ["panel", "moderator", "nobody"])
async def test_false_holds_are_counted_from_the_record_whoever_ends_them(house, ended_by):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    if ended_by == "panel":
        await house.vote("keeps")
    elif ended_by == "moderator":
        kept = await moderator.post(
            f"/api/v1/cases/{case.public_id}/actions", json={"action": "keep", "reason": "a joke"}
        )
        kept.raise_for_status()
        await house.settle()
    else:
        await house.vote("violates")
    figures = (await author.get("/api/v1/judgement/figures")).json()
    assert (figures["holds"], figures["false_holds"]) == (1, int(ended_by != "nobody"))
    anew = hold_figures.counted(hold_figures.Figures(), await headers(house))
    assert (anew.holds, anew.false_holds) == (figures["holds"], figures["false_holds"])


async def test_figures_are_the_same_counted_in_one_go_or_step_by_step(house):
    author = await house.site.member("author")
    for number in range(3):
        await house.post(author, f"{THREAT} {number}")
        await house.vote("keeps" if number else "violates")
    shown, through = await hold_figures.current(house.court)
    entries = await headers(house)
    assert through == len(entries)
    for cut in range(len(entries)):
        first = hold_figures.counted(hold_figures.Figures(), entries[:cut])
        assert hold_figures.counted(first, entries[cut:]) == shown
