"""Payouts: asked for by a juror, taken by whoever pays, and owed until somebody has the money.

A request is a row before it is an entry: its states post to the books by event, each once. While
nobody answers, the amount stays in transit, which is still owed; when the payer is gone, it is put
down as failed and stands in the juror's balance again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from venire.events import PayoutMoved
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.storage.verbs import Envelope, Write
from venire.storage.world import World
from venire.treasury import ledger, store
from venire.treasury.actions import owed, post
from venire.treasury.model import MOST, Payout, PayoutState

HEARS = (PayoutMoved,)
SAID_CHARACTERS = 500
_TRIES = 8


async def ask(world: World, currency: str, juror_id: int, amount: int | None = None) -> Payout:
    """Ask for what is owed, or a part of it. One payout at a time.

    Raises Conflict `payout_open`, Invalid `payout_too_large`, `nothing_owed`.
    """
    for _ in range(_TRIES):
        desk = await store.desk(world.storage, currency, juror_id)
        if desk.open_id is not None:
            raise Conflict("payout_open", "A payout of yours is on its way already")
        free = await _earned(world, currency, juror_id) - desk.taken
        wanted = free if amount is None else amount
        if free <= 0 or wanted <= 0:
            raise Invalid("nothing_owed", "There is nothing to pay out")
        if wanted > free:
            raise Invalid("payout_too_large", "That is more than you are owed", owed=free)
        made = Payout(
            ledger=currency,
            juror_id=juror_id,
            id=world.ids.next(),
            state="asked",
            amount=wanted,
            fee=0,
            asked_at_ms=world.now_ms(),
        )
        head = msgspec.structs.replace(desk, taken=desk.taken + wanted, open_id=made.id)
        try:
            await world.storage.commit(
                store.desk_aggregate(currency, juror_id),
                [store.put_desk(head), store.put_payout(made)],
                [PayoutMoved(currency, juror_id, made.id, "asked")],
                expect=desk.version,
                durable="remote",
            )
        except Conflict:
            continue
        return made
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _earned(world: World, currency: str, juror_id: int) -> int:
    """All that a juror has earned: payouts apart, those are what the desk counts.

    A moment behind, so never more than there is.
    """
    rows = await store.months(world.storage, currency, ledger.payable(juror_id))
    return sum(row.earned for row in rows)


async def move(
    world: World,
    currency: str,
    juror_id: int,
    payout_id: int,
    state: PayoutState,
    *,
    fee: int = 0,
    said: str = "",
    also: Sequence[Write] = (),
) -> Payout:
    """Note what became of a payout; noting the same twice is once.

    `also` is written in the same commit, under the aggregate of the juror's desk.
    Raises NotFound `record_not_found`, Conflict `transition_not_allowed`, Invalid `fee_invalid`.
    """
    if not 0 <= fee <= MOST:
        raise Invalid("fee_invalid", "A fee is a whole number, 0 or more")
    for _ in range(_TRIES):
        desk = await store.desk(world.storage, currency, juror_id)
        there = await store.payout(world.storage, currency, juror_id, payout_id)
        if there is None:
            raise NotFound("record_not_found", "Record not found")
        if there.state == state:
            return there
        moved = ledger.paid_state(
            there, state, fee=fee, said=said[:SAID_CHARACTERS], at_ms=world.now_ms()
        )
        if moved.amount + moved.fee > MOST:
            # Together they leave the fund in one sum: the books could never take it.
            raise Invalid("fee_invalid", "Amount and fee together are too large", most=MOST)
        back = there.amount if state in {"failed", "withdrawn"} else 0
        over = ledger.PAYOUT.is_terminal(state)
        head = msgspec.structs.replace(
            desk, taken=desk.taken - back, open_id=None if over else desk.open_id
        )
        try:
            await world.storage.commit(
                store.desk_aggregate(currency, juror_id),
                [store.put_desk(head), store.put_payout(moved), *also],
                [PayoutMoved(currency, juror_id, payout_id, state)],
                expect=desk.version,
                durable="remote",
            )
        except Conflict:
            continue
        return moved
    raise Conflict("try_again", "This changed meanwhile: try again")


async def ledgers(world: World, juror_id: int) -> list[str]:
    """The currencies in which a juror has earned."""
    return await store.ledgers(world.storage, juror_id)


async def ledger_of(world: World, currency: str, juror_id: int, payout_id: int) -> str:
    """In which currency a payout is: a site may pay in another by now. NotFound."""
    for name in (currency, *await ledgers(world, juror_id)):
        if await store.payout(world.storage, name, juror_id, payout_id) is not None:
            return name
    raise NotFound("record_not_found", "Record not found")


async def on_payout_moved(world: World, envelope: Envelope) -> None:
    """Post what the state of a payout means for the books, once."""
    event = envelope.event
    if not isinstance(event, PayoutMoved):
        return
    there = await store.payout(world.storage, event.ledger, event.juror_id, event.payout_id)
    if there is None:
        return
    # Told late, the payout may have moved on: each of its states is posted for itself.
    state = cast("PayoutState", event.state)
    entry = ledger.payout_entry(msgspec.structs.replace(there, state=state), envelope.at_ms)
    if entry is not None:
        await post(world, entry)


async def standing(world: World, currency: str, juror_id: int) -> tuple[int, list[Payout]]:
    """What a juror is owed and has not asked for, and the payouts, newest first."""
    found = await store.payouts(world.storage, currency, juror_id)
    return await owed(world, currency, juror_id), found
