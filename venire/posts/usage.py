"""Use of tags and posts, and weeks of the site: counted from events by one owner.

The subscriber hears whole pages in the journal's order. Each row says through which place it has
counted, and who used what is marked with the place of their first use, so a page that is told
again, or was stopped halfway, changes nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from venire.events import (
    AccountCreated,
    Favourited,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostImported,
    Reposted,
)
from venire.kernel.clock import DAY_MS
from venire.kernel.ids import id_ms
from venire.people.directory import may_be_recommended
from venire.people.store import load_accounts
from venire.posts.model import DIRECT, PUBLIC, Post
from venire.posts.spans import month_of
from venire.posts.store import load_many
from venire.posts.tag_choices import USAGE_CURSOR
from venire.posts.tags import listed_tags
from venire.posts.tallies import load_tallies
from venire.storage.tables.tags import (
    FEATURED_TAGS,
    LEADERS,
    TAG_DAYS,
    TAG_MONTHS,
    TAG_USERS,
    WEEK_AUTHORS,
    WEEKS,
    LeadersRow,
    TagDayRow,
    TagMonthRow,
    TagUserRow,
    WeekAuthorRow,
    WeekRow,
)
from venire.storage.verbs import Envelope
from venire.storage.world import World

CURSOR = USAGE_CURSOR
HEARS = (
    AccountCreated,
    Favourited,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostImported,
    Reposted,
)
HISTORY_DAYS = 7
LEADERS_MOST = 200
AUTHORS_MOST = 400
TRENDING_MS = 3 * DAY_MS
TAGS, POSTS, AUTHORS = "tags", "posts", "authors"
"""Kinds of leaders: tags of a day; posts that were reacted to lately; who posted lately."""

_SITE = "here"
_WEEK_SHARDS = 16
_LATELY = 0
_BODIES = msgspec.json.Decoder(dict[str, int])


class _Use(msgspec.Struct, frozen=True):
    """A public post as it counts here."""

    post: Post
    sequence: int
    day: int


async def count_page(world: World, page: Sequence[Envelope], position: int) -> None:
    """Count a page of events and move the cursor `usage` past it."""
    told = [envelope.event for envelope in page if isinstance(envelope.event, HEARS)]
    if not told:
        return
    ids = {e.post_id for e in told if isinstance(e, PostCreated | PostEdited | PostImported)}
    gone = {e.post_id for e in told if isinstance(e, PostDeleted)}
    posts = {int(post.id): post for post in await load_many(world, sorted(ids | gone))}
    uses = [
        _Use(posts[envelope.event.post_id], envelope.sequence, envelope.at_ms // DAY_MS)
        for envelope in page
        if isinstance(envelope.event, PostCreated) and envelope.event.post_id in posts
    ]
    # Side by side, so that their writes share a few strokes of the disk; all come to their end
    # before one that failed is told, or the page would come again while they still count it.
    done = await asyncio.gather(
        _note_months(world, [posts[one] for one in ids if one in posts]),
        _count_tags(world, uses),
        _count_features(world, page, posts),
        _count_weeks(world, page),
        _note_authors(world, uses),
        _note_reactions(world, told),
        return_exceptions=True,
    )
    for failure in done:
        if failure is not None:
            raise failure
    await world.storage.advance(CURSOR, position)


async def _note_months(world: World, posts: Iterable[Post]) -> None:
    months = {(tag, month_of(post.id)) for post in posts for tag in listed_tags(post)}
    keys = sorted(months)
    there = await world.storage.get_many(TAG_MONTHS, keys) if keys else []
    new = [TagMonthRow(*key) for key, row in zip(keys, there, strict=True) if row is None]
    await asyncio.gather(*(world.storage.put(TAG_MONTHS, row) for row in new))


async def _count_tags(world: World, uses: Sequence[_Use]) -> None:
    """Uses and users of each tag of each day; then the leaders of those days."""
    told: dict[tuple[str, int], list[_Use]] = {}
    for use in uses:
        for tag in listed_tags(use.post):
            told.setdefault((tag, use.day), []).append(use)
    if not told:
        return
    keys = list(told)
    rows = await world.storage.get_many(TAG_DAYS, keys)
    changed = await asyncio.gather(
        *(
            _tag_day(world, row or TagDayRow(*key, 0, 0, 0), told[key])
            for key, row in zip(keys, rows, strict=True)
        )
    )
    for day in sorted({row.day for row in changed}):
        counts = {row.tag: row.accounts for row in changed if row.day == day}
        await _lead(world, TAGS, day, counts, LEADERS_MOST)


async def _tag_day(world: World, row: TagDayRow, uses: Sequence[_Use]) -> TagDayRow:
    news = [use for use in uses if use.sequence > row.counted_through]
    if not news:
        return row
    first: dict[int, int] = {}
    for use in news:
        first.setdefault(use.post.author_id, use.sequence)
    keys = [(row.tag, row.day, author_id) for author_id in first]
    marked = await world.storage.get_many(TAG_USERS, keys)
    # A mark of a place that was not counted is that of an attempt which did not come to its end.
    new = [
        TagUserRow(row.tag, row.day, author_id, sequence)
        for (author_id, sequence), mark in zip(first.items(), marked, strict=True)
        if mark is None or mark.sequence > row.counted_through
    ]
    until_ms = (row.day + 2) * DAY_MS
    await asyncio.gather(
        *(world.storage.put(TAG_USERS, mark, expires_at_ms=until_ms) for mark in new)
    )
    counted = TagDayRow(
        row.tag, row.day, row.uses + len(news), row.accounts + len(new), news[-1].sequence
    )
    await world.storage.put(TAG_DAYS, counted, expires_at_ms=(row.day + 9) * DAY_MS)
    return counted


async def _lead(world: World, kind: str, day: int, counts: Mapping[str, int], most: int) -> None:
    """Bring counts among the leaders: who is not among them is behind all of them."""
    old = await leaders(world, kind, day)
    merged = {**counts, **{one: count for one, count in old.items() if one not in counts}}
    best = sorted(merged.items(), key=lambda pair: -pair[1])[:most]
    if dict(best) != old:
        row = LeadersRow(kind, day, msgspec.json.encode(dict(best)))
        until_ms = None if day == _LATELY else (day + 9) * DAY_MS
        await world.storage.put(LEADERS, row, expires_at_ms=until_ms)


async def leaders(world: World, kind: str, day: int = _LATELY) -> dict[str, int]:
    """The leaders of a kind and what they lead by; tags by accounts, posts and authors by id."""
    row = await world.storage.get(LEADERS, (kind, day))
    return {} if row is None else _BODIES.decode(row.body)


async def _count_features(
    world: World, page: Sequence[Envelope], posts: Mapping[int, Post]
) -> None:
    changes: dict[tuple[int, str], list[tuple[int, int, int]]] = {}
    for envelope in page:
        event = envelope.event
        if isinstance(event, PostCreated | PostDeleted) and event.post_id in posts:
            sign = 1 if isinstance(event, PostCreated) else -1
            change = (envelope.sequence, sign, id_ms(event.post_id))
            if event.visibility != DIRECT:
                for tag in posts[event.post_id].tags:
                    changes.setdefault((event.author_id, tag), []).append(change)
    keys = list(changes)
    rows = await world.storage.get_many(FEATURED_TAGS, keys) if keys else []
    for key, row in zip(keys, rows, strict=True):
        news = [one for one in changes[key] if row and one[0] > row.counted_through]
        if row is not None and news:
            moments = [at_ms for _, sign, at_ms in news if sign > 0]
            new = msgspec.structs.replace(
                row,
                statuses=max(0, row.statuses + sum(sign for _, sign, _ in news)),
                last_status_at_ms=max([row.last_status_at_ms or 0, *moments]) or None,
                counted_through=news[-1][0],
            )
            await world.storage.compare_and_set(FEATURED_TAGS, row, new)


async def _count_weeks(world: World, page: Sequence[Envelope]) -> None:
    weeks: dict[int, list[Envelope]] = {}
    for envelope in page:
        if isinstance(envelope.event, AccountCreated | PostCreated):
            weeks.setdefault(week_of(envelope.at_ms), []).append(envelope)
    for week, told in weeks.items():
        old = await world.storage.get(WEEKS, (_SITE, week)) or WeekRow(_SITE, week, 0, 0, 0, 0)
        news = [envelope for envelope in told if envelope.sequence > old.counted_through]
        if not news:
            continue
        joined = sum(isinstance(envelope.event, AccountCreated) for envelope in news)
        active = await _new_authors(world, old, news)
        row = WeekRow(
            site=_SITE,
            week=week,
            statuses=old.statuses + len(news) - joined,
            registrations=old.registrations + joined,
            active=old.active + active,
            counted_through=news[-1].sequence,
        )
        await world.storage.put(WEEKS, row)


async def _new_authors(world: World, week: WeekRow, news: Sequence[Envelope]) -> int:
    """Mark who posts for the first time in a week; how many these are."""
    first: dict[int, int] = {}
    for envelope in news:
        if isinstance(envelope.event, PostCreated):
            first.setdefault(envelope.event.author_id, envelope.sequence)
    keys = [(week.week, id_ms(one) % _WEEK_SHARDS, one) for one in first]
    marked = await world.storage.get_many(WEEK_AUTHORS, keys) if keys else []
    new = [
        WeekAuthorRow(*key, first[key[2]])
        for key, mark in zip(keys, marked, strict=True)
        if mark is None or mark.sequence > week.counted_through
    ]
    until_ms = week_start_ms(week.week + 2)
    await asyncio.gather(
        *(world.storage.put(WEEK_AUTHORS, mark, expires_at_ms=until_ms) for mark in new)
    )
    return len(new)


async def _note_authors(world: World, uses: Sequence[_Use]) -> None:
    """Keep who posted publicly of late and wants to be found: written once a day for each."""
    days = {use.post.author_id: use.day for use in uses if use.post.visibility == PUBLIC}
    if days:
        authors = await load_accounts(world, days)
        found = {str(one): days[one] for one in authors if may_be_recommended(authors[one])}
        await _lead(world, AUTHORS, _LATELY, found, AUTHORS_MOST)


async def _note_reactions(world: World, told: Iterable[Any]) -> None:
    """Keep which posts of the last days were reacted to most; what exactly is read later.

    Tallies are another subscriber's: where they are behind, what is heard here counts.
    """
    oldest_ms = world.now_ms() - TRENDING_MS
    heard = Counter(
        event.post_id
        for event in told
        if isinstance(event, Favourited | Reposted) and id_ms(event.post_id) > oldest_ms
    )
    if not heard:
        return
    old = await leaders(world, POSTS)
    tallies = await load_tallies(world, list(heard))
    counts = {
        str(one): max(
            old.get(str(one), 0) + more,
            tallies[one].favourites + tallies[one].reblogs if one in tallies else 0,
        )
        for one, more in heard.items()
    }
    merged = {**old, **counts}
    fresh = {one: count for one, count in merged.items() if id_ms(int(one)) > oldest_ms}
    best = sorted(fresh.items(), key=lambda pair: -pair[1])[:LEADERS_MOST]
    await world.storage.put(LEADERS, LeadersRow(POSTS, _LATELY, msgspec.json.encode(dict(best))))


def week_of(at_ms: int) -> int:
    """The week of a moment, counted from 1970; weeks begin on Monday, UTC."""
    return (at_ms // DAY_MS + 3) // 7


def week_start_ms(week: int) -> int:
    """The moment in which a week begins."""
    return (week * 7 - 3) * DAY_MS


async def weeks(world: World, most: int = 12) -> list[WeekRow]:
    """The last weeks of the site, this one first; a week in which nothing happened is zeros."""
    now = week_of(world.now_ms())
    keys = [(_SITE, week) for week in range(now, now - most, -1)]
    rows = await world.storage.get_many(WEEKS, keys)
    return [row or WeekRow(key[0], key[1], 0, 0, 0, 0) for key, row in zip(keys, rows, strict=True)]


async def histories(world: World, tags: Sequence[str]) -> dict[str, list[TagDayRow]]:
    """The last seven days of tags, today first; a day without use is zeros."""
    today = world.now_ms() // DAY_MS
    days = range(today, today - HISTORY_DAYS, -1)
    keys = [(tag, day) for tag in tags for day in days]
    rows = await world.storage.get_many(TAG_DAYS, keys)
    found: dict[str, list[TagDayRow]] = {tag: [] for tag in tags}
    for (tag, day), row in zip(keys, rows, strict=True):
        found[tag].append(row or TagDayRow(tag, day, 0, 0, 0))
    return found
