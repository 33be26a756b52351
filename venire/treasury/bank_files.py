"""Files for the bank: payouts that no vendor could make, gathered, downloaded, marked by hand.

A file is drafted as a row first; each payout is then claimed for it by an attempt, of which there
is one at a time, so that nothing stands in two files, nor in a file while a vendor may yet pay. A
draft that a crash left is finished by whoever makes the next one. The bytes follow from the rows:
downloaded twice, they are the same.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.money import BankLine, BankOrder
from venire.kernel.ports import BankFile
from venire.kernel.vendors import Rejected
from venire.storage.tables.paying_out import (
    FILED_PAYOUTS,
    PAYOUT_ATTEMPTS,
    PAYOUT_FILES,
    PAYOUT_QUEUE,
    FiledPayoutRow,
    PayoutAttemptRow,
    PayoutDestinationRow,
    PayoutFileRow,
    PayoutQueueRow,
)
from venire.storage.verbs import Put, Write
from venire.storage.world import World
from venire.treasury import destinations, paying, payouts, sealing, store
from venire.treasury.desk import Money
from venire.treasury.model import Payout, PayoutState

LINES_MOST: Final = 60
"""A draft and its lines are one commit."""
QUEUE_MOST: Final = 1_000
DRAFTING: Final = "drafting"
MADE: Final = "made"
SENT: Final = "sent"
_FILES_MOST: Final = 50


async def queue(world: World, ledger: str, limit: int = QUEUE_MOST) -> list[PayoutQueueRow]:
    """The payouts that wait for a file, the oldest first."""
    return await world.storage.range(PAYOUT_QUEUE, (ledger,), limit=limit)


async def files(world: World, ledger: str) -> list[PayoutFileRow]:
    """The files that were made, newest first."""
    return await world.storage.range(PAYOUT_FILES, (ledger,), limit=_FILES_MOST)


async def load(world: World, ledger: str, file_id: int) -> PayoutFileRow:
    """One file. NotFound."""
    row = await world.storage.get(PAYOUT_FILES, (ledger, file_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def make(world: World, money: Money, ledger: str) -> PayoutFileRow:
    """Gather what waits into a file, checked before it is one.

    Raises Conflict `bank_file_off`, `version_moved`; Invalid `nothing_to_pay`, `file_invalid`.
    """
    if money.bank is None:
        raise Conflict("bank_file_off", "No bank is named in the settings")
    drafts = [one for one in await files(world, ledger) if one.state == DRAFTING]
    row = drafts[-1] if drafts else await _draft(world, money, ledger)
    row = msgspec.structs.replace(row, form=money.bank.form)
    held = [one for one in await _lines(world, row) if await _claim(world, row, one)]
    if held:
        # Before it counts as made: a file that the bank would refuse is no file.
        await _written(world, money, row, held)
    made = msgspec.structs.replace(
        row,
        state=MADE,
        payouts=msgspec.json.encode([one.payout_id for one in held]),
        total=sum(one.amount for one in held),
        version=row.version + 1,
    )
    await _commit(world, made)
    for one in await _lines(world, row):
        waiting = PayoutQueueRow(ledger, one.payout_id, one.juror_id, 0)
        await world.storage.delete(PAYOUT_QUEUE, waiting)
    if not held:
        raise Invalid("nothing_to_pay", "No payout waits for the bank")
    return made


async def _draft(world: World, money: Money, ledger: str) -> PayoutFileRow:
    lines: list[FiledPayoutRow] = []
    file_id = world.ids.next()
    # Those that no file can take yet must not stand in the way of the others.
    for waiting in await queue(world, ledger):
        if len(lines) == LINES_MOST:
            break
        payout = await store.payout(world.storage, ledger, waiting.juror_id, waiting.payout_id)
        to = await destinations.shown(world, waiting.juror_id)
        filed = await _is_filed(world, waiting.payout_id)
        if payout is None or payout.state not in {"asked", "sent"} or filed:
            await world.storage.delete(PAYOUT_QUEUE, waiting)
        elif to is not None and money.bank is not None and _fits(world, money.bank, to, ledger):
            lines.append(
                FiledPayoutRow(
                    ledger, file_id, payout.id, payout.juror_id, payout.amount, to.sealed
                )
            )
    if not lines or money.bank is None:
        raise Invalid("nothing_to_pay", "No payout waits for the bank")
    row = PayoutFileRow(
        ledger=ledger,
        id=file_id,
        state=DRAFTING,
        form=money.bank.form,
        payouts=b"[]",
        total=0,
        made_at_ms=world.now_ms(),
        sent_at_ms=None,
        version=1,
    )
    writes: list[Write] = [Put(PAYOUT_FILES, row), *(Put(FILED_PAYOUTS, one) for one in lines)]
    await world.storage.commit(_place(row), writes, expect=0)
    return row


async def _is_filed(world: World, payout_id: int) -> bool:
    """Whether a file has it already: what was killed before the queue was tidied."""
    made = await paying.attempts(world, payout_id)
    return bool(made) and made[-1].vendor == paying.BANK and made[-1].state != paying.REFUSED


def _fits(world: World, bank: BankFile, to: PayoutDestinationRow, ledger: str) -> bool:
    return bank.serves(sealing.unseal(world, to.sealed, to.juror_id), ledger)


def _place(row: PayoutFileRow) -> str:
    return f"payout_file:{row.ledger}:{row.id}"


async def _commit(world: World, row: PayoutFileRow) -> None:
    writes: list[Write] = [Put(PAYOUT_FILES, row)]
    await world.storage.commit(_place(row), writes, expect=row.version - 1)


async def _lines(world: World, row: PayoutFileRow) -> list[FiledPayoutRow]:
    return await world.storage.range(FILED_PAYOUTS, (row.ledger, row.id), limit=LINES_MOST)


async def _claim(world: World, row: PayoutFileRow, line: FiledPayoutRow) -> bool:
    """Whether a payout is this file's: nobody else pays it, and its juror has not taken it back."""
    made = await paying.attempts(world, line.payout_id)
    last = made[-1] if made else None
    if last is None or last.state == paying.REFUSED:
        claim = PayoutAttemptRow(
            payout_id=line.payout_id,
            number=len(made),
            ledger=line.ledger,
            juror_id=line.juror_id,
            vendor=paying.BANK,
            attempt_key=f"payout-{line.payout_id}-{len(made)}",
            state=paying.TAKEN,
            reference=str(row.id),
            said="",
            tries=1,
            at_ms=world.now_ms(),
            version=1,
        )
        place = f"payout_attempt:{line.payout_id}:{len(made)}"
        writes: list[Write] = [Put(PAYOUT_ATTEMPTS, claim)]
        try:
            await world.storage.commit(place, writes, expect=0, durable="remote")
        except Conflict:
            return False
    elif (last.vendor, last.reference) != (paying.BANK, str(row.id)):
        return False
    try:
        payout = await _payout(world, line)
        if payout.state == "asked":
            await payouts.move(world, line.ledger, line.juror_id, line.payout_id, "sent")
            return True
    except Conflict:
        return False
    return payout.state == "sent"


async def _payout(world: World, line: FiledPayoutRow) -> Payout:
    found = await store.payout(world.storage, line.ledger, line.juror_id, line.payout_id)
    if found is None:
        raise NotFound("record_not_found", "Record not found")
    return found


async def _written(
    world: World, money: Money, row: PayoutFileRow, lines: list[FiledPayoutRow]
) -> bytes:
    if money.bank is None or money.bank.form != row.form:
        raise Conflict("bank_file_off", "The bank's format is another one by now")
    order = BankOrder(
        file_id=row.id,
        currency=row.ledger,
        made_at_ms=row.made_at_ms,
        lines=tuple(
            BankLine(one.payout_id, one.amount, sealing.unseal(world, one.sealed, one.juror_id))
            for one in lines
        ),
        title=money.bank_title,
    )
    try:
        return await money.bank.write(order)
    except Rejected as fault:
        raise Invalid(
            "file_invalid", "The file would not pass the bank's schema", said=fault.said
        ) from fault


async def content(world: World, money: Money, ledger: str, file_id: int) -> bytes:
    """A file as it goes to the bank. NotFound, Conflict `file_not_made`."""
    row = await load(world, ledger, file_id)
    if row.state == DRAFTING:
        raise Conflict("file_not_made", "This file is not finished: make one again")
    wanted = set(msgspec.json.decode(row.payouts, type=list[int]))
    if not wanted:
        raise Conflict("file_not_made", "Nothing is in this file: make another")
    lines = [one for one in await _lines(world, row) if one.payout_id in wanted]
    if len(lines) < len(wanted):
        raise NotFound("record_not_found", "Record not found")
    return await _written(world, money, row, lines)


async def note_sent(world: World, ledger: str, file_id: int) -> PayoutFileRow:
    """Note that a file was handed to the bank; again is the same."""
    row = await load(world, ledger, file_id)
    if row.state == DRAFTING:
        raise Conflict("file_not_made", "This file is not finished: make one again")
    if row.state == SENT:
        return row
    sent = msgspec.structs.replace(
        row, state=SENT, sent_at_ms=world.now_ms(), version=row.version + 1
    )
    await _commit(world, sent)
    return sent


async def settle(
    world: World, ledger: str, file_id: int, *, failed: frozenset[int], without: int
) -> tuple[int, int]:
    """Note what the bank did: all of a file was paid but the `failed`; how many were each.

    `without`: the payouts of this account are left to another admin. Again is the same.
    """
    row = await load(world, ledger, file_id)
    if row.state != SENT:
        raise Conflict("file_not_sent", "A file is sent before it is settled")
    wanted = set(msgspec.json.decode(row.payouts, type=list[int]))
    if not failed <= wanted:
        raise Invalid("payout_not_in_file", "A payout named is not in this file")
    paid = back = 0
    for line in await _lines(world, row):
        if line.payout_id not in wanted or line.juror_id == without:
            continue
        if (await _payout(world, line)).state != "sent":
            continue
        state: PayoutState = "failed" if line.payout_id in failed else "paid"
        said = f"file {file_id}"
        await payouts.move(world, ledger, line.juror_id, line.payout_id, state, said=said)
        paid, back = paid + (state == "paid"), back + (state == "failed")
    return paid, back
