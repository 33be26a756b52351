"""The only opener of the notice desk's tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec

from venire.kernel.clock import DAY_MS, iso_ms, utc_day
from venire.notices.model import Notice, NoticeItem
from venire.storage.tables.notices import (
    HOLD_BUDGETS,
    NOTICE_ITEMS,
    NOTICE_REFERENCES,
    NOTICES,
    POST_ITEMS,
    PROVIDER_NOTICES,
    RECENT_NOTICES,
    HoldBudgetRow,
    NoticeItemRow,
    NoticeReferenceRow,
    NoticeRow,
    PostItemRow,
    ProviderNoticeRow,
    RecentNoticeRow,
)
from venire.storage.verbs import Delete, Put, Storage, Write

CLAIM_MS = 600_000
_BUDGET_KEPT_MS = 30 * DAY_MS
_PART_BYTES = 40_000
_PART_ROWS = 40
_PAGE = 1000


def aggregate(notice_id: int) -> str:
    """The aggregate of a notice."""
    return f"notice:{notice_id}"


async def of_reference(storage: Storage, sender: str, reference: str) -> int | None:
    """The notice that came from this sender under this reference."""
    there = await storage.get(NOTICE_REFERENCES, (sender, reference))
    return None if there is None else there.notice_id


async def claim_reference(
    storage: Storage, sender: str, reference: str, notice_id: int, now_ms: int
) -> int:
    """Claim a sender's reference for a new notice; return the notice that has it."""
    there = await storage.put_if_absent(
        NOTICE_REFERENCES,
        NoticeReferenceRow(sender, reference, notice_id),
        expires_at_ms=now_ms + CLAIM_MS,
    )
    return notice_id if there is None else there.notice_id


async def load_row(storage: Storage, notice_id: int) -> NoticeRow | None:
    """A notice's head row."""
    return await storage.get(NOTICES, (notice_id,))


def notice_of(row: NoticeRow) -> Notice:
    """The noun of a row."""
    return msgspec.json.decode(row.body, type=Notice)


async def load(storage: Storage, notice_id: int) -> Notice | None:
    """A notice."""
    row = await load_row(storage, notice_id)
    return None if row is None else notice_of(row)


def put_notice(notice: Notice, state: str, raw_key: str, version: int) -> Write:
    """The write of a notice's head."""
    row = NoticeRow(
        id=notice.id,
        provider=notice.provider,
        reference=notice.reference,
        state=state,
        raw_key=raw_key,
        body=msgspec.json.encode(notice),
        version=version,
    )
    return Put(NOTICES, row)


def put_identity(notice: Notice, sender: str) -> list[Write]:
    """The writes that confirm a sender's reference and list the notice."""
    year = int(iso_ms(notice.imported_at_ms)[:4])
    return [
        Put(NOTICE_REFERENCES, NoticeReferenceRow(sender, notice.reference, notice.id)),
        Put(RECENT_NOTICES, RecentNoticeRow(year, notice.id, notice.provider)),
        *([put_in_file(notice)] if notice.verified else []),
    ]


def put_in_file(notice: Notice) -> Write:
    """The write that brings a notice into its provider's file."""
    row = ProviderNoticeRow(notice.provider, notice.id, notice.item_count)
    return Put(PROVIDER_NOTICES, row)


def _item_row(notice_id: int, item: NoticeItem) -> NoticeItemRow:
    return NoticeItemRow(notice_id, item.n, item.state, msgspec.json.encode(item))


def _item_of(row: NoticeItemRow) -> NoticeItem:
    return msgspec.json.decode(row.body, type=NoticeItem)


def put_item(notice_id: int, item: NoticeItem) -> list[Write]:
    """The writes of an item, and of the way back from each of its posts."""
    links: list[Write] = []
    if item.state != "ambiguous":
        links = [Put(POST_ITEMS, PostItemRow(post_id, notice_id, item.n)) for post_id in item.posts]
    return [Put(NOTICE_ITEMS, _item_row(notice_id, item)), *links]


def in_parts(notice_id: int, items: Iterable[NoticeItem]) -> list[list[Write]]:
    """Items as commits that keep within what one commit may hold."""
    parts: list[list[Write]] = [[]]
    size = 0
    for item in items:
        writes = put_item(notice_id, item)
        weight = sum(len(w.row.body) for w in writes if isinstance(w.row, NoticeItemRow)) + 200
        full = size + weight > _PART_BYTES or len(parts[-1]) + len(writes) > _PART_ROWS
        if parts[-1] and full:
            parts.append([])
            size = 0
        parts[-1] += writes
        size += weight
    return [part for part in parts if part]


async def pages(
    storage: Storage,
    notice_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    size: int = _PAGE,
) -> AsyncIterator[list[NoticeItem]]:
    """The items of a notice by number, page by page; the bounds are exclusive."""
    start = None if above is None else (above,)
    end = None if below is None else (below,)
    while True:
        rows = await storage.range(NOTICE_ITEMS, (notice_id,), above=start, below=end, limit=size)
        if rows:
            yield [_item_of(row) for row in rows]
        if len(rows) < size:
            return
        start = (rows[-1].n,)


async def items(storage: Storage, notice_id: int) -> list[NoticeItem]:
    """Every item of a notice, by number."""
    return [item async for page in pages(storage, notice_id) for item in page]


async def item(storage: Storage, notice_id: int, n: int) -> NoticeItem | None:
    """One item."""
    row = await storage.get(NOTICE_ITEMS, (notice_id, n))
    return None if row is None else _item_of(row)


async def change_item(
    storage: Storage,
    notice_id: int,
    n: int,
    change: Callable[[NoticeItem], NoticeItem | None],
) -> bool:
    """Replace an item by what `change` makes of it, unless that is None; say whether it did.

    `change` is asked again when the item moved meanwhile; it leaves the posts as they are.
    """
    while True:
        row = await storage.get(NOTICE_ITEMS, (notice_id, n))
        changed = None if row is None else change(_item_of(row))
        if row is None or changed is None:
            return False
        if await storage.compare_and_set(NOTICE_ITEMS, row, _item_row(notice_id, changed)):
            return True


async def forget(storage: Storage, notice: Notice) -> None:
    """Remove a notice that never was one: somebody else's sending of it came first."""
    async for page in pages(storage, notice.id):
        rows = [Delete(NOTICE_ITEMS, _item_row(notice.id, item)) for item in page]
        for start in range(0, len(rows), _PART_ROWS):
            part = rows[start : start + _PART_ROWS]
            await storage.commit(aggregate(notice.id), part)
    row = await load_row(storage, notice.id)
    if row is not None:
        await storage.delete(NOTICES, row)


async def items_about(storage: Storage, post_id: int) -> Sequence[tuple[int, int]]:
    """(notice, n) of every item that found this post."""
    found: list[tuple[int, int]] = []
    above: tuple[int, int] | None = None
    while True:
        rows = await storage.range(POST_ITEMS, (post_id,), above=above, limit=_PAGE)
        found += [(row.notice_id, row.n) for row in rows]
        if len(rows) < _PAGE:
            return found
        above = found[-1]


async def recent(storage: Storage, year: int, limit: int = 40) -> list[int]:
    """The notices of a year, newest first."""
    rows = await storage.range(RECENT_NOTICES, (year,), limit=limit)
    return [row.notice_id for row in rows]


async def of_provider(storage: Storage, provider: str, limit: int = 200) -> list[int]:
    """The notices of one body, newest first."""
    rows = await storage.range(PROVIDER_NOTICES, (provider,), limit=limit)
    return [row.notice_id for row in rows]


async def holds_today(storage: Storage, provider: str, now_ms: int) -> HoldBudgetRow:
    """How many holds a provider's notices caused today."""
    day = utc_day(now_ms)
    row = await storage.get(HOLD_BUDGETS, (provider, day))
    return row or HoldBudgetRow(provider, day, 0)


async def count_hold(
    storage: Storage, provider: str, now_ms: int, budget: int, *, count: int = 1
) -> bool:
    """Take holds from a provider's daily budget, all or none; False when it is spent."""
    while True:
        before = await holds_today(storage, provider, now_ms)
        if before.holds + count > budget:
            return False
        after = msgspec.structs.replace(before, holds=before.holds + count)
        until_ms = now_ms + _BUDGET_KEPT_MS
        if before.holds == 0:
            if await storage.put_if_absent(HOLD_BUDGETS, after, expires_at_ms=until_ms) is None:
                return True
        elif await storage.compare_and_set(HOLD_BUDGETS, before, after):
            return True
