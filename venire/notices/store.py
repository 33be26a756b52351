"""The only opener of the notice desk's tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from venire.storage.verbs import Put, Storage, Write

CLAIM_MS = 600_000
_BUDGET_KEPT_MS = 30 * DAY_MS
_PART_BYTES = 40_000
_PART_ROWS = 40


def aggregate(notice_id: int) -> str:
    """The aggregate of a notice."""
    return f"notice:{notice_id}"


async def claim_reference(
    storage: Storage, provider: str, reference: str, notice_id: int, now_ms: int
) -> int:
    """Claim (provider, reference) for a new notice; return the notice that has it."""
    there = await storage.put_if_absent(
        NOTICE_REFERENCES,
        NoticeReferenceRow(provider, reference, notice_id),
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


def put_identity(notice: Notice) -> list[Write]:
    """The writes that confirm a notice's reference and list it."""
    year = int(iso_ms(notice.imported_at_ms)[:4])
    return [
        Put(NOTICE_REFERENCES, NoticeReferenceRow(notice.provider, notice.reference, notice.id)),
        Put(PROVIDER_NOTICES, ProviderNoticeRow(notice.provider, notice.id, notice.item_count)),
        Put(RECENT_NOTICES, RecentNoticeRow(year, notice.id, notice.provider)),
    ]


def put_item(notice_id: int, item: NoticeItem) -> list[Write]:
    """The writes of an item, and of the way back from each of its posts."""
    row = NoticeItemRow(notice_id, item.n, item.state, msgspec.json.encode(item))
    links: list[Write] = []
    if item.state != "ambiguous":
        links = [Put(POST_ITEMS, PostItemRow(post_id, notice_id, item.n)) for post_id in item.posts]
    return [Put(NOTICE_ITEMS, row), *links]


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


async def items(storage: Storage, notice_id: int) -> list[NoticeItem]:
    """Every item of a notice, by number."""
    found: list[NoticeItem] = []
    above: tuple[int] | None = None
    while True:
        rows = await storage.range(NOTICE_ITEMS, (notice_id,), above=above, limit=1000)
        found += [msgspec.json.decode(row.body, type=NoticeItem) for row in rows]
        if len(rows) < 1000:  # noqa: PLR2004 - a short page is the last
            return found
        above = (rows[-1].n,)


async def item(storage: Storage, notice_id: int, n: int) -> NoticeItem | None:
    """One item."""
    row = await storage.get(NOTICE_ITEMS, (notice_id, n))
    return None if row is None else msgspec.json.decode(row.body, type=NoticeItem)


async def items_about(storage: Storage, post_id: int) -> Sequence[tuple[int, int]]:
    """(notice, n) of every item that found this post."""
    rows = await storage.range(POST_ITEMS, (post_id,), limit=1000)
    return [(row.notice_id, row.n) for row in rows]


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


async def count_hold(storage: Storage, provider: str, now_ms: int, budget: int) -> bool:
    """Take one hold from a provider's daily budget; False when it is spent."""
    while True:
        before = await holds_today(storage, provider, now_ms)
        if before.holds >= budget:
            return False
        after = msgspec.structs.replace(before, holds=before.holds + 1)
        until_ms = now_ms + _BUDGET_KEPT_MS
        if before.holds == 0:
            if await storage.put_if_absent(HOLD_BUDGETS, after, expires_at_ms=until_ms) is None:
                return True
        elif await storage.compare_and_set(HOLD_BUDGETS, before, after):
            return True
