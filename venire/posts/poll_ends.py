"""When a poll's time is up: a timer set when it is asked, and whoever took part is told.

The timer is written in the commit that asks: whoever was told that a poll is there is told of its
end. An edit sets another timer; the one before finds that it is not meant any more.
"""

from __future__ import annotations

from typing import Final

from venire.events import PollEnded
from venire.kernel.ids import IMPORT_NODE, id_at
from venire.posts import store
from venire.posts.model import DELETED, Post
from venire.posts.polls import voters
from venire.storage.timers import timer
from venire.storage.verbs import Write
from venire.storage.world import World

TIMER: Final = "poll"


def end_timer(post: Post) -> list[Write]:
    """The timer of a post's poll, for the commit that begins the poll or changes it."""
    if post.poll is None:
        return []
    key = f"{post.id}:{post.poll.round}:{post.poll.ends_at_ms}"
    return [timer(store.aggregate(post.id), TIMER, key, post.poll.ends_at_ms)]


async def on_due(world: World, key: str) -> None:
    """Say that a poll is over, if this is the round and the moment that is."""
    post_id, round_, ends_at_ms = (int(part) for part in key.split(":"))
    post = await store.load(world, post_id)
    if post is None or post.state == DELETED or post.poll is None:
        return
    if (post.poll.round, post.poll.ends_at_ms) == (round_, ends_at_ms):
        event = PollEnded(post.id, post.author_id)
        await world.storage.commit(store.aggregate(post.id), [], [event])


def notification_id(post: Post) -> int:
    """The id under which the end of a poll is told: the same however often it is said.

    Of the node that gives ids to imported posts, which nobody is notified of.
    """
    ends_at_ms = 0 if post.poll is None else post.poll.ends_at_ms
    return id_at(ends_at_ms) | (IMPORT_NODE << 11) | ((post.id >> 16) & 0x7FF)


async def whom_to_tell(world: World, post: Post) -> list[int]:
    """A poll's author and those who voted."""
    took_part = [] if post.poll is None else await voters(world, post.id, post.poll)
    return [post.author_id, *took_part]
