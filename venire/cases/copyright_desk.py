"""Copyright: notice and counter-notice, as 17 U.S.C. 512 has them; never before a panel.

Anybody may send a notice, so none removes anything by itself: a moderator accepts or refuses it.
What is removed goes through its case, its uploader gets a copy, and may answer; then it comes back
after ten business days, unless the claimant has gone to court. Each move is one commit; what it
does outside follows from a timer, and may be done twice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from venire.cases import copyright_effects, late_desks, month_lists
from venire.cases.copyright_model import (
    ITEM_STATES,
    MOST_URLS,
    NOTICE_STATES,
    Counter,
    Notice,
    business_days_after,
)
from venire.cases.court import Court
from venire.kernel.clock import DAY_MS, HOUR_MS, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.notices.addresses import parse_post_url
from venire.people.admin_log import log_line
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, Post
from venire.storage.tables.copyright_desk import (
    COPYRIGHT_BY_MONTH,
    COPYRIGHT_BY_UPLOADER,
    COPYRIGHT_ITEMS,
    COPYRIGHT_NOTICES,
    CopyrightItemRow,
    CopyrightListRow,
    CopyrightNoticeRow,
    CopyrightUploaderRow,
)
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

TIMER = "copyright"
REASON_CHARACTERS = 2_000
KEPT_MS = 3 * 365 * DAY_MS
"""From when a notice came in: as long as a claim can be brought (17 U.S.C. 507)."""
AT_LEAST_MS = 90 * DAY_MS
"""From the last move: no clock that runs to a post's return outlives what it needs."""
_SECRET_BYTES = 24
_UPLOADER_MOST = 200
_STANDS = frozenset({"removed", "action_filed"})


def _aggregate(notice_id: int) -> str:
    return f"copyright:{notice_id}"


def _lapses_ms(row: CopyrightNoticeRow, now_ms: int) -> int:
    """When a notice, and whatever is written of it now, lapses: said with every write of it."""
    return max(row.received_at_ms + KEPT_MS, now_ms + AT_LEAST_MS)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


async def receive(court: Court, notice: Notice) -> tuple[CopyrightNoticeRow, str]:
    """Take a notice in; return it, and the secret that opens its claimant's page.

    Raises Invalid `copyright_notice_incomplete` with what is missing, `text_too_long`.
    """
    notice.check()
    world = court.world
    now_ms = world.now_ms()
    secret = world.chance.token(_SECRET_BYTES).hex()
    hours = court.policy.category("copyright").clock_hours
    row = CopyrightNoticeRow(
        id=world.ids.next(),
        version=1,
        state=NOTICE_STATES.start,
        secret_hash=_hash(secret),
        body=msgspec.json.encode(notice),
        items=len(notice.urls),
        received_at_ms=now_ms,
        due_at_ms=now_ms + hours * HOUR_MS,
        decided_by=None,
        reason="",
    )
    lapses_ms = _lapses_ms(row, now_ms)
    writes: list[Write] = [
        Put(COPYRIGHT_NOTICES, row, lapses_ms),
        Put(COPYRIGHT_BY_MONTH, CopyrightListRow(utc_day(now_ms)[:7], row.id), lapses_ms),
        timer(_aggregate(row.id), TIMER, f"{row.id}:received", now_ms),
        timer(_aggregate(row.id), TIMER, f"{row.id}:late", late_desks.late_ms(row)),
    ]
    for n, url in enumerate(notice.urls, start=1):
        post = await _named(world, url)
        item = CopyrightItemRow(
            notice_id=row.id,
            n=n,
            version=1,
            url=url,
            post_id=None if post is None else post.id,
            uploader_id=None if post is None else post.author_id,
            state="not_found" if post is None else "located",
            case_public_id="",
            counter=None,
            countered_at_ms=None,
            restore_at_ms=None,
            restore_by_ms=None,
            filed="",
            changed_at_ms=now_ms,
        )
        writes.append(Put(COPYRIGHT_ITEMS, item, lapses_ms))
    await world.storage.commit(_aggregate(row.id), writes, expect=0)
    return row, secret


async def _named(world: World, url: str) -> Post | None:
    """The public post that an address names."""
    address = parse_post_url(url, world.site.own)
    post = None if address.post_id is None else await posts.load(world, address.post_id)
    if post is None or post.visibility not in LISTED or post.state == DELETED:
        return None
    return post


async def load(world: World, notice_id: int) -> CopyrightNoticeRow:
    """A notice. NotFound `record_not_found`."""
    row = await world.storage.get(COPYRIGHT_NOTICES, (notice_id,))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def items_of(world: World, notice_id: int) -> list[CopyrightItemRow]:
    """The items of a notice, in their order."""
    return await world.storage.range(COPYRIGHT_ITEMS, (notice_id,), limit=MOST_URLS)


async def of_month(
    world: World, month: str, span: month_lists.Span = month_lists.NEWEST
) -> month_lists.MonthPage[CopyrightNoticeRow]:
    """The notices of a month (`YYYY-MM`), newest first."""
    return await month_lists.read(world, COPYRIGHT_BY_MONTH, COPYRIGHT_NOTICES, month, span)


async def infringements(world: World, uploader_id: int) -> int:
    """How many notices against an account stand: not answered, not withdrawn."""
    named = await world.storage.range(COPYRIGHT_BY_UPLOADER, (uploader_id,), limit=_UPLOADER_MOST)
    keys = [(one.notice_id, one.n) for one in named]
    rows = await world.storage.get_many(COPYRIGHT_ITEMS, keys)
    return sum(row is not None and row.state in _STANDS for row in rows)


# the moderator


async def accept(court: Court, notice_id: int, *, actor_id: int) -> CopyrightNoticeRow:
    """Have what a notice names removed. Forbidden `own_case`; Conflict."""
    row = await _not_own(court.world, notice_id, actor_id)
    return await _decide(court.world, row, "accepted", actor_id, "")


async def _not_own(world: World, notice_id: int, actor_id: int) -> CopyrightNoticeRow:
    row = await load(world, notice_id)
    if any(item.uploader_id == actor_id for item in await items_of(world, notice_id)):
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    return row


async def refuse(court: Court, notice_id: int, *, actor_id: int, reason: str) -> CopyrightNoticeRow:
    """Refuse a notice, with reasons. Invalid `reason_missing`; Forbidden; Conflict."""
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    row = await _not_own(court.world, notice_id, actor_id)
    return await _decide(court.world, row, "refused", actor_id, reason)


async def _decide(
    world: World, row: CopyrightNoticeRow, state: str, actor_id: int | None, reason: str
) -> CopyrightNoticeRow:
    NOTICE_STATES.check(row.state, state)
    now_ms = world.now_ms()
    new = msgspec.structs.replace(
        row,
        version=row.version + 1,
        state=state,
        decided_by=row.decided_by if actor_id is None else actor_id,
        reason=reason,
    )
    writes: list[Write] = [
        Put(COPYRIGHT_NOTICES, new, _lapses_ms(row, now_ms)),
        timer(_aggregate(row.id), TIMER, f"{row.id}:{state}", now_ms),
    ]
    if actor_id is not None:
        line = log_line(
            world,
            actor_id=actor_id,
            action=f"copyright_{state}",
            target=str(row.id),
            reason=reason,
            aggregate=_aggregate(row.id),
        )
        writes.append(line)
    await world.storage.commit(_aggregate(row.id), writes, expect=row.version)
    return new


# the uploader


async def counter(
    court: Court, notice_id: int, n: int, given: Counter, *, account_id: int
) -> CopyrightItemRow:
    """Answer a notice: the post comes back unless the claimant goes to court within the time.

    Raises NotFound for who is not its uploader; Invalid `counter_notice_incomplete`; Conflict
    `transition_not_allowed`.
    """
    given.check()
    item = await _own(court.world, notice_id, n, account_id)
    now_ms = court.world.now_ms()
    days = court.policy.copyright
    new = msgspec.structs.replace(
        item,
        counter=msgspec.json.encode(given),
        countered_at_ms=now_ms,
        restore_at_ms=business_days_after(now_ms, days.restore_after_business_days),
        restore_by_ms=business_days_after(now_ms, days.restore_by_business_days),
    )
    return await _move(court.world, item, new, "countered")


async def _own(world: World, notice_id: int, n: int, account_id: int) -> CopyrightItemRow:
    item = await world.storage.get(COPYRIGHT_ITEMS, (notice_id, n))
    if item is None or item.uploader_id != account_id or item.state in {"located", "not_found"}:
        raise NotFound("record_not_found", "Record not found")
    return item


async def _move(
    world: World,
    item: CopyrightItemRow,
    new: CopyrightItemRow,
    state: str,
    lines: Sequence[Write] = (),
) -> CopyrightItemRow:
    """Commit an item's next state; the notice's version guards it, since items have no head."""
    ITEM_STATES.check(item.state, state)
    row = await load(world, item.notice_id)
    now_ms = world.now_ms()
    moved = msgspec.structs.replace(
        new, version=item.version + 1, state=state, changed_at_ms=now_ms
    )
    again = await world.storage.get(COPYRIGHT_ITEMS, (item.notice_id, item.n))
    if again != item:
        raise Conflict("try_again", "This changed meanwhile: try again")
    lapses_ms = _lapses_ms(row, now_ms)
    writes: list[Write] = [
        Put(COPYRIGHT_NOTICES, msgspec.structs.replace(row, version=row.version + 1), lapses_ms),
        Put(COPYRIGHT_ITEMS, moved, lapses_ms),
        *lines,
    ]
    if state == "removed" and item.uploader_id is not None:
        named = CopyrightUploaderRow(item.uploader_id, item.notice_id, item.n)
        writes.append(Put(COPYRIGHT_BY_UPLOADER, named, lapses_ms))
    if moved.restore_at_ms is not None and state == "countered":
        key = f"{item.notice_id}:restore:{item.n}"
        writes.append(timer(_aggregate(item.notice_id), TIMER, key, moved.restore_at_ms))
    await world.storage.commit(_aggregate(item.notice_id), writes, expect=row.version)
    return moved


# the claimant


async def claimant(world: World, notice_id: int, secret: str) -> CopyrightNoticeRow:
    """The notice of whoever knows its secret. NotFound otherwise."""
    row = await world.storage.get(COPYRIGHT_NOTICES, (notice_id,))
    kept = b"" if row is None else row.secret_hash
    if row is None or not hmac.compare_digest(kept, _hash(secret)):
        raise NotFound("record_not_found", "Record not found")
    return row


async def withdraw(court: Court, notice_id: int, secret: str) -> CopyrightNoticeRow:
    """Take a notice back: what was removed for it comes back. NotFound, Conflict."""
    row = await claimant(court.world, notice_id, secret)
    return await _decide(court.world, row, "withdrawn", None, "")


async def note_filed(
    court: Court, notice_id: int, n: int, secret: str, filed: str
) -> CopyrightItemRow:
    """That the claimant has gone to court: the post stays removed. Invalid, NotFound, Conflict."""
    await claimant(court.world, notice_id, secret)
    if not filed.strip() or len(filed) > REASON_CHARACTERS:
        raise Invalid("filed_missing", "name the court and the number of the action")
    item = await court.world.storage.get(COPYRIGHT_ITEMS, (notice_id, n))
    if item is None:
        raise NotFound("record_not_found", "Record not found")
    new = msgspec.structs.replace(item, filed=filed.strip())
    return await _move(court.world, item, new, "action_filed")


# what follows


async def go_on(court: Court, key: str) -> None:
    """Do what follows from a move. `key`: the notice, what was done, and to which item."""
    notice, what, *rest = key.split(":")
    row = await court.world.storage.get(COPYRIGHT_NOTICES, (int(notice),))
    if row is None:
        return
    if what == "received":
        await copyright_effects.note_arrival(court, row)
    elif what == "late" and row.state == "received":
        uploaders = {item.uploader_id or 0 for item in await items_of(court.world, row.id)}
        await late_desks.tell_of_notice(court, row, uploaders)
    elif what == "accepted" and row.state == "accepted":
        await _remove_all(court, row)
    elif what == "withdrawn":
        for item in await items_of(court.world, row.id):
            await _restore(court, item, "withdrawn")
    elif what == "restore":
        due = await court.world.storage.get(COPYRIGHT_ITEMS, (row.id, int(rest[0])))
        # A court's action, filed in time, ends the clock.
        if due is not None and due.state == "countered":
            await _restore(court, due, "restored")


async def _remove_all(court: Court, row: CopyrightNoticeRow) -> None:
    for item in await items_of(court.world, row.id):
        if item.state != "located":
            continue
        case_id = await copyright_effects.remove(court, row, item)
        new = msgspec.structs.replace(item, case_public_id=case_id)
        await _move(court.world, item, new, "removed" if case_id else "not_found")
        if case_id:
            await copyright_effects.tell_uploader(court, item)


async def _restore(court: Court, item: CopyrightItemRow, state: str) -> None:
    if not ITEM_STATES.allows(item.state, state):
        return
    lines: list[Write] = []
    if item.case_public_id and not await _others_stand(court.world, item):
        why = await copyright_effects.put_back(court, item, state)
        lines = [_left(court, item, why)] if why else []
    await _move(court.world, item, item, state, lines)


def _left(court: Court, item: CopyrightItemRow, why: str) -> Write:
    """A line for the moderators: a claim is over, and why its post stays hidden all the same."""
    return log_line(
        court.world,
        actor_id=court.site_account_id,
        action="copyright_left",
        target=f"post:{item.post_id}",
        reason=why,
        aggregate=_aggregate(item.notice_id),
    )


async def _others_stand(world: World, item: CopyrightItemRow) -> bool:
    """Whether another claimant's notice keeps the same post removed."""
    uploader_id = item.uploader_id or 0
    named = await world.storage.range(COPYRIGHT_BY_UPLOADER, (uploader_id,), limit=_UPLOADER_MOST)
    keys = [(one.notice_id, one.n) for one in named]
    rows = await world.storage.get_many(COPYRIGHT_ITEMS, keys)
    return any(
        row is not None
        and row.post_id == item.post_id
        and (row.notice_id, row.n) != (item.notice_id, item.n)
        and row.state in {"removed", "countered", "action_filed"}
        for row in rows
    )


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def moved(key: str) -> None:
        await go_on(court, key)

    return {TIMER: moved}


def item_view(item: CopyrightItemRow) -> dict[str, Any]:
    """An item as all three parties read it: not who the uploader is."""
    return copyright_effects.item_view(item)
