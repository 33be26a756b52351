"""Erasing who left: their posts, their ties, then every row that says it is about them.

The last part is derived from the `subject` of each table: one pass over all tables takes out the
rows of everyone who waits, so its cost does not grow with how many leave. Each part is small,
keeps its place in its timer or its row, and may be done twice: killed anywhere, it goes on.
"""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases import child_safety, store
from venire.cases.court import Court
from venire.kernel.clock import DAY_MS
from venire.kernel.ids import AccountId
from venire.people import admission, consent, departures, follow_lists, follows
from venire.posts import actions as posts
from venire.posts.listing import account_entries
from venire.posts.media import pictures
from venire.posts.media import store as media
from venire.posts.model import Stretch
from venire.storage.tables.every import ALL
from venire.storage.tables.outbox import TIMERS, TimerRow
from venire.storage.tables.roll import ERASURES, ErasureRow
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Table
from venire.storage.world import World

DEPARTURE = departures.TIMER
ERASURE = "erasure"
_POSTS_AT_ONCE = 40
_TIES_AT_ONCE = 100
_PAGES_AT_ONCE = 8
_PAGE = 500
_NEXT_MS = 50
_LOOK_AGAIN_MS = 30 * DAY_MS
_RUN = "rows"

OWN_WAY = {
    "accounts": "its owner's name and that they left",
    "handles": "so that nobody poses as someone who left",
    "departures": "that they left, and when",
    "departures_by_state": "moves with the departure",
    "posts": "blanked one by one, so that threads keep their shape",
    "post_versions": "goes with its post",
    "media": "removed with its post, and its objects with it; else lapses within a day",
    "account_pictures": "removed with their objects",
    "account_posts": "the place of a blanked post",
    "account_years": "the place of a blanked post",
    "thread_posts": "the place of a blanked post",
    "public_posts": "lapses within 30 days; its post is blank",
}
"""Tables that erasure treats in their own way."""
KEPT = {
    "cases": "as long as the verdict can be appealed",
    "case_sources": "as its case",
    "appeals": "as its case",
    "appeals_by_account": "as its case",
    "case_keepers": "what was done in office is answered for",
    "case_notes": "what was done in office is answered for",
    "statements": "as its case",
    "strikes": "as its case",
    "reports": "as its case",
    "reports_by_reporter": "as its case",
    "reports_by_target": "as its case",
    "report_desk": "as its report",
    "pending_suspensions": "as its case",
    "packets": "what is ready for the police outlives its author's leaving",
    "sealed_cases": "as the law of the authority requires that it was reported to",
    "reviews": "what was done in office is answered for",
    "sealed_log": "what was done in office is answered for",
    "copyright_items": "as long as the claim can be brought before a court",
    "copyright_items_by_uploader": "as long as the claim can be brought before a court",
    "order_posts": "what an authority ordered is answered for",
    "data_demand_log": "what was done in office is answered for",
    "seats": "as its case; never shown to anyone",
    "busy_jurors": "two days at most",
    "service_by_juror": "what was earned is owed",
    "pay_promises": "what was earned is owed, and books are kept",
    "open_promises": "what is promised is owed; lapses within two months",
    "served_ballots": "what was earned is owed, and books are kept",
    "juror_ledgers": "what was earned is owed, and books are kept",
    "ledger_entries": "what was earned is owed, and books are kept",
    "ledger_postings": "what was earned is owed, and books are kept",
    "ledger_totals": "what was earned is owed, and books are kept",
    "payout_desks": "what was earned is owed, and books are kept",
    "payouts": "what was earned is owed, and books are kept",
    "payout_attempts": "what was earned is owed, and books are kept",
    "payout_queue": "what was earned is owed, and books are kept",
    "summons_by_juror": "until answered or past its deadline",
    "pool_members": "until no draw of the epoch can be appealed",
    "moderator_actions": "what was done in office is answered for",
    "admin_actions": "what was done in office is answered for",
    "block_signals": "the other side's block; hashed, lapses within 180 days",
    "blocked_signals": "the other side's block; hashed, lapses within 180 days",
}
"""Tables whose rows stay when their subject leaves, and why."""


def erased_tables() -> tuple[Table[Any], ...]:
    """The tables whose rows go with any of their subjects."""
    return tuple(
        table
        for table in ALL
        if table.subject
        and not table.rebuildable
        and table.name not in OWN_WAY
        and table.name not in KEPT
    )


async def on_departure(court: Court, key: str) -> None:
    """Go on with someone who left. `key`: the account, the part, and where in it."""
    account_id, part, place = _read_key(key)
    if part == "again":
        await _posts(court, account_id, place, again=True)
        return
    if not await departures.begin_erasing(court.world, account_id):
        return
    if part == "ties":
        await _ties(court.world, account_id)
    else:
        await _posts(court, account_id, place)


def _read_key(key: str) -> tuple[int, str, int | None]:
    account, _, rest = key.partition(":")
    part, _, place = rest.partition(":")
    return int(account), part, int(place) if place else None


async def _later(world: World, key: str, wait_ms: int = _NEXT_MS) -> None:
    account = key.partition(":")[0]
    due_ms = world.now_ms() + wait_ms
    row = TimerRow(0, due_ms, DEPARTURE, key, f"account:{account}")
    await world.storage.put(TIMERS, row)


async def _posts(court: Court, account_id: int, below: int | None, *, again: bool = False) -> None:
    """Blank a few posts; those that a case still needs are looked at again in a month."""
    stretch = Stretch(None, below, _POSTS_AT_ONCE)
    entries = await account_entries(court.world, account_id, stretch)
    kept = False
    for entry in entries:
        if await _is_needed(court, entry.id):
            kept = True
        else:
            await _erase(court.world, entry.id)
    if kept:
        # One such timer for each stretch that holds one: the place goes with it.
        place = "" if below is None else f":{below}"
        await _later(court.world, f"{account_id}:again{place}", _LOOK_AGAIN_MS)
    if again:
        return
    if len(entries) == _POSTS_AT_ONCE:
        await _later(court.world, f"{account_id}:posts:{entries[-1].id}")
    else:
        await _later(court.world, f"{account_id}:ties")


async def _erase(world: World, post_id: int) -> None:
    await posts.erase(world, post_id)
    # After the post: a medium is free once nothing shows it.
    for media_id in await media.media_of(world, post_id):
        medium = await media.load(world, media_id)
        if medium is not None:
            await media.remove(world, medium)


async def _is_needed(court: Court, post_id: int) -> bool:
    """Whether a case may still look at a post: undecided, or within the time for an appeal."""
    case = await store.case_of_subject(court.world.storage, "post", post_id)
    if case is not None and await child_safety.is_kept(court.world, case.id):
        return True
    if case is None or case.state == "closed":
        return False
    if case.measured_at_ms is None:
        return True
    months = court.policy.appeals.months
    return court.world.now_ms() < case.measured_at_ms + months * 31 * DAY_MS


async def _ties(world: World, account_id: int) -> None:
    """End a few follows, both ways, so that the others' counts are right."""
    following = await follow_lists.followee_ids(world, account_id, most=_TIES_AT_ONCE)
    for other in following:
        await follows.unfollow(world, AccountId(account_id), other)
    followers = await follow_lists.follower_page(world, account_id, limit=_TIES_AT_ONCE)
    for _, other in followers:
        await follows.unfollow(world, other, account_id)
    if len(following) == _TIES_AT_ONCE or len(followers) == _TIES_AT_ONCE:
        await _later(world, f"{account_id}:ties")
        return
    await pictures.clear(world, account_id)
    await departures.note_emptied(world, account_id)
    due = timer(f"erasure:{_RUN}", ERASURE, _RUN, world.now_ms() + _NEXT_MS)
    await world.storage.put(due.table, due.row)


async def on_erasure(court: Court, key: str) -> None:
    """Go on with the pass that takes out the rows of those who left."""
    world = court.world
    run = await world.storage.get(ERASURES, (key,)) or await _begin(world, key)
    if run is None:
        return
    gone = frozenset(msgspec.json.decode(run.account_ids, type=list[int]))
    tables = erased_tables()
    names = [table.name for table in tables]
    # A table that this version does not know any more is passed over.
    place = names.index(run.reached) if run.reached in names else 0
    cursor = run.cursor
    for _ in range(_PAGES_AT_ONCE):
        cursor = await _page(world, tables[place], gone, cursor)
        place += cursor is None
        if place == len(tables):
            await _end(world, run, gone)
            break
    else:
        await world.storage.put(
            ERASURES, msgspec.structs.replace(run, reached=names[place], cursor=cursor)
        )
    due = timer(f"erasure:{key}", ERASURE, key, world.now_ms() + _NEXT_MS)
    await world.storage.put(due.table, due.row)


async def _begin(world: World, key: str) -> ErasureRow | None:
    accounts = await departures.emptied_accounts(world)
    if not accounts:
        return None
    ids = msgspec.json.encode([int(one) for one in accounts])
    run = ErasureRow(key, erased_tables()[0].name, None, ids, 0)
    await world.storage.put(ERASURES, run)
    return run


async def _page(
    world: World, table: Table[Any], gone: frozenset[int], cursor: bytes | None
) -> bytes | None:
    rows, after = await world.storage.scan(table, cursor, _PAGE)
    for row in rows:
        if any(getattr(row, column) in gone for column in table.subject):
            await world.storage.delete(table, row)
    return after


async def _end(world: World, run: ErasureRow, gone: frozenset[int]) -> None:
    for account_id in sorted(gone):
        await departures.note_erased(world, account_id)
    await world.storage.delete(ERASURES, run)


async def _end_unanswered(court: Court, key: str) -> None:
    """Close an account whose guardian never answered."""
    account_id = await consent.refuse_consent(court.world, int(key))
    if account_id is not None:
        await departures.leave(court.world, account_id, returnable=False)


def timers(court: Court) -> dict[str, TimerHandler]:
    """What each kind of timer of this part does."""

    async def adulthood(key: str) -> None:
        await admission.come_of_age(court.world, int(key))

    async def unanswered(key: str) -> None:
        await _end_unanswered(court, key)

    async def departure(key: str) -> None:
        await on_departure(court, key)

    async def erasure(key: str) -> None:
        await on_erasure(court, key)

    return {
        admission.ADULTHOOD: adulthood,
        consent.TIMER: unanswered,
        DEPARTURE: departure,
        ERASURE: erasure,
    }
