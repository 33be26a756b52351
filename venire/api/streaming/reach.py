"""Whom a post reaches: who is told of it, and who may have been and is told that it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from venire.api.streaming.audience import Audience
from venire.api.streaming.channels import LIST, USER, Channel, Key, public_keys
from venire.api.streaming.listeners import Listener
from venire.api.streaming.watchers import Watcher
from venire.people.model import Account
from venire.posts.lists import shows_answer
from venire.posts.model import DIRECT, LISTED, VISIBLE, Post
from venire.posts.tags import listed_tags

Hearer = tuple[Listener, Channel]


class Reach:
    """Whom a post of an author reaches, in this process."""

    def __init__(self, audience: Audience, post: Post, author: Account) -> None:
        self._audience = audience
        self._watchers = audience.watchers
        self._post = post
        self._author = author
        self._plain = (
            post.state == VISIBLE
            and post.visibility != DIRECT
            and post.reblog_of_id is None
            and not post.replies_to_other
        )

    async def hearers(self) -> list[Hearer]:
        """Those who are shown it, each on the channels where they are."""
        found = [one for one in self._public() if self._is_shown_publicly(one[0].watcher)]
        for watcher in self._near():
            if await self._stands_in_home(watcher):
                found += _own(watcher, (USER, ""))
        if self._post.visibility != DIRECT:
            for one in list(self._audience.lists.with_member(self._post.author_id)):
                owner = self._watchers.get(one.row.owner_id)
                if owner is None or not shows_answer(one.row, one.members, self._post):
                    continue
                if await self._belongs_home(owner):
                    found += self._on((LIST, str(one.row.id)))
        return found

    def holders(self) -> list[Hearer]:
        """Those who may have been shown it, and then some: an id alone tells nothing."""
        home: Iterable[Watcher] = self._near()
        if self._post.visibility in LISTED:
            # Whoever saw it as a boost must lose it too, and from whom is not known here.
            home = self._watchers.all()
        found = list(self._public())
        for watcher in home:
            found += _own(watcher, (USER, ""))
        for one in self._audience.lists.with_member(self._post.author_id):
            found += self._on((LIST, str(one.row.id)))
        return found

    def of_author(self) -> list[Hearer]:
        """The author's own home."""
        watcher = self._watchers.get(self._post.author_id)
        return [] if watcher is None else list(_own(watcher, (USER, "")))

    def _public(self) -> Iterator[Hearer]:
        for key in public_keys(self._post):
            yield from self._on(key)

    def _on(self, key: Key) -> Iterator[Hearer]:
        for listener in list(self._audience.on(key)):
            channel = listener.channels.get(key)
            if channel is not None:
                yield listener, channel

    def _near(self) -> set[Watcher]:
        """Those in whose home it may stand."""
        post = self._post
        own = {post.author_id, *post.mentioned_ids}
        near = {found for one in own if (found := self._watchers.get(one)) is not None}
        if post.visibility == DIRECT:
            return near
        near |= self._watchers.followers(post.author_id)
        for tag in listed_tags(post):
            near |= self._watchers.following_tag(tag)
        return near

    def _is_shown_publicly(self, watcher: Watcher) -> bool:
        author_id = self._post.author_id
        if watcher.account_id == author_id:
            return True
        fewer = self._author.silenced or self._post.demoted
        if fewer and not self._watchers.follows(watcher, author_id):
            return False
        return not watcher.hides(author_id)

    async def _stands_in_home(self, watcher: Watcher) -> bool:
        """Whether it stands in a home: as `posts.home` decides for one who reads."""
        post = self._post
        if post.author_id in watcher.exclusive and post.visibility != DIRECT:
            return False
        if await self._belongs_home(watcher):
            return True
        if watcher.tags.isdisjoint(listed_tags(post)) or not self._is_shown_publicly(watcher):
            return False
        return self._plain or await self._is_listed_for(watcher)

    async def _belongs_home(self, watcher: Watcher) -> bool:
        """`Sight.wants_home`, without asking it where only a block or a language can decide."""
        post = self._post
        if self._plain and watcher.account_id != post.author_id:
            if not self._watchers.follows(watcher, post.author_id):
                return False
            manner = watcher.manners.get(post.author_id)
            wanted = (
                manner is None
                or not manner.languages
                or post.language is None
                or post.language in manner.languages
            )
            return wanted and not watcher.hides(post.author_id)
        sight = self._watchers.sight_of(watcher)
        await sight.posts([post.id])
        await sight.learn([post.in_reply_to_account_id])
        return sight.wants_home(post)

    async def _is_listed_for(self, watcher: Watcher) -> bool:
        sight = self._watchers.sight_of(watcher)
        await sight.posts([self._post.id])
        return sight.lists(self._post)


def _own(watcher: Watcher, key: Key) -> Iterator[Hearer]:
    for listener in list(watcher.listeners):
        channel = listener.channels.get(key)
        if channel is not None:
            yield listener, channel
