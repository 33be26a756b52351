"""Posting to the books, and what they say: each entry once, however often it is posted."""

from __future__ import annotations

from typing import NamedTuple

from venire.events import EntryPosted
from venire.kernel.errors import Conflict, Refused
from venire.storage.world import World
from venire.treasury import ledger, store
from venire.treasury.model import SERVICE, Entry, Sums


async def post(world: World, entry: Entry) -> bool:
    """Post an entry, durable when this returns; whether it was new.

    The same again changes nothing. Raises Refused `entry_differs` for another under the same key.
    """
    for _ in range(2):
        there = await store.entry(world.storage, entry.ledger, entry.key)
        if there is not None:
            if (there.kind, there.postings) != (entry.kind, entry.postings):
                raise Refused("entry_differs", "this key was posted otherwise", key=entry.key)
            return False
        told = EntryPosted(entry.ledger, entry.key)
        try:
            await world.storage.commit(
                store.aggregate(entry), store.put_entry(entry), [told], expect=0
            )
        except Conflict:
            # Somebody posted it at this moment: theirs must be the same.
            continue
        return True
    raise Conflict("try_again", "This changed meanwhile: try again")


async def fund(world: World, currency: str, amount: int, *, key: str) -> bool:
    """Set money aside for jurors; whether this key was new."""
    return await post(world, ledger.funded(currency, key, amount, world.now_ms()))


async def earn(world: World, currency: str, juror_id: int, amount: int, *, key: str) -> bool:
    """Owe a juror what was promised for a ballot; whether this key was new."""
    return await post(world, ledger.ballot(currency, key, juror_id, amount, world.now_ms()))


async def balance(world: World, currency: str, account: str) -> Sums:
    """What was posted to an account in all, as far as it is counted (a moment behind)."""
    rows = await store.months(world.storage, currency, account)
    return ledger.total(map(store.sums_of, rows))


async def owed(world: World, currency: str, juror_id: int) -> int:
    """What a juror is owed and has not asked for, in minor units."""
    return -(await balance(world, currency, ledger.payable(juror_id))).balance


async def spent(world: World, currency: str, month: str) -> int:
    """What jurors have earned in a month, in minor units."""
    return store.sums_of(await store.month(world.storage, currency, SERVICE, month)).balance


class Audit(NamedTuple):
    """What looking at every entry found: all of it counts for nothing while `faults` is empty."""

    entries: int
    balances: dict[tuple[str, str], int]
    faults: list[str]


async def audit(world: World) -> Audit:
    """Maintenance: recompute the books from their entries; what does not agree is a fault.

    A sum that is only behind is none. Run it when nothing is being posted.
    """
    balances: dict[tuple[str, str], int] = {}
    faults: list[str] = []
    sides, entries = 0, 0
    cursor: bytes | None = None
    while True:
        page, cursor = await store.every_entry(world.storage, cursor)
        for one in page:
            entries += 1
            sides += len(one.postings)
            for posting in one.postings:
                place = (one.ledger, posting.account)
                balances[place] = balances.get(place, 0) + posting.amount
        if cursor is None:
            break
    by_ledger: dict[str, int] = {}
    for (name, _), amount in balances.items():
        by_ledger[name] = by_ledger.get(name, 0) + amount
    faults += [f"{name} does not balance" for name, amount in by_ledger.items() if amount]
    faults += await _posting_faults(world, sides)
    faults += await _total_faults(world, balances)
    return Audit(entries, balances, faults)


async def _posting_faults(world: World, sides: int) -> list[str]:
    found, faults = 0, []
    cursor: bytes | None = None
    while True:
        page, cursor = await store.every_posting(world.storage, cursor)
        for row in page:
            found += 1
            one = await store.entry(world.storage, row.ledger, row.key)
            known = {} if one is None else {side.account: side.amount for side in one.postings}
            if known.get(row.account) != row.amount:
                faults.append(f"{row.ledger} {row.account}: a side of no entry: {row.key}")
        if cursor is None:
            break
    return faults + ([] if found == sides else ["an entry lacks a side"])


async def _total_faults(world: World, balances: dict[tuple[str, str], int]) -> list[str]:
    counted: dict[tuple[str, str], int] = {}
    cursor: bytes | None = None
    while True:
        page, cursor = await store.every_month(world.storage, cursor)
        for row in page:
            place = (row.ledger, row.account)
            counted[place] = counted.get(place, 0) + row.debits - row.credits
        if cursor is None:
            break
    return [
        f"{name} {account}: the sums say otherwise"
        for (name, account), amount in balances.items()
        if counted.get((name, account), 0) != amount
    ]
