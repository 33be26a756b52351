"""What an account is told. A notification has the id of its event: a retelling is the same row.

Nothing is taken out: what was put away is noted beside it, and what may no longer be seen is passed
over at read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from venire.events import Followed, FollowRequested, PostCreated, PostEdited
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId, PostId, id_ms
from venire.people.follows import is_following
from venire.people.relations import BLOCK, MUTE, load_relation
from venire.posts import store, writing
from venire.posts.model import DELETED, Notification, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.posts.spans import last_id_of, month_of
from venire.storage.tables.posts import (
    CLEARED,
    DISMISSALS,
    NOTIFICATIONS,
    TOLD,
    ClearedRow,
    DismissalRow,
    NotificationRow,
    ToldRow,
)
from venire.storage.verbs import Envelope
from venire.storage.world import World

HEARS = (PostCreated, PostEdited, Followed, FollowRequested)
KEPT_MS = 180 * DAY_MS
ABOUT_POSTS = frozenset({"mention", "status", "reblog", "favourite", "poll", "update", "quote"})
"""Those that say nothing without their post: hidden with it."""
ALWAYS = frozenset({"moderation_warning"})
"""What concerns the account itself reaches it whomever it blocks."""

_DATA = msgspec.json.Decoder(dict[str, object])


class Choice(msgspec.Struct, frozen=True):
    """Which notifications are asked for; empty `types` are all."""

    types: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    from_id: int | None = None

    def takes(self, row: NotificationRow) -> bool:
        """Whether a row is asked for."""
        return (
            (not self.types or row.type in self.types)
            and row.type not in self.excluded
            and (self.from_id is None or row.from_id == self.from_id)
        )


async def notify(  # noqa: PLR0917 - who, what, from whom, about what: as it is said
    world: World,
    event_id: int,
    account_id: int,
    kind: str,
    from_id: int,
    post_id: int | None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Tell an account something that follows from an event; again with the same event is once.

    `kind`: a type of Mastodon's. One event tells one account one thing. `data` is JSON; of a
    `moderation_warning` the AccountWarning, without its `target_account`.
    """
    row = NotificationRow(
        account_id=account_id,
        month=month_of(event_id),
        id=event_id,
        type=kind,
        from_id=from_id,
        post_id=post_id,
        data=None if data is None else msgspec.json.encode(data),
    )
    await world.storage.put(NOTIFICATIONS, row, expires_at_ms=id_ms(event_id) + KEPT_MS)


async def tell(world: World, envelope: Envelope) -> None:
    """Notify whom an event concerns: those a post names, those who are followed."""
    event = envelope.event
    if isinstance(event, Followed):
        if await is_following(world, event.follower_id, event.followee_id) and await _hears_from(
            world, event.followee_id, event.follower_id
        ):
            await notify(world, envelope.id, event.followee_id, "follow", event.follower_id, None)
    elif isinstance(event, FollowRequested):
        if await _hears_from(world, event.followee_id, event.follower_id):
            kind, asker = "follow_request", event.follower_id
            await notify(world, envelope.id, event.followee_id, kind, asker, None)
    elif isinstance(event, PostCreated | PostEdited):
        post = await store.load(world, event.post_id)
        # One that was held before it was told is told when it is seen: the row is passed over
        # until then. One that is gone is not told at all.
        if post is not None and post.state != DELETED:
            await _tell_named(world, envelope, post)


async def _tell_named(world: World, envelope: Envelope, post: Post) -> None:
    """Tell those a post names, each once: whom its first version named, by its publication."""
    named = writing.recipients(post)
    first = await _named_first(world, post) if named else frozenset()
    for account_id in named:
        if not await _hears_from(world, account_id, post.author_id):
            continue
        if account_id in first:
            told = isinstance(envelope.event, PostCreated)
        else:
            row = ToldRow(post.id, account_id, envelope.id)
            told = (await world.storage.put_if_absent(TOLD, row) or row) == row
        if told:
            await notify(world, envelope.id, account_id, "mention", post.author_id, post.id)


async def _named_first(world: World, post: Post) -> frozenset[AccountId]:
    earliest = await store.versions(world, post.id, most=1)
    mentions = store.version_mentions(earliest[0]) if earliest else post.mentions
    return frozenset(mention.id for mention in mentions)


async def _hears_from(world: World, account_id: int, from_id: int) -> bool:
    """Whether an account wants to be told of another: no block, no mute that covers this."""
    if await load_relation(world, account_id, BLOCK, from_id) is not None:
        return False
    muted = await load_relation(world, account_id, MUTE, from_id)
    return muted is None or not muted.notifications


async def page_of(
    world: World, account_id: int, window: Window, choice: Choice
) -> Page[Notification]:
    """An account's notifications, newest first."""
    sight = await Sight.of(world, account_id)
    cleared = await _cleared_through(world, account_id)

    async def fetch(stretch: Stretch) -> list[NotificationRow]:
        return await _rows(world, account_id, stretch.within(above=cleared))

    async def keep(rows: Sequence[NotificationRow]) -> list[tuple[int, Notification]]:
        away = await _dismissed(world, rows)
        asked = [row for row in rows if row.id not in away and choice.takes(row)]
        shown = await _shown(world, sight, asked)
        return [(row.id, _notification(row)) for row in shown]

    return await fill_page(window, fetch, lambda row: row.id, keep)


async def _rows(world: World, account_id: int, stretch: Stretch) -> list[NotificationRow]:
    now_ms = world.now_ms()
    newest = month_of(last_id_of(now_ms)) + 1
    oldest = month_of(last_id_of(max(0, now_ms - KEPT_MS)))
    if stretch.below is not None:
        newest = min(newest, month_of(stretch.below))
    if stretch.above is not None:
        oldest = max(oldest, month_of(stretch.above))
    months = range(oldest, newest + 1)
    found: list[NotificationRow] = []
    for month in months if stretch.rising else reversed(months):
        found += await world.storage.range(
            NOTIFICATIONS,
            (account_id, month),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count - len(found),
            reverse=stretch.rising,
        )
        if len(found) >= stretch.count:
            break
    return found


async def _shown(
    world: World, sight: Sight, rows: Sequence[NotificationRow]
) -> list[NotificationRow]:
    """Those whose sender and post may be seen."""
    posts = await store.load_many(world, {row.post_id for row in rows if row.post_id is not None})
    by_id = {int(post.id): post for post in posts}
    await sight.learn([row.from_id for row in rows])
    await sight.learn([post.author_id for post in posts])
    return [row for row in rows if _passes(sight, row, by_id)]


def _passes(sight: Sight, row: NotificationRow, posts: Mapping[int, Post]) -> bool:
    if row.type in ALWAYS:
        return True
    relation = sight.relation(row.from_id)
    if relation.blocking or relation.blocked_by or not sight.there(row.from_id):
        return False
    if row.type not in ABOUT_POSTS:
        return True
    post = posts.get(row.post_id) if row.post_id is not None else None
    return post is not None and sight.sees(post)


async def _dismissed(world: World, rows: Sequence[NotificationRow]) -> set[int]:
    """Which of some neighbouring rows were put away."""
    found: set[int] = set()
    for month in {row.month for row in rows}:
        ids = [row.id for row in rows if row.month == month]
        away = await world.storage.range(
            DISMISSALS,
            (rows[0].account_id, month),
            above=(min(ids) - 1,),
            below=(max(ids) + 1,),
            # Only what is there can be put away, and between neighbours there is nothing else.
            limit=len(ids),
        )
        found |= {row.id for row in away}
    return found


async def _kept(world: World, account_id: int, notification_id: int) -> NotificationRow:
    """A row that was not put away. NotFound `record_not_found`."""
    row = await world.storage.get(
        NOTIFICATIONS, (account_id, month_of(notification_id), notification_id)
    )
    if row is None or row.id <= await _cleared_through(world, account_id):
        raise NotFound("record_not_found", "Record not found")
    if await _dismissed(world, [row]):
        raise NotFound("record_not_found", "Record not found")
    return row


async def load(world: World, account_id: int, notification_id: int) -> Notification:
    """One notification. NotFound `record_not_found`, also where it was put away."""
    row = await _kept(world, account_id, notification_id)
    if not await _shown(world, await Sight.of(world, account_id), [row]):
        raise NotFound("record_not_found", "Record not found")
    return _notification(row)


async def dismiss(world: World, account_id: int, notification_id: int) -> None:
    """Put a notification away, shown at the moment or not. NotFound `record_not_found`."""
    row = await _kept(world, account_id, notification_id)
    away = DismissalRow(account_id, row.month, row.id)
    await world.storage.put(DISMISSALS, away, expires_at_ms=id_ms(row.id) + KEPT_MS)


async def clear(world: World, account_id: int) -> None:
    """Put every notification there is away."""
    await world.storage.put(CLEARED, ClearedRow(account_id, last_id_of(world.now_ms())))


async def _cleared_through(world: World, account_id: int) -> int:
    row = await world.storage.get(CLEARED, (account_id,))
    return 0 if row is None else row.through_id


def _notification(row: NotificationRow) -> Notification:
    return Notification(
        id=row.id,
        account_id=AccountId(row.account_id),
        type=row.type,
        from_id=AccountId(row.from_id),
        post_id=None if row.post_id is None else PostId(row.post_id),
        data=None if row.data is None else _DATA.decode(row.data),
    )
