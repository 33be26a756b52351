"""Whatever people did to each other: a stream tells what a read of the same list shows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.streaming.wire import socket
from tests.api.telling_site import telling_subscriptions
from tests.kit.site import OpenSite, open_site
from venire.kernel.errors import Problem
from venire.people import follows, ties
from venire.people.follows import Manner
from venire.posts import actions, feeds, home, lists, reactions, tag_choices, tag_pages, timelines
from venire.posts.lists import ListChoice
from venire.posts.model import Draft, Window
from venire.posts.tag_pages import TagChoice
from venire.storage.relay import Subscription

PEOPLE = 4
_one = st.integers(0, PEOPLE - 1)
_pairs = st.tuples(_one, _one).filter(lambda pair: pair[0] != pair[1])

DEEDS = st.one_of(
    st.tuples(
        st.sampled_from(["follow", "unfollow", "block", "unblock", "mute", "unmute"]), _pairs
    ),
    st.tuples(st.sampled_from(["no_boosts", "only_english", "on_list", "off_list"]), _pairs),
    st.tuples(st.sampled_from(["follow_tag", "unfollow_tag", "answers"]), _pairs),
    st.tuples(st.just("boost"), _pairs),
    st.tuples(
        st.just("post"),
        st.tuples(
            _one,
            st.sampled_from(["public", "unlisted", "private", "direct"]),
            st.sampled_from(["", " #x", " @m0", " @m1 #x"]),
            st.sampled_from([None, "en", "id"]),
            st.one_of(st.none(), st.integers(0, 6)),
        ),
    ),
)


BEFORE = (
    ("follow", (0, 1)),
    ("follow", (0, 2)),
    ("follow", (1, 2)),
    ("follow", (2, 1)),
    ("on_list", (0, 1)),
    ("follow_tag", (3, 0)),
)


class Town:
    """Four members, a list of each one's, everything that was posted."""

    def __init__(self, site: OpenSite, ids: list[int], made: list[int]) -> None:
        self.site = site
        self.ids = ids
        self.lists = made
        self.posts: list[int] = []
        self.boosts: set[int] = set()

    async def do(self, name: str, who: int, whom: int) -> None:
        world, me, other, made = self.site.world, self.ids[who], self.ids[whom], self.lists[who]
        replies = lists.REPLIES[whom % 3]
        deeds = {
            "follow": lambda: follows.follow(world, me, other, Manner(reblogs=True, languages=())),
            "no_boosts": lambda: follows.follow(world, me, other, Manner(reblogs=False)),
            "only_english": lambda: follows.follow(world, me, other, Manner(languages=("en",))),
            "unfollow": lambda: follows.unfollow(world, me, other),
            "block": lambda: ties.block(world, me, other),
            "unblock": lambda: ties.unblock(world, me, other),
            "mute": lambda: ties.mute(world, me, other, notifications=True, lasts_s=0),
            "unmute": lambda: ties.unmute(world, me, other),
            "on_list": lambda: lists.put_on(world, me, made, [other]),
            "off_list": lambda: lists.take_off(world, me, made, [other]),
            "follow_tag": lambda: tag_choices.follow_tag(world, me, "x"),
            "unfollow_tag": lambda: tag_choices.unfollow_tag(world, me, "x"),
            "answers": lambda: lists.change_list(world, me, made, ListChoice(replies=replies)),
        }
        await deeds[name]()

    async def publish(self, author: int, visibility: str, more: str, language, parent) -> int:
        answered = None
        if parent is not None and self.posts:
            answered = self.posts[parent % len(self.posts)]
        draft = Draft(
            text=f"kiriman{more}", visibility=visibility, language=language, in_reply_to_id=answered
        )
        return int((await actions.publish(self.site.world, self.ids[author], draft)).id)

    async def boost(self, who: int, which: int) -> int | None:
        if not self.posts:
            return None
        target = self.posts[which % len(self.posts)]
        post = await reactions.repost(self.site.world, self.ids[who], target)
        await self.site.settle()
        if int(post.id) in self.boosts:
            # Again is the same boost: nobody is told anew.
            return None
        self.boosts.add(int(post.id))
        return int(post.id)

    async def read(self, viewer: int, post_id: int) -> set[str]:
        """On which of a viewer's lists a read shows the newest post."""
        world, me = self.site.world, self.ids[viewer]
        window = Window(limit=5, since_id=post_id - 1)
        await self.site.settle()
        pages = {
            "user": await home.home(world, me, window),
            "public": await timelines.public(world, me, window),
            "hashtag": await tag_pages.tag_page(world, me, TagChoice("x"), window),
            "list": await lists.list_page(world, me, self.lists[viewer], window),
        }
        return {name for name, page in pages.items() if post_id in {one.id for one in page.items}}


async def told_of(lines, post_id: int) -> list[set[str]]:
    """On which streams each socket was told of a post; `ping` is the last that each is told."""
    found: list[set[str]] = []
    for line in lines:
        names: set[str] = set()
        while (frame := await line.next()).get("code") != "stream_unknown":
            if frame["event"] == "update" and json.loads(frame["payload"])["id"] == str(post_id):
                names.add(frame["stream"][0])
        found.append(names)
    return found


async def run(deeds) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_site(Path(folder), subscriptions=subscriptions) as site:
            people = [await site.member(f"m{n}") for n in range(PEOPLE)]
            made = [
                (await lists.create_list(site.world, one.id, ListChoice(title="x"))).id
                for one in people
            ]
            town = Town(site, [one.id for one in people], made)
            async with contextlib.AsyncExitStack() as stack:
                lines = []
                for one, list_id in zip(people, made, strict=True):
                    line = await stack.enter_async_context(socket(site, one, stream="user"))
                    for words in (
                        {"stream": "public"},
                        {"stream": "hashtag", "tag": "x"},
                        {"stream": "list", "list": str(list_id)},
                    ):
                        line.say(type="subscribe", **words)
                    lines.append(line)
                for name, given_as in (*BEFORE, *deeds):
                    site.clock.advance(1)
                    await _compare(town, lines, name, given_as)


def subscriptions(court):
    """What feeds homes and lists, besides what tells members."""
    world = court.world
    fed = Subscription(feeds.CURSOR, page=lambda page, at: feeds.fan_out(world, page, at))
    heard = Subscription("lists", lambda one: lists.hear(world, one), lists.HEARS)
    return (*telling_subscriptions(court), fed, heard)


async def _compare(town: Town, lines, name: str, given_as) -> None:
    post_id = None
    with contextlib.suppress(Problem):
        if name == "post":
            post_id = await town.publish(*given_as)
            town.posts.append(post_id)
        elif name == "boost":
            post_id = await town.boost(*given_as)
        else:
            await town.do(name, *given_as)
            await town.site.settle()
    if post_id is None:
        return
    read = [await town.read(viewer, post_id) for viewer in range(PEOPLE)]
    # Told in order: an answer to a word comes after what was told before it was said.
    await asyncio.sleep(0.03)
    for line in lines:
        line.say(type="subscribe", stream="ping")
    assert await told_of(lines, post_id) == read, (name, given_as)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DEEDS, min_size=3, max_size=14))
def test_a_stream_tells_what_a_read_of_the_same_list_shows(deeds):
    asyncio.run(run(deeds))
