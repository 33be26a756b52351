"""A moderator's act on many posts at once: by author, link, text, or an author's whole wave.

First what is meant is found and counted; nothing is touched until a person has seen the count and
says go. Then each post goes through its own case, with its statement, so that each can be appealed;
undoing it brings all of them back in place, with the points. A few at a time: each firing of the
timer saves how far it has come, and each thing may be done twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.cases import bulk_finding, bulk_posts, moderators, month_lists, waves
from venire.cases.court import Court
from venire.cases.discipline import may_act
from venire.kernel.clock import DAY_MS, HOUR_MS, utc_day
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.people.admin_log import log_line
from venire.storage.tables.bulk import (
    BULK_ITEMS,
    BULKS,
    BULKS_BY_MONTH,
    BulkItemRow,
    BulkListRow,
    BulkRow,
)
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

AUTHOR, DOMAIN, TEXT, WAVE = "author", "domain", "text", "wave"
KINDS = (AUTHOR, DOMAIN, TEXT, WAVE)
COUNTING, READY, ACTING, DONE = "counting", "ready", "acting", "done"
RESTORING, RESTORED, DROPPED = "restoring", "restored", "dropped"
_MOVING = frozenset({COUNTING, ACTING, RESTORING})
MEANT, LEFT, BACK = "meant", "left", "restored"
TIMER = "bulk"
KEPT_MS = 365 * DAY_MS
SOUGHT_CHARACTERS = 1_000
_SPAN_MOST_MS = 366 * DAY_MS
_FOUND_AT_ONCE = 60
_AT_ONCE = 10
_NEXT_MS = 50


class Wanted(msgspec.Struct, frozen=True):
    """What a moderator means. `untold`: deceptive commercial content (DSA Art. 17(2))."""

    kind: str
    sought: str
    account_id: int | None
    since_ms: int
    until_ms: int
    category: str
    reason: str
    untold: bool = False


async def begin(court: Court, wanted: Wanted, *, actor_id: int) -> BulkRow:
    """Begin to look for what is meant; nothing is touched before `go`.

    Raises Invalid `bulk_kind_unknown`, `bulk_sought_missing`, `span_invalid`, `reason_missing`,
    `category_unknown`, `untold_not_allowed`; NotFound; Forbidden.
    """
    now_ms = court.world.now_ms()
    wanted = await _checked(court, wanted, actor_id, now_ms)
    row = BulkRow(
        id=court.world.ids.next(),
        version=1,
        actor_id=actor_id,
        kind=wanted.kind,
        sought=wanted.sought,
        account_id=wanted.account_id,
        since_ms=wanted.since_ms,
        until_ms=min(wanted.until_ms, now_ms),
        category=wanted.category,
        reason=wanted.reason,
        untold=wanted.untold,
        state=COUNTING,
        place=None,
        counted=0,
        over=False,
        done=0,
        left_alone=0,
        wave_id=None,
        confirmed_by=None,
        at_ms=now_ms,
    )
    listed = BulkListRow(utc_day(now_ms)[:7], row.id)
    writes: list[Write] = [
        Put(BULKS, row, now_ms + KEPT_MS),
        Put(BULKS_BY_MONTH, listed, now_ms + KEPT_MS),
        timer(f"bulk:{row.id}", TIMER, str(row.id), now_ms),
        _line(court.world, row, actor_id, "bulk_count"),
    ]
    await court.world.storage.commit(f"bulk:{row.id}", writes, expect=0)
    return row


async def _checked(court: Court, wanted: Wanted, actor_id: int, now_ms: int) -> Wanted:
    if wanted.kind not in KINDS:
        raise Invalid("bulk_kind_unknown", "author, domain, text or wave")
    if not 0 <= wanted.since_ms < wanted.until_ms <= now_ms + HOUR_MS or (
        wanted.until_ms - wanted.since_ms > _SPAN_MOST_MS
    ):
        raise Invalid("span_invalid", "it lies in the past and lasts a year at most")
    if not wanted.reason.strip() or len(wanted.reason) > moderators.REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    known = {known.name: known for known in court.policy.categories}
    if wanted.category not in known:
        raise Invalid("category_unknown", "not a category of this site's policy")
    if wanted.untold and known[wanted.category].judges != "moderator":
        # DSA Art. 17(2) lets a statement be left out for deceptive commercial content alone.
        raise Invalid("untold_not_allowed", "only authors of deceptive spam get no statement")
    return await _checked_sought(court, wanted, actor_id)


async def _checked_sought(court: Court, wanted: Wanted, actor_id: int) -> Wanted:
    if wanted.kind in {AUTHOR, WAVE}:
        if wanted.account_id is None:
            raise Invalid("bulk_sought_missing", "say whose posts are meant")
        await may_act(court.world, actor_id, wanted.account_id)
        if wanted.kind == WAVE and wanted.until_ms - wanted.since_ms > waves.SPAN_MOST_MS:
            raise Invalid("span_invalid", "a wave lies in the past and lasts 31 days at most")
        return wanted
    sought = wanted.sought.strip()
    if wanted.kind == DOMAIN:
        sought = bulk_finding.host_of(sought)
    if not sought or len(sought) > SOUGHT_CHARACTERS:
        raise Invalid("bulk_sought_missing", "say which link or which text is meant")
    if wanted.kind == TEXT:
        bulk_finding.words_of(sought)
    return msgspec.structs.replace(wanted, sought=sought, account_id=None)


def _line(world: World, row: BulkRow, actor_id: int, action: str) -> Write:
    target = str(row.account_id) if row.account_id is not None else row.sought[:200]
    return log_line(
        world,
        actor_id=actor_id,
        action=action,
        target=f"{row.kind}:{target}",
        reason=row.reason,
        aggregate=f"bulk:{row.id}",
    )


async def load(world: World, bulk_id: int) -> BulkRow:
    """A bulk act. NotFound `record_not_found`."""
    row = await world.storage.get(BULKS, (bulk_id,))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def of_month(
    world: World, month: str, span: month_lists.Span = month_lists.NEWEST
) -> month_lists.MonthPage[BulkRow]:
    """The bulk acts begun in a month (`YYYY-MM`), newest first."""
    return await month_lists.read(world, BULKS_BY_MONTH, BULKS, month, span)


async def items(
    world: World, bulk_id: int, *, above: int | None = None, limit: int = 40
) -> list[BulkItemRow]:
    """The posts that are meant, by their id."""
    bound = None if above is None else (above,)
    return await world.storage.range(BULK_ITEMS, (bulk_id,), above=bound, limit=limit)


async def go(court: Court, bulk_id: int, *, actor_id: int, count: int | None) -> BulkRow:
    """Begin to act. Over `bulk.confirm_over` posts, `count` says how many a person has seen.

    Raises Conflict `bulk_not_ready`, `bulk_too_many`, `count_not_confirmed`; NotFound.
    """
    row = await load(court.world, bulk_id)
    if row.account_id is not None:
        await may_act(court.world, actor_id, row.account_id)
    if row.state != READY:
        raise Conflict("bulk_not_ready", "it is being counted, or was begun already")
    limits = court.policy.bulk
    if row.over:
        raise Conflict("bulk_too_many", "too many: name a shorter time", most=limits.most)
    if row.counted > limits.confirm_over and count != row.counted:
        raise Conflict(
            "count_not_confirmed",
            "confirm how many posts this is about",
            counted=row.counted,
            confirm_over=limits.confirm_over,
        )
    return await _move(court.world, row, ACTING, actor_id, "bulk_remove", confirmed_by=actor_id)


async def restore(court: Court, bulk_id: int, *, actor_id: int) -> BulkRow:
    """Begin to bring back what was removed. Conflict `bulk_moving` before all of it was."""
    row = await load(court.world, bulk_id)
    if row.account_id is not None:
        await may_act(court.world, actor_id, row.account_id)
    if row.state != DONE:
        raise Conflict("bulk_moving", "only what is done whole can be undone")
    if row.wave_id is not None:
        await waves.restore(court, row.wave_id, actor_id=actor_id)
    return await _move(court.world, row, RESTORING, actor_id, "bulk_restore", actor_id=actor_id)


async def drop(court: Court, bulk_id: int, *, actor_id: int) -> BulkRow:
    """Give up what was counted and not begun. Conflict `bulk_not_ready`."""
    row = await load(court.world, bulk_id)
    if row.state not in {READY, COUNTING}:
        raise Conflict("bulk_not_ready", "it was begun already")
    new = msgspec.structs.replace(row, version=row.version + 1, state=DROPPED)
    writes: list[Write] = [
        Put(BULKS, new, row.at_ms + KEPT_MS),
        _line(court.world, row, actor_id, "bulk_drop"),
    ]
    await court.world.storage.commit(f"bulk:{row.id}", writes, expect=row.version)
    return new


async def _move(
    world: World, row: BulkRow, state: str, by: int, action: str, **changes: int
) -> BulkRow:
    new = msgspec.structs.replace(row, version=row.version + 1, state=state, place=None, **changes)
    writes: list[Write] = [
        Put(BULKS, new, row.at_ms + KEPT_MS),
        timer(f"bulk:{row.id}", TIMER, str(row.id), world.now_ms()),
        _line(world, row, by, action),
    ]
    await world.storage.commit(f"bulk:{row.id}", writes, expect=row.version)
    return new


async def go_on(court: Court, key: str) -> None:
    """Do the next few things of a bulk act."""
    row = await court.world.storage.get(BULKS, (int(key),))
    if row is None or row.state not in _MOVING:
        return
    if row.state == COUNTING:
        new, changed = await _count(court, row)
    elif row.kind == WAVE:
        new, changed = await _wave(court, row)
    else:
        new, changed = await (_act if row.state == ACTING else _restore)(court, row)
    new = msgspec.structs.replace(new, version=row.version + 1)
    lapses_ms = row.at_ms + KEPT_MS
    writes: list[Write] = [Put(BULKS, new, lapses_ms)]
    writes += [Put(BULK_ITEMS, item, lapses_ms) for item in changed]
    if new.state in _MOVING:
        writes.append(timer(f"bulk:{row.id}", TIMER, key, court.world.now_ms() + _NEXT_MS))
    await court.world.storage.commit(f"bulk:{row.id}", writes, expect=row.version)


async def _count(court: Court, row: BulkRow) -> tuple[BulkRow, Sequence[BulkItemRow]]:
    found = await bulk_finding.page(court, row, _FOUND_AT_ONCE)
    new = [BulkItemRow(row.id, post.id, post.author_id, MEANT, "") for post in found.posts]
    counted = row.counted + len(new)
    over = counted > court.policy.bulk.most
    ended = over or found.place is None
    state = READY if ended else COUNTING
    place = None if ended else found.place
    return msgspec.structs.replace(row, counted=counted, over=over, state=state, place=place), new


async def _act(court: Court, row: BulkRow) -> tuple[BulkRow, Sequence[BulkItemRow]]:
    changed = []
    page = await items(court.world, row.id, above=row.place, limit=_AT_ONCE)
    for item in page:
        why = await bulk_posts.remove(court, row, item.post_id)
        changed.append(msgspec.structs.replace(item, state=LEFT if why else DONE, why=why))
    left = sum(item.state == LEFT for item in changed)
    ended = len(page) < _AT_ONCE
    return msgspec.structs.replace(
        row,
        done=row.done + len(changed) - left,
        left_alone=row.left_alone + left,
        state=DONE if ended else ACTING,
        place=None if ended else page[-1].post_id,
    ), changed


async def _restore(court: Court, row: BulkRow) -> tuple[BulkRow, Sequence[BulkItemRow]]:
    changed = []
    page = await items(court.world, row.id, above=row.place, limit=_AT_ONCE)
    for item in page:
        if item.state == DONE:
            why = await bulk_posts.put_back(court, row, item.post_id)
            state = item.state if why else BACK
            changed.append(msgspec.structs.replace(item, state=state, why=why))
    ended = len(page) < _AT_ONCE
    return msgspec.structs.replace(
        row, state=RESTORED if ended else RESTORING, place=None if ended else page[-1].post_id
    ), changed


async def _wave(court: Court, row: BulkRow) -> tuple[BulkRow, Sequence[BulkItemRow]]:
    """Hand an author's whole wave (posts, boosts, follows) to what takes waves back."""
    if row.state == RESTORING or row.account_id is None:
        return msgspec.structs.replace(row, state=RESTORED), []
    wave = await waves.begin(
        court,
        row.account_id,
        actor_id=row.confirmed_by or row.actor_id,
        since_ms=row.since_ms,
        until_ms=row.until_ms,
        reason=row.reason,
        category=row.category,
        wave_id=row.id,
    )
    return msgspec.structs.replace(row, state=DONE, wave_id=wave.id, done=row.counted), []


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def bulk(key: str) -> None:
        await go_on(court, key)

    return {TIMER: bulk}
