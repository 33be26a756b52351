"""What the site tells all its members: made by the operator, put away or reacted to by members."""

from __future__ import annotations

import unicodedata

import msgspec

from venire.events import AnnouncementMade, AnnouncementSigned, AnnouncementWithdrawn
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.storage.tables.discovery import (
    ANNOUNCEMENTS,
    REACTION_TALLIES,
    REACTIONS,
    SEEN_ANNOUNCEMENTS,
    AnnouncementRow,
    ReactionRow,
    ReactionTallyRow,
    SeenAnnouncementRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

TEXT_LENGTH = 5_000
SHOWN_MOST = 50
SIGNS_MOST = 8
"""Different signs under one announcement, as in Mastodon."""

_SITE = "here"
_TRIES = 8
_SIGN_LENGTH = 16
_JOINS = frozenset("\u200d\ufe0f\u20e3")
_KEYS = frozenset("0123456789#*")
_COUNTS = msgspec.json.Decoder(dict[str, int])


class Sign(msgspec.Struct, frozen=True):
    """A sign under an announcement; `mine`: whether the viewer put it there."""

    name: str
    count: int
    mine: bool


class Announcement(msgspec.Struct, frozen=True):
    """An announcement as a member sees it."""

    row: AnnouncementRow
    read: bool
    signs: tuple[Sign, ...]


async def announce(
    world: World,
    text: str,
    *,
    starts_at_ms: int | None = None,
    ends_at_ms: int | None = None,
    all_day: bool = False,
) -> AnnouncementRow:
    """Tell all members something, until its end or for good. Invalid `announcement_invalid`."""
    text = text.strip()
    if not text or len(text) > TEXT_LENGTH:
        hint = f"an announcement has 1 to {TEXT_LENGTH} characters"
        raise Invalid("announcement_invalid", hint)
    if starts_at_ms is not None and ends_at_ms is not None and ends_at_ms < starts_at_ms:
        raise Invalid("announcement_invalid", "an announcement ends after it begins")
    now_ms = world.now_ms()
    row = AnnouncementRow(
        site=_SITE,
        id=world.ids.next(),
        text=text,
        starts_at_ms=starts_at_ms,
        ends_at_ms=ends_at_ms,
        all_day=all_day,
        published_at_ms=now_ms,
        updated_at_ms=now_ms,
    )
    await world.storage.commit(
        ANNOUNCEMENTS.aggregate_of(row), [Put(ANNOUNCEMENTS, row)], [AnnouncementMade(row.id)]
    )
    return row


async def withdraw(world: World, announcement_id: int) -> None:
    """Take an announcement back. NotFound `record_not_found`."""
    row = await _load(world, announcement_id)
    await world.storage.commit(
        ANNOUNCEMENTS.aggregate_of(row),
        [Delete(ANNOUNCEMENTS, row)],
        [AnnouncementWithdrawn(row.id)],
    )


async def _load(world: World, announcement_id: int) -> AnnouncementRow:
    row = await world.storage.get(ANNOUNCEMENTS, (_SITE, announcement_id))
    if row is None or _over(world, row):
        raise NotFound("record_not_found", "Record not found")
    return row


def _over(world: World, row: AnnouncementRow) -> bool:
    return row.ends_at_ms is not None and row.ends_at_ms <= world.now_ms()


async def current(world: World, account_id: int) -> list[Announcement]:
    """What is announced now, the latest first."""
    rows = await world.storage.range(ANNOUNCEMENTS, (_SITE,), limit=SHOWN_MOST)
    shown = [row for row in rows if not _over(world, row)]
    keys = [(account_id, row.id) for row in shown]
    seen = await world.storage.get_many(SEEN_ANNOUNCEMENTS, keys) if keys else []
    return [
        Announcement(row, put_away is not None, await _signs(world, row.id, account_id))
        for row, put_away in zip(shown, seen, strict=True)
    ]


async def _signs(world: World, announcement_id: int, account_id: int) -> tuple[Sign, ...]:
    tally = await world.storage.get(REACTION_TALLIES, (announcement_id,))
    if tally is None:
        return ()
    own = await world.storage.range(REACTIONS, (announcement_id, account_id), limit=SIGNS_MOST)
    mine = {row.name for row in own}
    counts = _COUNTS.decode(tally.counts)
    return tuple(Sign(name, count, name in mine) for name, count in counts.items() if count)


async def put_away(world: World, account_id: int, announcement_id: int) -> None:
    """Note that a member has read an announcement. NotFound `record_not_found`."""
    row = await _load(world, announcement_id)
    await world.storage.put(SEEN_ANNOUNCEMENTS, SeenAnnouncementRow(account_id, row.id))


def is_sign(name: str) -> bool:
    """Whether a text is one emoji: a symbol with what joins and colours it, or a keycap, a flag."""
    if not 0 < len(name) <= _SIGN_LENGTH:
        return False
    symbols = sum(unicodedata.category(one) == "So" for one in name)
    keycap = name[0] in _KEYS and name.endswith("\u20e3") and len(name) <= 3  # noqa: PLR2004
    parts = all(
        one in _JOINS
        or unicodedata.category(one) in {"So", "Sk"}
        # Tags spell the flags of England, Scotland and Wales.
        or "\U000e0020" <= one <= "\U000e007f"
        or (keycap and one in _KEYS)
        or (unicodedata.category(one) == "Sm" and len(name) <= 2)  # noqa: PLR2004 - arrows, +, x
        for one in name
    )
    return parts and (symbols > 0 or keycap or unicodedata.category(name[0]) == "Sm")


async def react(world: World, account_id: int, announcement_id: int, name: str) -> None:
    """Put a sign under an announcement; again is once.

    NotFound `record_not_found`; Invalid `reaction_not_emoji`, `too_many_reactions`.
    """
    row = await _load(world, announcement_id)
    if not is_sign(name):
        hint = "Validation failed: Name is not a recognized emoji"
        raise Invalid("reaction_not_emoji", hint)
    await _change(world, account_id, row.id, name, on=True)


async def unreact(world: World, account_id: int, announcement_id: int, name: str) -> None:
    """Take a sign back. Harmless where there was none. NotFound `record_not_found`."""
    row = await _load(world, announcement_id)
    await _change(world, account_id, row.id, name, on=False)


async def _change(
    world: World, account_id: int, announcement_id: int, name: str, *, on: bool
) -> None:
    for _ in range(_TRIES):
        tally = await world.storage.get(REACTION_TALLIES, (announcement_id,))
        row = ReactionRow(announcement_id, account_id, name)
        there = await world.storage.get(REACTIONS, (announcement_id, account_id, name))
        if (there is not None) == on:
            return
        counts = {} if tally is None else _COUNTS.decode(tally.counts)
        counts[name] = max(0, counts.get(name, 0) + (1 if on else -1))
        counts = {sign: count for sign, count in counts.items() if count}
        if len(counts) > SIGNS_MOST:
            hint = "Validation failed: There are as many reactions as there may be"
            raise Invalid("too_many_reactions", hint, limit=SIGNS_MOST)
        version = 0 if tally is None else tally.version
        new = ReactionTallyRow(announcement_id, version + 1, msgspec.json.encode(counts))
        act: Write = Put(REACTIONS, row) if on else Delete(REACTIONS, row)
        aggregate = f"announcement_reactions:{announcement_id}"
        try:
            writes: list[Write] = [Put(REACTION_TALLIES, new), act]
            signed = AnnouncementSigned(announcement_id, name, counts.get(name, 0))
            await world.storage.commit(aggregate, writes, [signed], expect=version)
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")
