"""Posting to the books, and what they say: each entry once, however often it is posted."""

from __future__ import annotations

from collections.abc import Sequence

from venire.events import EntryPosted
from venire.kernel.errors import Conflict, Refused
from venire.storage.verbs import Write
from venire.storage.world import World
from venire.treasury import auditing, ledger, store
from venire.treasury.auditing import Audit
from venire.treasury.model import SERVICE, Entry, Sums


async def post(world: World, entry: Entry, also: Sequence[Write] = ()) -> bool:
    """Post an entry, durable when this returns; whether it was new.

    `also` is written with it, under its aggregate. The same again changes nothing.
    Raises Refused `entry_differs` for another under the same key.
    """
    for _ in range(2):
        there = await store.entry(world.storage, entry.ledger, entry.key)
        if there is not None:
            if (there.kind, there.postings) != (entry.kind, entry.postings):
                raise Refused("entry_differs", "this key was posted otherwise", key=entry.key)
            return False
        if entry.juror_id is not None:
            # First: what is owed in a currency that nobody looks into would never be found.
            await store.note_ledger(world.storage, entry.ledger, entry.juror_id)
        told = EntryPosted(entry.ledger, entry.key)
        try:
            await world.storage.commit(
                store.aggregate(entry),
                [*store.put_entry(entry), *also],
                [told],
                expect=0,
                durable="remote",
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


async def audit(world: World) -> Audit:
    """Maintenance: recompute the books from their entries (`auditing.py`)."""
    return await auditing.audit(world.storage)
