"""Notifications that say the same of one post, or of one half day, as one group.

Source: docs.joinmastodon.org/methods/grouped_notifications. A group is computed, never stored: its
key follows from a notification's kind, post and half day, so each is in exactly one group. A page
of groups is an unbroken stretch of notifications: walking the pages passes each exactly once, and a
group that is longer than a page goes on under the same key on the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict, NotFound
from venire.kernel.ids import AccountId, id_at, id_ms, parse_id
from venire.posts import notifications
from venire.posts.model import Page, Window
from venire.posts.notification_requests import KEPT_MS
from venire.posts.notifications import EVERYTHING, Choice, Told
from venire.posts.sight import Sight
from venire.storage.tables.notifications import UNCOUNTED, UncountedRow
from venire.storage.verbs import Put, Storage
from venire.storage.world import World

BY_POST: Final = frozenset({"favourite", "reblog"})
BY_TIME: Final = frozenset({"follow", "admin.sign_up"})
GROUPABLE: Final = BY_POST | BY_TIME
SPAN_MS: Final = 12 * HOUR_MS
STORM: Final = 1_000
"""Of one group in an hour; what comes after is only counted."""
WALKED_MOST: Final = 400
SAMPLE: Final = 8
_CHUNK = 80
_MEMBERS_MOST = 4_000
_COUNTED_MOST = 50_000
_TRIES = 8
_UNGROUPED = "ungrouped-"


class Group(msgspec.Struct, frozen=True):
    """Some notifications under one key, newest first; `uncounted` came in a storm besides."""

    key: str
    members: tuple[Told, ...]
    uncounted: int = 0

    @property
    def newest(self) -> Told:
        """The member by which it stands in the list."""
        return self.members[0]

    @property
    def count(self) -> int:
        """How many it stands for."""
        return len(self.members) + self.uncounted

    @property
    def sender_ids(self) -> list[AccountId]:
        """Whom it came from, the latest first."""
        return list(dict.fromkeys(one.from_id for one in self.members))


def group_key(
    kind: str, post_id: int | None, notification_id: int, types: frozenset[str] = GROUPABLE
) -> str:
    """The key of the group that a notification belongs to. Pure."""
    if kind in types:
        span = id_ms(notification_id) // SPAN_MS
        if kind in BY_POST and post_id is not None:
            return f"{kind}-{post_id}-{span}"
        if kind in BY_TIME:
            return f"{kind}-{span}"
    return f"{_UNGROUPED}{notification_id}"


def grouped(told: Iterable[Told], types: frozenset[str] = GROUPABLE) -> list[Group]:
    """Notifications, newest first, as groups in the order of their newest. Pure."""
    members: dict[str, list[Told]] = {}
    for one in told:
        members.setdefault(group_key(one.type, one.post_id, one.id, types), []).append(one)
    return [Group(key, tuple(found)) for key, found in members.items()]


async def page_of(
    world: World,
    account_id: int,
    window: Window,
    choice: Choice = EVERYTHING,
    types: frozenset[str] = GROUPABLE,
    *,
    sight: Sight | None = None,
) -> Page[Group]:
    """A page of groups: `window.limit` of them, of the next 400 notifications at most."""
    sight = sight or await Sight.of(world, account_id)
    taken: list[Told] = []
    keys: set[str] = set()
    older: int | None = None
    newer: int | None = None
    asked = msgspec.structs.replace(window, limit=_CHUNK)
    while True:
        page = await notifications.page_of(world, account_id, asked, choice, sight=sight)
        items = page.items[::-1] if window.rising else page.items
        fits = _fitting(items, keys, window.limit, types)
        taken += items[:fits]
        cut = fits < len(items) or len(taken) >= WALKED_MOST
        if window.rising:
            older = older if older is not None else page.older
            newer = taken[-1].id if cut and taken else page.newer or newer
            more = page.newer is not None and len(items) > 0
        else:
            newer = newer if newer is not None else page.newer
            older = taken[-1].id if cut and taken else page.older
            more = page.older is not None
        if cut or not more:
            break
        asked = _beyond(asked, page, rising=window.rising)
    members = taken[::-1] if window.rising else taken
    groups = [await _with_storm(world, account_id, one) for one in grouped(members, types)]
    return Page(groups, older=older, newer=newer)


def _fitting(items: Sequence[Told], keys: set[str], limit: int, types: frozenset[str]) -> int:
    """How many of some notifications still fit on a page; `keys` grows by their groups."""
    for place, one in enumerate(items):
        key = group_key(one.type, one.post_id, one.id, types)
        if key not in keys:
            if len(keys) == limit:
                return place
            keys.add(key)
    return len(items)


def _beyond(window: Window, page: Page[Told], *, rising: bool) -> Window:
    if rising:
        return msgspec.structs.replace(window, min_id=page.newer)
    return msgspec.structs.replace(window, max_id=page.older)


async def _with_storm(world: World, account_id: int, group: Group) -> Group:
    if len(group.members) < 2:  # noqa: PLR2004 - a storm leaves more than one behind
        return group
    row = await world.storage.get(UNCOUNTED, (account_id, group.key))
    return group if row is None else msgspec.structs.replace(group, uncounted=row.count)


async def load(world: World, account_id: int, key: str) -> Group:
    """A group by its key. NotFound `record_not_found`."""
    if key.startswith(_UNGROUPED):
        notification_id = parse_id(key.removeprefix(_UNGROUPED))
        if notification_id is None:
            raise NotFound("record_not_found", "Record not found")
        return Group(key, (await notifications.load(world, account_id, notification_id),))
    kind, span = _parts(key)
    found: list[Told] = []
    window = Window(
        limit=_CHUNK, max_id=id_at((span + 1) * SPAN_MS), since_id=id_at(span * SPAN_MS) - 1
    )
    choice = Choice(types=frozenset({kind}))
    while len(found) < _MEMBERS_MOST:
        page = await notifications.page_of(world, account_id, window, choice)
        found += [one for one in page.items if group_key(one.type, one.post_id, one.id) == key]
        if page.older is None:
            break
        window = msgspec.structs.replace(window, max_id=page.older)
    if not found:
        raise NotFound("record_not_found", "Record not found")
    return await _with_storm(world, account_id, Group(key, tuple(found)))


def _parts(key: str) -> tuple[str, int]:
    kind, _, rest = key.partition("-")
    numbers = [parse_id(part) for part in rest.split("-")]
    expected = 2 if kind in BY_POST else 1
    span = numbers[-1]
    if kind not in GROUPABLE or len(numbers) != expected or None in numbers or span is None:
        raise NotFound("record_not_found", "Record not found")
    if span * SPAN_MS >= 1 << 46:
        raise NotFound("record_not_found", "Record not found")
    return kind, span


async def dismiss(world: World, account_id: int, key: str) -> None:
    """Put a whole group away. NotFound `record_not_found`."""
    group = await load(world, account_id, key)
    await asyncio.gather(
        *(notifications.dismiss(world, account_id, one.id) for one in group.members)
    )


class _Hours:
    """How many of each group came in the present hour, as far as this process has seen."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str], list[int]] = {}

    def over(self, account_id: int, key: str, event_id: int) -> bool:
        """Count one; say whether it is one too many."""
        hour = id_ms(event_id) // HOUR_MS
        if len(self._counts) > _COUNTED_MOST:
            self._counts.clear()
        there = self._counts.setdefault((account_id, key), [hour, 0])
        if there[0] != hour:
            there[:] = [hour, 0]
        there[1] += 1
        return there[1] > STORM


# Told by the leader alone, so its memory is all there is to know; a restart begins anew.
_HOURS: WeakKeyDictionary[Storage, _Hours] = WeakKeyDictionary()


async def only_counted(
    world: World, account_id: int, kind: str, post_id: int | None, event_id: int
) -> bool:
    """Count a notification; say whether a storm of its group is on, and it is counted only."""
    key = group_key(kind, post_id, event_id)
    if key.startswith(_UNGROUPED):
        return False
    if not _HOURS.setdefault(world.storage, _Hours()).over(account_id, key, event_id):
        return False
    for _ in range(_TRIES):
        row = await world.storage.get(UNCOUNTED, (account_id, key))
        if row is not None and event_id <= row.through_id:
            return True
        version, count = (0, 0) if row is None else (row.version, row.count)
        counted = UncountedRow(account_id, key, version + 1, count + 1, event_id)
        try:
            await world.storage.commit(
                f"notification_storm:{account_id}:{key}",
                [Put(UNCOUNTED, counted, id_ms(event_id) + KEPT_MS)],
                expect=version,
            )
        except Conflict:
            continue
        return True
    return True
