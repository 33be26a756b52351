"""Who is told of what happens: those a post names, quotes or boosts, those who wait for it.

Whom it concerns is decided here; whether they hear of it is theirs: blocks, mutes, muted threads,
their policy (`notification_policy`), and a cap for storms (`notification_groups`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import msgspec

from venire.events import (
    AccountCreated,
    Favourited,
    Followed,
    FollowRequested,
    PollEnded,
    PostCreated,
    PostEdited,
    Quoted,
    Reposted,
    Unfavourited,
    Unreposted,
)
from venire.kernel.ids import AccountId
from venire.people.follows import is_following, notifying_followers
from venire.people.relations import MUTE, hidden_from, load_relation
from venire.people.store import staff
from venire.posts import (
    marks,
    notification_groups,
    notification_policy,
    notification_requests,
    notifications,
    poll_ends,
    quotes,
    store,
    writing,
)
from venire.posts.conversation_mutes import muted
from venire.posts.model import DELETED, DIRECT, Post, Stretch, Window
from venire.posts.sight import Sight
from venire.posts.spans import month_of
from venire.storage.tables.posts import TOLD, NotificationRow, ToldRow
from venire.storage.verbs import Envelope
from venire.storage.world import World

HEARS = (
    AccountCreated,
    Favourited,
    Followed,
    FollowRequested,
    PollEnded,
    PostCreated,
    PostEdited,
    Quoted,
    Reposted,
    Unfavourited,
    Unreposted,
)
_AT_ONCE = 64
_AFFECTED_MOST = 1_000
_AFFECTED_PAGE = 200


class News(msgspec.Struct, frozen=True):
    """What is to be told: of which event, which kind, from whom, about which post."""

    event_id: int
    kind: str
    from_id: int
    post: Post | None = None


async def tell(world: World, envelope: Envelope) -> None:
    """Notify whom an event concerns."""
    event = envelope.event
    match event:
        case PostCreated() | PostEdited():
            await _of_post(world, envelope, event.post_id)
        case Favourited() | Reposted():
            await _of_act(world, envelope.id, event)
        case Unfavourited() | Unreposted():
            await _of_regret(world, event)
        case Quoted():
            await _of_quote(world, envelope.id, event)
        case PollEnded():
            await _of_poll(world, event.post_id)
        case Followed() | FollowRequested():
            await _of_follow(world, envelope.id, event)
        case AccountCreated():
            moderators = [AccountId(row.account_id) for row in await staff(world)]
            news = News(envelope.id, "admin.sign_up", event.account_id)
            await _offer_all(world, moderators, news)


async def _of_follow(world: World, event_id: int, event: Followed | FollowRequested) -> None:
    follower, followee = event.follower_id, event.followee_id
    if isinstance(event, FollowRequested):
        await offer(world, followee, News(event_id, "follow_request", follower))
    elif await is_following(world, follower, followee):
        await offer(world, followee, News(event_id, "follow", follower))


async def _of_regret(world: World, event: Unfavourited | Unreposted) -> None:
    kind = "favourite" if isinstance(event, Unfavourited) else "reblog"
    if event.author_id != event.account_id:
        await notifications.withdraw(world, event.author_id, kind, event.account_id, event.post_id)


async def _of_quote(world: World, event_id: int, event: Quoted) -> None:
    quote = await store.load(world, event.post_id)
    if quote is not None and quote.state != DELETED:
        await offer(world, event.quoted_author_id, News(event_id, "quote", quote.author_id, quote))


async def _of_act(world: World, event_id: int, event: Favourited | Reposted) -> None:
    post = await store.load(world, event.post_id)
    mark = await marks.mark_of(world, event.account_id, event.post_id)
    if isinstance(event, Favourited):
        kind, stands = "favourite", mark.favourite_id is not None
    else:
        kind, stands = "reblog", mark.reblog_id == event.boost_id
    if post is not None and post.state != DELETED and stands:
        await offer(world, event.author_id, News(event_id, kind, event.account_id, post))


async def _of_poll(world: World, post_id: int) -> None:
    post = await store.load(world, post_id)
    if post is not None and post.state != DELETED:
        news = News(poll_ends.notification_id(post), "poll", post.author_id, post)
        await _offer_all(world, await poll_ends.whom_to_tell(world, post), news)


async def _of_post(world: World, envelope: Envelope, post_id: int) -> None:
    post = await store.load(world, post_id)
    # One that was held before it was told is told when it is seen: the row is passed over until
    # then. One that is gone is not told at all.
    if post is None or post.state == DELETED:
        return
    if post.reblog_of_id is not None:
        return
    told = await _tell_named(world, envelope, post)
    if isinstance(envelope.event, PostEdited):
        await _tell_of_edit(world, envelope.id, post, told)
    elif not post.replies_to_other and post.visibility != DIRECT:
        watching = await notifying_followers(world, post.author_id)
        news = News(envelope.id, "status", post.author_id, post)
        await _offer_all(world, [one for one in watching if one not in told], news)


async def _tell_named(world: World, envelope: Envelope, post: Post) -> set[AccountId]:
    """Tell those a post names, each once: whom its first version named, by its publication.

    Returns whom this event has told, or would have if they wanted to hear of it.
    """
    named = writing.recipients(post)
    first = await _named_first(world, post) if named else frozenset()
    told: set[AccountId] = set()
    for account_id in named:
        if account_id in first:
            now = isinstance(envelope.event, PostCreated)
        else:
            row = ToldRow(post.id, account_id, envelope.id)
            now = (await world.storage.put_if_absent(TOLD, row) or row) == row
        if now:
            told.add(account_id)
            await offer(world, account_id, News(envelope.id, "mention", post.author_id, post))
    return told


async def _named_first(world: World, post: Post) -> frozenset[AccountId]:
    earliest = await store.versions(world, post.id, most=1)
    mentions = store.version_mentions(earliest[0]) if earliest else post.mentions
    return frozenset(mention.id for mention in mentions)


async def _tell_of_edit(world: World, event_id: int, post: Post, told: set[AccountId]) -> None:
    """Tell those who showed a post to others, or quoted it, that it says something else now."""
    above = 0
    for _ in range(_AFFECTED_MOST // _AFFECTED_PAGE):
        stretch = Stretch(above, None, _AFFECTED_PAGE, rising=True)
        rows = await marks.post_act_rows(world, post.id, marks.REBLOG, stretch)
        heard = {AccountId(row.account_id) for row in rows} - told
        await _offer_all(world, heard, News(event_id, "update", post.author_id, post))
        told |= heard
        if len(rows) < _AFFECTED_PAGE:
            break
        above = rows[-1].act_id
    await _tell_quoting(world, event_id, post, told)


async def _tell_quoting(world: World, event_id: int, post: Post, told: set[AccountId]) -> None:
    sight = await Sight.of(world, post.author_id)
    window = Window(limit=_AFFECTED_PAGE)
    for _ in range(_AFFECTED_MOST // _AFFECTED_PAGE):
        page = await quotes.page_of(world, sight, post, window)
        for quote in page.items:
            if quote.author_id not in told:
                told.add(quote.author_id)
                news = News(event_id, "quoted_update", post.author_id, quote)
                await offer(world, quote.author_id, news)
        if page.older is None:
            return
        window = Window(limit=_AFFECTED_PAGE, max_id=page.older)


async def _offer_all(world: World, account_ids: Iterable[int], news: News) -> None:
    wanted = list(dict.fromkeys(account_ids))
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        await asyncio.gather(*(offer(world, one, news) for one in part))


async def offer(
    world: World, account_id: int, news: News, data: Mapping[str, object] | None = None
) -> None:
    """Tell an account something, unless it does not want to hear of it."""
    if account_id == news.from_id and news.kind != "poll":
        return
    if not await _hears_from(world, account_id, news):
        return
    verdict = await notification_policy.judge(world, account_id, news.from_id, news.kind, news.post)
    if verdict == notification_policy.DROP:
        return
    post_id = None if news.post is None else news.post.id
    row = NotificationRow(
        account_id=account_id,
        month=month_of(news.event_id),
        id=news.event_id,
        type=news.kind,
        from_id=news.from_id,
        post_id=post_id,
        data=None if data is None else msgspec.json.encode(data),
    )
    if verdict == notification_policy.FILTER:
        await notification_requests.hold(world, row)
    elif not await notification_groups.only_counted(
        world, account_id, news.kind, post_id, news.event_id
    ):
        await notifications.save(world, row)


async def _hears_from(world: World, account_id: int, news: News) -> bool:
    """Whether an account wants to be told: no block, no mute that covers this, no muted thread."""
    hidden = await hidden_from(world, account_id)
    if news.from_id in hidden.blocking:
        return False
    if news.from_id in hidden.muting:
        mute = await load_relation(world, account_id, MUTE, news.from_id)
        if mute is not None and mute.notifications:
            return False
    if news.post is None or news.kind == "poll":
        return True
    return not await muted(world, account_id, [news.post.conversation_id])
