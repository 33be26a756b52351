"""Sums of accounts by month, counted from events by one owner.

The subscriber hears whole pages in the journal's order; each row says through which place it has
counted, so a page that is told again changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from venire.events import EntryPosted
from venire.storage.verbs import Envelope
from venire.storage.world import World
from venire.treasury import ledger, store
from venire.treasury.ledger import EARNING
from venire.treasury.model import PAYABLE, Sums

CURSOR = "ledger_totals"
HEARS = (EntryPosted,)


class _Told(NamedTuple):
    sequence: int
    amount: int
    earns: bool


async def count_page(world: World, page: Sequence[Envelope], position: int) -> None:
    """Count a page of entries and move the cursor `ledger_totals` past it."""
    posted: dict[tuple[str, str, str], list[_Told]] = {}
    for envelope in page:
        event = envelope.event
        if not isinstance(event, EntryPosted):
            continue
        entry = await store.entry(world.storage, event.ledger, event.key)
        if entry is None:
            continue
        for side in entry.postings:
            place = (entry.ledger, side.account, ledger.month_of(entry.at_ms))
            earns = entry.kind in EARNING and side.account.startswith(PAYABLE)
            posted.setdefault(place, []).append(_Told(envelope.sequence, side.amount, earns))
    for place, told in posted.items():
        row = await store.month(world.storage, *place)
        news = [one for one in told if one.sequence > row.counted_through]
        sums = Sums(row.debits, row.credits, row.posted)
        sums = ledger.added(sums, (one.amount for one in news))
        await store.put_month(
            world.storage,
            msgspec.structs.replace(
                row,
                debits=sums.debits,
                credits=sums.credits,
                posted=sums.entries,
                earned=row.earned - sum(one.amount for one in news if one.earns),
                counted_through=max(position, row.counted_through),
            ),
        )
    await world.storage.advance(CURSOR, position)
