"""The books recomputed from their entries: what does not agree is a fault, and is named.

Maintenance: it reads everything there is, page by page. A sum that is only behind is no fault, and
neither is one that moves while it is looked at: beside a running site those are left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from venire.events import EntryPosted
from venire.storage.tables.payments import PAYMENT_FACTS
from venire.storage.tables.treasury import LedgerEntryRow
from venire.storage.verbs import Storage
from venire.treasury import income, store, totals
from venire.treasury.ledger import month_of
from venire.treasury.model import Entry

FAULTS_AT_MOST: Final = 50
Place = tuple[str, str]


class Audit(NamedTuple):
    """What looking at every entry found: all of it counts for nothing while `faults` is empty."""

    entries: int
    balances: dict[Place, int]
    faults: list[str]


async def audit(storage: Storage) -> Audit:
    """Look at every entry, every side and every sum once."""
    found = Audit(0, {}, [])
    # Each entry is there before it is told of, so whatever is told by now is among those read.
    began = await _told(storage, await storage.position(totals.CURSOR))
    cursor: bytes | None = None
    while True:
        page, cursor = await store.entry_rows(storage, cursor)
        found = found._replace(entries=found.entries + len(page))
        sound = [_sound(row, found.faults) for row in page]
        await _entry_faults(storage, [one for one in sound if one is not None], found)
        if cursor is None:
            break
    await _posting_faults(storage, found.faults)
    await _total_faults(storage, found, began)
    await _fact_faults(storage, found.faults)
    return found._replace(faults=found.faults[:FAULTS_AT_MOST])


def _sound(row: LedgerEntryRow, faults: list[str]) -> Entry | None:
    """The entry of a row, if it is one: an entry that does not balance cannot even be read."""
    entry = store.entry_of(row)
    if entry is None or (entry.ledger, entry.key) != (row.ledger, row.key):
        _say(faults, f"{row.ledger} {row.key}: is no entry that balances")
        return None
    return entry


def _say(faults: list[str], fault: str) -> None:
    """Note a fault, as long as that still helps anybody."""
    if len(faults) < FAULTS_AT_MOST:
        faults.append(fault)


async def _entry_faults(storage: Storage, page: Sequence[Entry], found: Audit) -> None:
    """Add entries to the balances; whichever lacks a side where its account would find it."""
    sides = [(entry, posting) for entry in page for posting in entry.postings]
    rows = await store.sides(storage, sides)
    for (entry, posting), row in zip(sides, rows, strict=True):
        place = (entry.ledger, posting.account)
        found.balances[place] = found.balances.get(place, 0) + posting.amount
        if row is None or row.amount != posting.amount:
            _say(found.faults, f"{entry.ledger} {entry.key}: the entry lacks a side")


async def _posting_faults(storage: Storage, faults: list[str]) -> None:
    cursor: bytes | None = None
    while True:
        page, cursor = await store.every_posting(storage, cursor)
        entries = await store.entries(storage, [(row.ledger, row.key) for row in page])
        for row, entry in zip(page, entries, strict=True):
            known = {} if entry is None else {one.account: one.amount for one in entry.postings}
            if known.get(row.account) != row.amount:
                _say(faults, f"{row.ledger} {row.account}: a side of no entry: {row.key}")
        if cursor is None:
            return


async def _fact_faults(storage: Storage, faults: list[str]) -> None:
    """Each fact of a processor that moves money stands in the books with the same amount."""
    cursor: bytes | None = None
    while True:
        page, cursor = await storage.scan(PAYMENT_FACTS, cursor, store.PAGE)
        booked = [row for row in page if row.kind in income.BOOKED and row.amount > 0]
        entries = await store.entries(storage, [(row.ledger, row.key) for row in booked])
        for row, entry in zip(booked, entries, strict=True):
            if entry is None or entry.kind != income.BOOKED[row.kind]:
                _say(faults, f"{row.ledger} {row.key}: a fact without its entry")
            elif row.amount not in {side.amount for side in entry.postings}:
                _say(faults, f"{row.ledger} {row.key}: the fact and its entry differ")
        if cursor is None:
            return


async def _total_faults(storage: Storage, found: Audit, began: int) -> None:
    # Before the rows: what is counted between the two reads is known by the row itself.
    position = await storage.position(totals.CURSOR)
    counted: dict[Place, int] = {}
    through: dict[tuple[str, str, str], int] = {}
    cursor: bytes | None = None
    while True:
        page, cursor = await store.every_month(storage, cursor)
        for row in page:
            place = (row.ledger, row.account)
            counted[place] = counted.get(place, 0) + row.debits - row.credits
            through[(row.ledger, row.account, row.month)] = row.counted_through
        if cursor is None:
            break
    moving: set[Place] = set()
    async for sequence, entry in _posted_after(storage, min(position, began)):
        for side in entry.postings:
            place = (entry.ledger, side.account)
            if sequence > began:
                moving.add(place)
            if sequence > through.get((*place, month_of(entry.at_ms)), position):
                counted[place] = counted.get(place, 0) + side.amount
    for place in sorted((counted.keys() | found.balances.keys()) - moving):
        if counted.get(place, 0) != found.balances.get(place, 0):
            _say(found.faults, f"{place[0]} {place[1]}: the sums say otherwise")


async def _told(storage: Storage, after: int) -> int:
    """How far the journal goes."""
    while page := await storage.tail(after):
        after = page[-1].sequence
    return after


async def _posted_after(storage: Storage, after: int) -> AsyncIterator[tuple[int, Entry]]:
    """The entries told of after a place in the journal, each with its own place."""
    while page := await storage.tail(after):
        told = [
            (envelope.sequence, event.ledger, event.key)
            for envelope in page
            if isinstance(event := envelope.event, EntryPosted)
        ]
        found = await store.entries(storage, [(ledger, key) for _, ledger, key in told])
        for (sequence, _, _), entry in zip(told, found, strict=True):
            if entry is not None:
                yield sequence, entry
        after = page[-1].sequence
