"""A post as JSON for many who look at once: written once for all who see the same of it.

What differs between viewers is seldom there: a mark on an older post, a filter that finds a word, a
quoted author who blocks them. Those few get a copy of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from venire.api.entities.status import status_jsons
from venire.api.streaming.messages import Message
from venire.api.streaming.watchers import Watcher, Watchers
from venire.people.follows import is_following
from venire.posts.conversation_mutes import muted
from venire.posts.marks import marks_of
from venire.posts.model import FOLLOWERS, Post
from venire.storage.world import World


class Copies:
    """The copies of one event about a post. `shown`: the post itself, or the one that it boosts."""

    def __init__(
        self, world: World, watchers: Watchers, event: str, post: Post, shown: Post
    ) -> None:
        self._world = world
        self._watchers = watchers
        self._event = event
        self._post = post
        self._shown = shown
        self._usual: dict[bool, Message | None] = {}

    async def written_for(self, watchers: Iterable[Watcher]) -> dict[int, Message]:
        """The copy for each account; one that the post cannot be shown to is left out."""
        found: dict[int, Message] = {}
        for watcher in watchers:
            message = await self._copy(watcher)
            if message is not None:
                found[watcher.account_id] = message
        return found

    async def _copy(self, watcher: Watcher) -> Message | None:
        if await self._is_special(watcher):
            return await self._write(watcher)
        follows = await self._counts_as_follower(watcher)
        if follows not in self._usual:
            self._usual[follows] = await self._write(watcher)
        return self._usual[follows]

    async def _write(self, watcher: Watcher) -> Message | None:
        found = await status_jsons(self._world, [self._post], watcher.account_id)
        return Message(self._event, bytes(found[0])) if found else None

    async def _is_special(self, watcher: Watcher) -> bool:
        shown = self._shown
        me = watcher.account_id
        if me in {shown.author_id, self._post.author_id} or shown.quoted_author_id == me:
            return True
        if watcher.hides(shown.quoted_author_id):
            return True
        if watcher.filters and watcher.filters.matches(shown):
            return True
        if self._is_older() and (
            shown.poll is not None or await marks_of(self._world, me, [shown.id])
        ):
            return True
        if shown.in_reply_to_id is None and not self._is_older():
            return False
        return bool(await muted(self._world, me, {shown.conversation_id}))

    def _is_older(self) -> bool:
        """Whether anybody can have done anything with what is shown before now."""
        return self._shown is not self._post or self._event != "update"

    async def _counts_as_follower(self, watcher: Watcher) -> bool:
        """Who follows an author may quote more; nothing else depends on it."""
        if self._shown.quote_policy != FOLLOWERS:
            return True
        if watcher.followees is not None:
            return self._watchers.follows(watcher, self._shown.author_id)
        return await is_following(self._world, watcher.account_id, self._shown.author_id)
