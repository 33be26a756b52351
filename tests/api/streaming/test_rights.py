"""Who hears of a post: nobody whom a read of the same list would not show it to."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from tests.api.streaming.test_sockets import token_for
from tests.api.streaming.wire import events, socket
from tests.api.telling_site import publish
from venire.api.streaming import watchers
from venire.people import follows
from venire.posts import announcements, lists, tag_choices
from venire.posts.lists import ListChoice

pytestmark = pytest.mark.anyio


async def hears_home(line, *ids: str) -> None:
    """The next frames of a home are exactly these posts."""
    for one in ids:
        assert (await line.event("update"))["id"] == one


async def test_a_home_hears_those_it_follows_and_itself_and_no_others(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    async with socket(site, ani, stream="user") as line:
        await publish(eve, "tidak diikuti")
        wanted = [await publish(bob, "diikuti"), await publish(ani, "sendiri")]
        await hears_home(line, *wanted)


async def test_a_follow_and_its_end_count_from_the_next_post_on(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    async with socket(site, ani, stream="user") as line:
        await publish(bob, "sebelum")
        await ani.post(f"/api/v1/accounts/{bob.id}/follow")
        during = await publish(bob, "selama")
        await ani.post(f"/api/v1/accounts/{bob.id}/unfollow")
        await publish(bob, "sesudah")
        await hears_home(line, during, await publish(ani, "akhir"))


@pytest.mark.parametrize("what", ["block", "mute", "blocked"])
@pytest.mark.parametrize("stream", ["user", "public", "hashtag"])
async def test_a_block_either_way_and_a_mute_count_from_the_next_post_on(site, what, stream):
    ani, bob = await site.member("ani"), await site.member("bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    who, whom = (bob, ani) if what == "blocked" else (ani, bob)
    async with socket(site, ani, stream=stream, tag="x") as line:
        before = await publish(bob, "sebelum #x")
        await who.post(f"/api/v1/accounts/{whom.id}/{what.removesuffix('ed')}")
        await publish(bob, "selama #x")
        await hears_home(line, before, await publish(ani, "tengah #x"))
        await who.post(f"/api/v1/accounts/{whom.id}/un{what.removesuffix('ed')}")
        after = await publish(bob, "sesudah #x")
        last = await publish(ani, "akhir #x")
        # A block ends the follow too: the home does not hear of them again by itself.
        back = [after] if stream != "user" or what == "mute" else []
        await hears_home(line, *back, last)


async def test_what_stood_between_two_before_the_socket_was_opened_counts_too(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(f"/api/v1/accounts/{bob.id}/mute")
    await eve.post(f"/api/v1/accounts/{ani.id}/block")
    async with socket(site, ani, stream="public") as line:
        for other in (bob, eve):
            await publish(other, "tersembunyi")
        await hears_home(line, await publish(ani, "akhir"))


async def test_a_mute_that_ends_by_itself_is_noticed_on_the_next_round(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/mute", data={"duration": "60"})
    station = site.app.streaming.station
    async with socket(site, ani, stream="public") as line:
        await publish(bob, "dibisukan")
        await hears_home(line, await publish(ani, "jeda"))
        site.clock.advance(61_000)
        await station.hub._visit(next(iter(station.audience.listeners.values())))
        await hears_home(line, await publish(bob, "terdengar"))


async def test_an_answer_is_at_home_where_both_are_followed(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    async with socket(site, ani, stream="user") as line:
        theirs = await publish(eve, "pertanyaan")
        await publish(bob, "jawaban", in_reply_to_id=theirs)
        own = await publish(bob, "sendiri")
        thread = await publish(bob, "lanjutan", in_reply_to_id=own)
        await hears_home(line, own, thread)
        await ani.post(f"/api/v1/accounts/{eve.id}/follow")
        await hears_home(line, await publish(bob, "jawaban lain", in_reply_to_id=theirs))


async def test_posts_for_some_are_told_to_those_alone(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    for follower in (ani, eve):
        await follower.post(f"/api/v1/accounts/{bob.id}/follow")
    async with (
        socket(site, ani, stream="user") as at_home,
        socket(site, eve, stream="user") as theirs,
        socket(site, eve, stream="public") as in_public,
        socket(site, eve, stream="hashtag", tag="x") as tagged,
    ):
        private = await publish(bob, "#x pengikut", visibility="private")
        unlisted = await publish(bob, "#x tak terdaftar", visibility="unlisted")
        direct = await publish(bob, "#x @ani rahasia", visibility="direct")
        public = await publish(bob, "#x umum")
        await hears_home(at_home, private, unlisted, direct, public)
        await hears_home(theirs, private, unlisted, public)
        await hears_home(in_public, public)
        await hears_home(tagged, public)


async def test_answers_to_others_are_off_the_public_stream_but_under_their_tag(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    first = await publish(bob, "awal")
    async with (
        socket(site, ani, stream="public:local") as in_public,
        socket(site, ani, stream="hashtag:local", tag="x") as tagged,
        socket(site, ani, stream="public:remote") as remote,
    ):
        answer = await publish(ani, "#x jawaban", in_reply_to_id=first)
        last = await publish(bob, "#x akhir")
        await hears_home(in_public, last)
        await hears_home(tagged, answer, last)
        assert remote.wire.nothing_more()


async def test_a_boost_is_told_at_home_with_what_it_shows_and_nowhere_else(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    async with (
        socket(site, ani, stream="user") as line,
        socket(site, ani, stream="public") as in_public,
    ):
        original = await publish(eve, "bagus")
        boost = (await bob.post(f"/api/v1/statuses/{original}/reblog")).json()
        await site.settle()
        told = await line.event("update")
        assert (told["id"], told["reblog"]["id"]) == (boost["id"], original)
        last = await publish(bob, "akhir")
        await hears_home(in_public, original, last)
        await hears_home(line, last)


async def test_boosts_and_languages_that_a_follower_does_not_want_are_not_told(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(
        f"/api/v1/accounts/{bob.id}/follow", json={"reblogs": False, "languages": ["id"]}
    )
    async with socket(site, ani, stream="user") as line:
        original = await publish(eve, "bagus")
        await bob.post(f"/api/v1/statuses/{original}/reblog")
        await site.settle()
        await publish(bob, "english", language="en")
        wanted = await publish(bob, "bahasa", language="id")
        await hears_home(line, wanted)
        await ani.post(f"/api/v1/accounts/{bob.id}/follow", json={"languages": ["id", "en"]})
        await hears_home(line, await publish(bob, "more english", language="en"))


async def test_a_followed_tag_brings_a_strangers_post_home(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    async with socket(site, ani, stream="user") as line:
        await publish(bob, "#gempa satu")
        await tag_choices.follow_tag(site.world, ani.id, "gempa")
        two = await publish(bob, "#gempa dua")
        await publish(bob, "#gempa tiga", visibility="unlisted")
        await tag_choices.unfollow_tag(site.world, ani.id, "gempa")
        await publish(bob, "#gempa empat")
        await hears_home(line, two, await publish(ani, "akhir"))


async def test_a_list_hears_its_members_and_an_exclusive_one_keeps_them_from_home(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    for other in (bob, eve):
        await ani.post(f"/api/v1/accounts/{other.id}/follow")
    made = await lists.create_list(site.world, ani.id, ListChoice(title="Dekat"))
    await lists.put_on(site.world, ani.id, made.id, [bob.id])
    async with (
        socket(site, ani, stream="list", list=str(made.id)) as line,
        socket(site, ani, stream="user") as home,
    ):
        one = await publish(bob, "satu")
        await publish(eve, "bukan anggota")
        await lists.put_on(site.world, ani.id, made.id, [eve.id])
        two = await publish(eve, "anggota")
        await lists.take_off(site.world, ani.id, made.id, [bob.id])
        await publish(bob, "bukan lagi")
        three = await publish(eve, "masih")
        frame = await line.next()
        assert frame["stream"] == ["list", str(made.id)]
        await hears_home(line, two, three)
        for _ in range(5):
            await home.event("update")
        await lists.change_list(site.world, ani.id, made.id, ListChoice(exclusive=True))
        four = await publish(eve, "hanya di daftar")
        await hears_home(line, four)
        await hears_home(home, await publish(ani, "akhir"))
    assert one != two


@pytest.mark.parametrize(
    ("replies", "heard"), [("none", "own"), ("list", "own member"), ("followed", "own member any")]
)
async def test_a_list_shows_the_answers_that_its_owner_chose(site, replies, heard):
    names = ("ani", "bob", "eve", "sri", "tom")
    ani, bob, member, followed, stranger = [await site.member(name) for name in names]
    for other in (bob, member, followed):
        await ani.post(f"/api/v1/accounts/{other.id}/follow")
    made = await lists.create_list(site.world, ani.id, ListChoice(title="x", replies=replies))
    await lists.put_on(site.world, ani.id, made.id, [bob.id, member.id])
    parents = {
        "own": await publish(ani, "a"),
        "member": await publish(member, "b"),
        "any": await publish(followed, "c"),
        "none": await publish(stranger, "d"),
    }
    async with socket(site, ani, stream="user") as line:
        line.say(type="subscribe", stream="list", list=str(made.id))
        answers = {
            name: await publish(bob, "jawab", in_reply_to_id=parent)
            for name, parent in parents.items()
        }
        last = await publish(bob, "akhir")
        found = []
        while True:
            frame = await line.next()
            if frame["stream"][0] == "list":
                found.append(frame["payload"])
                if f'"id":"{last}"' in frame["payload"]:
                    break
    told = [name for name, one in answers.items() if any(f'{{"id":"{one}"' in p for p in found)]
    assert told == heard.split()


async def test_another_members_list_is_not_there(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    made = await lists.create_list(site.world, bob.id, ListChoice(title="x"))
    async with socket(site, ani) as line:
        line.say(type="subscribe", stream="list", list=str(made.id))
        assert (await line.next())["status"] == 404


async def test_what_a_viewer_sees_differently_is_in_their_own_copy(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(
        "/api/v2/filters",
        json={
            "title": "bocoran",
            "context": ["home", "public"],
            "keywords_attributes": [{"keyword": "episode"}],
        },
    )
    for other in (ani, eve):
        await other.post(f"/api/v1/accounts/{bob.id}/follow")
    async with socket(site, ani, stream="user") as one, socket(site, eve, stream="user") as two:
        posted = await publish(bob, "episode akhir")
        filtered = (await one.event("update"))["filtered"]
        assert [found["filter"]["title"] for found in filtered] == ["bocoran"]
        assert (await two.event("update"))["filtered"] == []
        await eve.post(f"/api/v1/statuses/{posted}/favourite")
        edited = await bob.put(f"/api/v1/statuses/{posted}", json={"status": "bagian akhir"})
        assert edited.status_code == 200
        mine, theirs = await one.event("status.update"), await two.event("status.update")
        assert (mine["favourited"], theirs["favourited"]) == (False, True)
        assert (mine["filtered"], mine["content"]) == ([], "<p>bagian akhir</p>")


async def test_every_copy_is_what_a_read_by_that_member_gives(site):
    people = [await site.member(name) for name in ("ani", "bob", "eve", "sri")]
    ani, bob, eve, _ = people
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    first = await publish(eve, "dikutip")
    for visibility, more in [
        ("public", {}),
        ("public", {"quote_approval_policy": "followers"}),
        ("public", {"quoted_status_id": first}),
        ("public", {"poll": {"options": ["a", "b"], "expires_in": 600}}),
        ("private", {}),
    ]:
        async with contextlib.AsyncExitStack() as stack:
            lines = []
            for member in people:
                line = await stack.enter_async_context(socket(site, member, stream="user"))
                line.say(type="subscribe", stream="public")
                lines.append(line)
            await asyncio.sleep(0)
            posted = await publish(bob, "isi", visibility=visibility, **more)
            last = await publish(eve, "akhir")
            for member, line in zip(people, lines, strict=True):
                there = (await member.get(f"/api/v1/statuses/{posted}")).json()
                told = [json.loads((await line.next())["payload"])]
                while told[-1]["id"] != last:
                    told.append(json.loads((await line.next())["payload"]))
                shown = [one for one in told if one["id"] == posted]
                assert all(one == there for one in shown)
                assert bool(shown) == (visibility == "public" or member in {ani, bob})


async def test_a_token_for_posts_alone_hears_no_notifications_at_home(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    token = await token_for(ani, "read:statuses")
    async with (
        socket(site, ani, stream="user") as full,
        socket(site, ani, stream="user:notification") as only,
        socket(site, None, stream="user", access_token=token) as posts,
    ):
        mentioned = await publish(bob, "@ani halo")
        await site.settle()
        for line in (full, only):
            told = await line.event("notification")
            assert (told["type"], told["status"]["id"]) == ("mention", mentioned)
        last = await publish(ani, "akhir")
        await hears_home(full, last)
        await hears_home(posts, last)
        assert only.wire.nothing_more()


async def test_a_notification_that_is_read_is_the_one_that_was_told(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    async with events(site, ani, "user/notification") as stream:
        await bob.post(f"/api/v1/accounts/{ani.id}/follow")
        await site.settle()
        told = await stream.event("notification")
        there = (await ani.get("/api/v1/notifications")).json()
        assert told["id"] == there[0]["id"]
        assert (told["type"], told["account"]["id"]) == ("follow", str(bob.id))
        await ani.post(f"/api/v1/accounts/{bob.id}/mute")
        await publish(bob, "@ani halo")
        await site.settle()
        assert stream.wire.nothing_more()


async def test_a_direct_post_is_told_as_a_conversation_to_those_in_it(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    async with (
        socket(site, ani, stream="direct") as line,
        socket(site, eve, stream="direct") as other,
    ):
        posted = await publish(bob, "@ani rahasia", visibility="direct")
        await site.settle()
        told = await line.event("conversation")
        assert told["last_status"]["id"] == posted
        assert [one["id"] for one in told["accounts"]] == [str(bob.id)]
        assert told == (await ani.get("/api/v1/conversations")).json()[0]
        assert other.wire.nothing_more()


async def test_filters_that_change_are_said_at_home_without_a_payload(site):
    ani = await site.member("ani")
    async with socket(site, ani, stream="user") as line, events(site, ani, "user") as stream:
        made = await ani.post("/api/v2/filters", json={"title": "x", "context": ["home"]})
        assert made.status_code == 200
        assert await line.next() == {"stream": ["user"], "event": "filters_changed"}
        assert await stream.lines() == "event: filters_changed\ndata: undefined\n\n"


async def test_what_the_site_announces_is_told_in_every_home(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    async with socket(site, ani, stream="user") as line, events(site, bob, "user") as stream:
        made = await announcements.announce(site.world, "Rapat besok")
        told = await line.event("announcement")
        assert told == (await ani.get("/api/v1/announcements")).json()[0]
        assert (await stream.event("announcement"))["id"] == str(made.id)
        await announcements.react(site.world, bob.id, made.id, "👍")
        signed = {"name": "👍", "count": 1, "announcement_id": str(made.id)}
        assert await line.event("announcement.reaction") == signed
        await announcements.withdraw(site.world, made.id)
        frame = await line.next()
        assert (frame["event"], frame["payload"]) == ("announcement.delete", str(made.id))


async def test_a_home_read_in_pages_is_all_there(site, monkeypatch):
    ani = await site.member("ani")
    others = [await site.member(f"m{n}") for n in range(6)]
    for other in others:
        await follows.follow(site.world, ani.id, other.id)
    monkeypatch.setattr(watchers, "_PAGE", 2)
    async with socket(site, ani, stream="user") as line:
        for other in others:
            await hears_home(line, await publish(other, "halo"))
