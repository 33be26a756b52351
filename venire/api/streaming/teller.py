"""What each event means for those who listen.

An update is told to whoever a read of the same list would show it to. What a client has to take
away again (deleted, removed, held) is told by id alone to whoever may have it. A post that was held
before anybody was told of it is told when it is released, if it is still new; a post that was told,
then held, then released comes back where clients look for it, in its place in the timelines:
Mastodon has no event for that, and a second `update` would put an old post on top.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from venire import events
from venire.api.conversations import conversation_entities
from venire.api.entities.announcement import build_announcement
from venire.api.entities.notification import notification_jsons
from venire.api.streaming.audience import Audience
from venire.api.streaming.channels import DIRECT, USER
from venire.api.streaming.listeners import NO_LONGER_VALID, Listener
from venire.api.streaming.messages import Message
from venire.api.streaming.reach import Hearer, Reach
from venire.api.streaming.watchers import Watcher
from venire.api.streaming.writing import Copies
from venire.kernel.errors import NotFound
from venire.people import model as people
from venire.people.store import load_account
from venire.posts import announcements, conversations, notifications, store
from venire.posts.model import HELD, REMOVED, VISIBLE, Post
from venire.storage.verbs import Envelope
from venire.storage.world import World

_UNTOLD_MOST = 10_000
_NEW_MS = 15 * 60_000
"""How old a post may be that is told when it is released; an older one is found by reading."""
_SLICE = 250
"""Sockets told between two looks at whatever else waits."""
_REFRESH = b"1"
"""What Mastodon sends where only the event counts."""

Still = Callable[[Listener], Awaitable[bool]]
"""Whether a socket would be let in again."""

NOBODY = 0
"""An id that no account has: what everyone sees is asked for by nobody."""
UPDATE = "update"
STATUS_UPDATE = "status.update"


class Teller:
    """Tells the events of one journal to one audience, in order."""

    def __init__(self, world: World, audience: Audience, still: Still) -> None:
        self._world = world
        self._audience = audience
        self._watchers = audience.watchers
        self._still = still
        self._untold: OrderedDict[int, None] = OrderedDict()
        self._on: dict[type, Callable[[Any], Awaitable[None]]] = {
            events.PostCreated: self._created,
            events.PostEdited: self._edited,
            events.PostDeleted: self._deleted,
            events.PostShown: self._shown,
            events.Notified: self._notified,
            events.NotificationsMerged: self._merged,
            events.ConversationChanged: self._conversation,
            events.FiltersChanged: self._filters,
            events.AnnouncementMade: self._announced,
            events.AnnouncementWithdrawn: self._withdrawn,
            events.AnnouncementSigned: self._signed,
            events.Followed: self._tie,
            events.Unfollowed: self._tie,
            events.FollowChanged: self._tie,
            events.RelationChanged: self._relation,
            events.ListChanged: self._list,
            events.ListDeleted: self._list,
            events.TagsChanged: self._tags,
            events.TokenRevoked: self._revoked,
            events.StrikeChanged: self._standing,
            events.AccountDeleted: self._standing,
        }

    async def tell(self, envelope: Envelope) -> None:
        """Tell one event; most are of no interest here."""
        told = self._on.get(type(envelope.event))
        if told is not None:
            await told(envelope.event)

    # posts

    async def _created(self, event: events.PostCreated) -> None:
        reach, post, shown = await self._reach(event.post_id)
        if reach is None or post is None or post.state not in {VISIBLE, HELD}:
            return
        if post.state == HELD:
            self._untold[post.id] = None
            if len(self._untold) > _UNTOLD_MOST:
                self._untold.popitem(last=False)
            await self._show(UPDATE, post, shown, reach.of_author())
        else:
            await self._show(UPDATE, post, shown, await reach.hearers())

    async def _edited(self, event: events.PostEdited) -> None:
        reach, post, shown = await self._reach(event.post_id)
        if reach is not None and post is not None and post.state == VISIBLE:
            await self._show(STATUS_UPDATE, post, shown, await reach.hearers())

    async def _deleted(self, event: events.PostDeleted) -> None:
        reach, post, _ = await self._reach(event.post_id)
        if reach is None or post is None:
            return
        untold = self._untold.pop(event.post_id, False) is None
        await self._take_away(post, reach.of_author() if untold else reach.holders())

    async def _shown(self, event: events.PostShown) -> None:
        reach, post, shown = await self._reach(event.post_id)
        if reach is None or post is None:
            return
        untold = event.post_id in self._untold
        if event.state == VISIBLE:
            self._untold.pop(event.post_id, None)
            fresh = self._world.now_ms() - post.created_at_ms < _NEW_MS
            if untold and fresh and post.state == VISIBLE:
                # Its author has had it all along.
                others = [one for one in await reach.hearers() if not _is_of(post, one)]
                await self._show(UPDATE, post, shown, others)
        elif event.state == REMOVED:
            await self._take_away(post, reach.of_author() if untold else reach.holders())
        elif not untold:
            # Its author goes on seeing it.
            others = [one for one in reach.holders() if not _is_of(post, one)]
            await self._take_away(post, others)

    async def _reach(self, post_id: int) -> tuple[Reach | None, Post | None, Post | None]:
        """Whom a post reaches, the post, and what it shows; None where it is not there."""
        post = await store.load(self._world, post_id)
        author = None if post is None else await load_account(self._world, post.author_id)
        if post is None or author is None or author.state == people.DELETED:
            return None, post, None
        shown: Post | None = post
        if post.reblog_of_id is not None:
            shown = await store.load(self._world, post.reblog_of_id)
        return Reach(self._audience, post, author), post, shown

    async def _show(
        self, event: str, post: Post, shown: Post | None, hearers: Sequence[Hearer]
    ) -> None:
        if not hearers or shown is None or shown.state not in {VISIBLE, HELD}:
            return
        copies = Copies(self._world, self._watchers, event, post, shown)
        for start in range(0, len(hearers), _SLICE):
            part = hearers[start : start + _SLICE]
            watchers = {listener.watcher for listener, _ in part}
            written = await copies.written_for(watchers)
            for listener, channel in part:
                message = written.get(listener.watcher.account_id)
                if message is not None:
                    listener.hear(message, channel)
            await asyncio.sleep(0)

    async def _take_away(self, post: Post, hearers: Sequence[Hearer]) -> None:
        message = Message("delete", str(post.id).encode())
        for start in range(0, len(hearers), _SLICE):
            for listener, channel in hearers[start : start + _SLICE]:
                listener.hear(message, channel)
            await asyncio.sleep(0)

    # what concerns one account

    async def _notified(self, event: events.Notified) -> None:
        watcher = self._watchers.get(event.account_id)
        if watcher is None or not any(one.takes_notifications for one in watcher.listeners):
            return
        try:
            found = await notifications.load(self._world, event.account_id, event.notification_id)
        except NotFound:
            # Put away already, or of a post that may not be seen.
            return
        for written in await notification_jsons(self._world, event.account_id, [found]):
            _tell_notification(watcher, Message("notification", bytes(written)))

    async def _merged(self, event: events.NotificationsMerged) -> None:
        watcher = self._watchers.get(event.account_id)
        if watcher is not None:
            _tell_notification(watcher, Message("notifications_merged", _REFRESH))

    async def _conversation(self, event: events.ConversationChanged) -> None:
        watcher = self._watchers.get(event.account_id)
        if watcher is None:
            return
        if not any((DIRECT, "") in one.channels for one in watcher.listeners):
            return
        try:
            one = await conversations.load(self._world, event.account_id, event.conversation_id)
        except NotFound:
            # Nothing of it may be seen any more.
            return
        for entity in await conversation_entities(self._world, event.account_id, [one]):
            payload = msgspec.json.encode(entity)
            _tell_own(watcher, Message("conversation", payload), DIRECT)

    async def _filters(self, event: events.FiltersChanged) -> None:
        watcher = self._watchers.get(event.account_id)
        if watcher is not None:
            await self._watchers.learn_filters(watcher)
            _tell_own(watcher, Message("filters_changed", None), USER)

    # what concerns everyone

    async def _announced(self, event: events.AnnouncementMade) -> None:
        for one in await announcements.current(self._world, NOBODY):
            if one.row.id == event.announcement_id:
                await self._to_all("announcement", msgspec.json.encode(build_announcement(one)))

    async def _withdrawn(self, event: events.AnnouncementWithdrawn) -> None:
        await self._to_all("announcement.delete", str(event.announcement_id).encode())

    async def _signed(self, event: events.AnnouncementSigned) -> None:
        said = {
            "name": event.name,
            "count": event.count,
            "announcement_id": str(event.announcement_id),
        }
        await self._to_all("announcement.reaction", msgspec.json.encode(said))

    async def _to_all(self, name: str, payload: bytes) -> None:
        message, everyone = Message(name, payload), self._watchers.all()
        for start in range(0, len(everyone), _SLICE):
            for watcher in everyone[start : start + _SLICE]:
                _tell_own(watcher, message, USER)
            await asyncio.sleep(0)

    # what changes who hears whom

    async def _tie(self, event: events.Followed | events.Unfollowed | events.FollowChanged) -> None:
        await self._watchers.between(event.follower_id, event.followee_id)

    async def _relation(self, event: events.RelationChanged) -> None:
        await self._watchers.between(event.account_id, event.target_id)

    async def _list(self, event: events.ListChanged | events.ListDeleted) -> None:
        await self._audience.lists.changed(event.list_id)
        watcher = self._watchers.get(event.owner_id)
        if watcher is not None:
            await self._watchers.learn_choices(watcher)

    async def _tags(self, event: events.TagsChanged) -> None:
        watcher = self._watchers.get(event.account_id)
        if watcher is not None:
            await self._watchers.learn_choices(watcher)

    # who may listen

    async def _revoked(self, event: events.TokenRevoked) -> None:
        for listener in self._audience.with_token(event.token_id):
            listener.end(NO_LONGER_VALID)

    async def _standing(self, event: events.StrikeChanged | events.AccountDeleted) -> None:
        watcher = self._watchers.get(event.account_id)
        for listener in list(watcher.listeners) if watcher is not None else ():
            if not await self._still(listener):
                listener.end(NO_LONGER_VALID)


def _is_of(post: Post, hearer: Hearer) -> bool:
    return hearer[0].watcher.account_id == post.author_id


def _tell_own(watcher: Watcher, message: Message, name: str) -> None:
    for listener in list(watcher.listeners):
        listener.hear_own(message, (name, ""))


def _tell_notification(watcher: Watcher, message: Message) -> None:
    for listener in list(watcher.listeners):
        listener.hear_notification(message)
