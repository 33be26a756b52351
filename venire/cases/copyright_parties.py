"""What each party sees of a copyright notice: claimant, uploader, moderator; nobody else does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from venire.cases import copyright_desk as desk
from venire.cases.copyright_effects import item_view
from venire.cases.copyright_model import Counter, Notice
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.storage.tables.copyright_desk import CopyrightItemRow, CopyrightNoticeRow

REDACTED = "[redacted]"


def _head(court: Court, row: CopyrightNoticeRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "state": row.state,
        "received_at": iso_ms(row.received_at_ms),
        "due_at": iso_ms(row.due_at_ms),
        "overdue": row.state == "received" and row.due_at_ms < court.world.now_ms(),
        "reason": row.reason,
    }


def notice_of(row: CopyrightNoticeRow) -> Notice:
    """What the claimant stated."""
    return msgspec.json.decode(row.body, type=Notice)


def counter_of(item: CopyrightItemRow) -> Counter | None:
    """What the uploader answered."""
    return None if item.counter is None else msgspec.json.decode(item.counter, type=Counter)


async def claimant_view(court: Court, row: CopyrightNoticeRow) -> dict[str, Any]:
    """To the claimant: each item, and any counter-notice whole, as the law gives it to them."""
    items = []
    for item in await desk.items_of(court.world, row.id):
        counter = counter_of(item)
        given = None if counter is None else msgspec.structs.asdict(counter)
        items.append({**item_view(item), "counter": given})
    return {**_head(court, row), "items": items}


async def uploader_view(court: Court, row: CopyrightNoticeRow, account_id: int) -> dict[str, Any]:
    """To an uploader: the notice without any address of the claimant, and their own items alone.

    NotFound for anybody else, and before a moderator has accepted it.
    """
    there = await desk.items_of(court.world, row.id)
    own = [item for item in there if item.uploader_id == account_id and item.case_public_id]
    if not own:
        raise NotFound("record_not_found", "Record not found")
    notice = notice_of(row)
    return {
        **_head(court, row),
        "claimant": notice.name,
        "owner": notice.owner,
        "email": REDACTED,
        "address": REDACTED,
        "phone": REDACTED,
        "work": notice.work,
        "signature": notice.signature,
        "items": [item_view(item) for item in own],
    }


async def moderator_view(court: Court, row: CopyrightNoticeRow) -> dict[str, Any]:
    """To a moderator, who has to check it: all of it, and how often each uploader was named."""
    items = []
    for item in await desk.items_of(court.world, row.id):
        counter = counter_of(item)
        given = None if counter is None else msgspec.structs.asdict(counter)
        uploader = item.uploader_id
        times = 0 if uploader is None else await desk.infringements(court.world, uploader)
        items.append(
            {
                **item_view(item),
                "counter": given,
                "uploader_id": None if uploader is None else str(uploader),
                "infringements": times,
                "repeat_infringer": times >= court.policy.copyright.repeat_infringer_at,
            }
        )
    notice = msgspec.structs.asdict(notice_of(row))
    return {**_head(court, row), "notice": notice, "items": items}


async def is_uploader(court: Court, row: CopyrightNoticeRow, account_id: int) -> bool:
    """Whether a notice names what an account posted: then they are a party, whatever their role."""
    return any(item.uploader_id == account_id for item in await desk.items_of(court.world, row.id))


async def moderator_list(
    court: Court, rows: Iterable[CopyrightNoticeRow], account_id: int
) -> list[dict[str, Any]]:
    """Notices as a moderator reads them, without those that name what is their own."""
    shown = [await moderator_view(court, row) for row in rows]
    own = str(account_id)
    return [one for one in shown if all(item["uploader_id"] != own for item in one["items"])]
