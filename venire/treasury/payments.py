"""Payments: what somebody set out to pay, and the facts about it as they become known.

A payment is written before any processor is asked, so that whatever a processor says of it finds
it. Facts are rows that are only ever added, each in the commit of the entry that it posts; what a
payment is worth follows from them, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, cast

import msgspec

from venire.events import EntryPosted, Event, PaymentMoved
from venire.kernel.clock import DAY_MS, utc_day
from venire.kernel.errors import Conflict, NotFound
from venire.kernel.money import Fact, FactKind
from venire.storage.tables.payments import (
    ACCOUNT_PAYMENTS,
    PAYMENT_DAYS,
    PAYMENT_FACTS,
    PAYMENT_REFERENCES,
    PAYMENTS,
    AccountPaymentRow,
    PaymentDayRow,
    PaymentFactRow,
    PaymentReferenceRow,
    PaymentRow,
)
from venire.storage.verbs import Put, Write
from venire.storage.world import World
from venire.treasury import store
from venire.treasury.income import Known, Payment, Purpose, entry_key, entry_of, known_facts
from venire.treasury.model import Entry

Outcome = Literal["posted", "known", "differs"]
Also = Callable[[str, str], Sequence[Write]]
"""More writes for a commit, given the ledger and the key of its aggregate."""
UNPAID_MS: Final = 62 * DAY_MS
"""A checkout that nobody has paid for so long never will be: its row lapses."""
FACTS_MOST: Final = 1_000
PAYMENTS_MOST: Final = 300
_TRIES: Final = 4


def aggregate(ledger: str, key: str) -> str:
    """The aggregate of an entry, and of all that was learnt with it."""
    return f"transfer:{ledger}:{key}"


async def start(
    world: World,
    *,
    purpose: Purpose,
    ledger: str,
    amount: int,
    account_id: int | None = None,
    period: str = "",
) -> Payment:
    """Note that somebody sets out to pay, before any processor is asked."""
    made = Payment(
        id=world.ids.next(),
        purpose=purpose,
        ledger=ledger,
        amount=amount,
        started_at_ms=world.now_ms(),
        account_id=account_id,
        period=period,
    )
    lapses_ms = made.started_at_ms + UNPAID_MS
    row = PaymentRow(**msgspec.structs.asdict(made), lapses_at_ms=lapses_ms, version=1)
    writes: list[Write] = [Put(PAYMENTS, row, lapses_ms)]
    if account_id is not None:
        mine = AccountPaymentRow(account_id, made.id, purpose)
        writes.append(Put(ACCOUNT_PAYMENTS, mine, lapses_ms))
    await world.storage.commit(f"payment:{made.id}", writes, expect=0)
    return made


async def note_checkout(world: World, payment_id: int, vendor: str, reference: str) -> None:
    """Note which processor made the checkout, and what it calls it."""
    row = await world.storage.get(PAYMENTS, (payment_id,))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    noted = msgspec.structs.replace(
        row, vendor=vendor, reference=reference, version=row.version + 1
    )
    writes: list[Write] = [Put(PAYMENTS, noted, row.lapses_at_ms)]
    await world.storage.commit(f"payment:{payment_id}", writes, expect=row.version)


async def keep(world: World, payment_id: int) -> None:
    """Keep a payment for good that somebody has paid; again is the same. Conflict."""
    row = await world.storage.get(PAYMENTS, (payment_id,))
    if row is None or row.lapses_at_ms is None:
        return
    kept = msgspec.structs.replace(row, lapses_at_ms=None, version=row.version + 1)
    writes: list[Write] = [Put(PAYMENTS, kept)]
    if row.account_id is not None:
        mine = AccountPaymentRow(row.account_id, payment_id, row.purpose)
        writes.append(Put(ACCOUNT_PAYMENTS, mine))
    await world.storage.commit(f"payment:{payment_id}", writes, expect=row.version)


async def load(world: World, payment_id: int) -> Payment | None:
    """A payment; of one whose account is erased, what the books still say."""
    row = await world.storage.get(PAYMENTS, (payment_id,))
    if row is not None:
        known = msgspec.structs.asdict(row)
        del known["version"], known["lapses_at_ms"]
        return Payment(**{**known, "purpose": cast("Purpose", row.purpose)})
    told = await facts(world, payment_id)
    if not told:
        return None
    one = told[0]
    return Payment(one.payment_id, one.purpose, one.ledger, one.amount, one.at_ms)


async def of_account(world: World, account_id: int, limit: int = PAYMENTS_MOST) -> list[Payment]:
    """The payments of an account, newest first."""
    rows = await world.storage.range(ACCOUNT_PAYMENTS, (account_id,), limit=limit)
    found = [await load(world, row.payment_id) for row in rows]
    return [one for one in found if one is not None]


async def facts(world: World, payment_id: int) -> list[Known]:
    """What is known of a payment."""
    rows = await world.storage.range(PAYMENT_FACTS, (payment_id,), limit=FACTS_MOST)
    return [_known(row) for row in rows]


def _known(row: PaymentFactRow) -> Known:
    held = msgspec.structs.asdict(row)
    del held["key"]
    held["kind"] = cast("FactKind", row.kind)
    held["purpose"] = cast("Purpose", row.purpose)
    return Known(**held)


async def of_day(world: World, vendor: str, day: str, limit: int) -> list[PaymentDayRow]:
    """What is known to have happened at a processor on a day."""
    return await world.storage.range(PAYMENT_DAYS, (vendor, day), limit=limit)


async def payment_of(world: World, vendor: str, fact: Fact) -> Payment | None:
    """The payment that a processor's fact is about, if we know it."""
    if fact.payment_id is not None:
        found = await load(world, fact.payment_id)
        if found is not None:
            return found
    for reference in filter(None, (fact.of, fact.reference, *fact.aliases)):
        row = await world.storage.get(PAYMENT_REFERENCES, (vendor, reference))
        if row is not None:
            return await load(world, row.payment_id)
    return None


async def post_fact(
    world: World, payment: Payment, vendor: str, fact: Fact, also: Also | None = None
) -> Outcome:
    """Post a fact and what it presupposes, each once; `also` goes with the last commit.

    `differs`: under the same name something else was posted before, which stands.
    """
    chain = known_facts(payment, vendor, fact, world.now_ms())
    outcome: Outcome = "known"
    for place, known in enumerate(chain):
        last = place == len(chain) - 1
        said = await _post_one(world, known, fact.aliases, also if last else None)
        if said == "differs":
            return "differs"
        outcome = "posted" if said == "posted" else outcome
    return outcome


async def _post_one(
    world: World, known: Known, aliases: Sequence[str], also: Also | None
) -> Outcome:
    key, entry = entry_key(known), entry_of(known, world.now_ms())
    place = aggregate(known.ledger, key)
    more = [] if also is None else list(also(known.ledger, key))
    for _ in range(_TRIES):
        there = await store.entry(world.storage, known.ledger, key)
        outcome = _compared(there, entry)
        noted = await _noted(world, known)
        if outcome == "differs" or noted:
            if more:
                await world.storage.commit(place, more, durable="remote")
            return "known" if outcome == "posted" else outcome
        events: list[Event] = [PaymentMoved(known.payment_id)]
        writes = [*_rows(known, key, aliases), *more]
        try:
            if entry is not None and there is None:
                told = [EntryPosted(entry.ledger, key), *events]
                await world.storage.commit(
                    place,
                    [*store.put_entry(entry), *writes],
                    told,
                    expect=0,
                    durable="remote",
                )
            else:
                await world.storage.commit(place, writes, events, durable="remote")
        except Conflict:
            # Somebody posted it at this moment: it is looked at once more.
            continue
        return "posted"
    raise Conflict("try_again", "This changed meanwhile: try again")


def _compared(there: Entry | None, entry: Entry | None) -> Outcome:
    if there is None or entry is None:
        return "posted"
    return "known" if (there.kind, there.postings) == (entry.kind, entry.postings) else "differs"


async def _noted(world: World, known: Known) -> bool:
    place = (known.payment_id, known.vendor, known.kind, known.reference)
    return await world.storage.get(PAYMENT_FACTS, place) is not None


def _rows(known: Known, key: str, aliases: Sequence[str]) -> list[Write]:
    """The rows of a fact: itself, its day, and the names by which the charge is found again."""
    held = msgspec.structs.asdict(known)
    if known.kind == "paid":
        held["about"] = " ".join(aliases)
    writes: list[Write] = [
        Put(PAYMENT_FACTS, PaymentFactRow(**held, key=key)),
        Put(
            PAYMENT_DAYS,
            PaymentDayRow(
                vendor=known.vendor,
                day=utc_day(known.at_ms),
                kind=known.kind,
                reference=known.reference,
                payment_id=known.payment_id,
                ledger=known.ledger,
                key=key,
                amount=known.amount,
            ),
        ),
    ]
    if known.kind == "paid":
        writes += [
            Put(
                PAYMENT_REFERENCES,
                PaymentReferenceRow(known.vendor, name, known.payment_id, known.ledger, key),
            )
            for name in dict.fromkeys((known.reference, *aliases))
        ]
    return writes


def names_of(charge: Known) -> list[str]:
    """Every name by which a processor may speak of a charge."""
    return list(dict.fromkeys((charge.reference, *charge.about.split())))
