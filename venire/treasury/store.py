"""The only opener of the treasury's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from venire.kernel.errors import Refused
from venire.storage.tables.treasury import (
    JUROR_LEDGERS,
    LEDGER_ENTRIES,
    LEDGER_POSTINGS,
    LEDGER_TOTALS,
    PAYOUT_DESKS,
    PAYOUTS,
    JurorLedgerRow,
    LedgerEntryRow,
    LedgerPostingRow,
    LedgerTotalRow,
    PayoutDeskRow,
    PayoutRow,
)
from venire.storage.verbs import Put, Storage, Write
from venire.treasury.ledger import span_of
from venire.treasury.model import PAYABLE, Entry, Payout, PayoutState, Posting, Sums

_ENTRY = msgspec.json.Decoder(Entry)
_MONTHS_MOST = 1_200
_MONTH_MOST = 10_000
PAGE = 500
_LEDGERS_MOST = 100


def aggregate(entry: Entry) -> str:
    """The aggregate of an entry."""
    return f"transfer:{entry.ledger}:{entry.key}"


def desk_aggregate(ledger: str, juror_id: int) -> str:
    """The aggregate of a juror's payouts."""
    return f"payouts:{ledger}:{juror_id}"


def put_entry(entry: Entry) -> list[Write]:
    """The writes of an entry: itself, and each of its sides where its account finds it."""
    row = LedgerEntryRow(entry.ledger, entry.key, entry.juror_id, msgspec.json.encode(entry), 1)
    sides = [
        LedgerPostingRow(
            ledger=entry.ledger,
            account=posting.account,
            span=span_of(posting.account, entry.at_ms),
            at_ms=entry.at_ms,
            key=entry.key,
            juror_id=entry.juror_id,
            kind=entry.kind,
            amount=posting.amount,
        )
        for posting in entry.postings
    ]
    return [Put(LEDGER_ENTRIES, row), *(Put(LEDGER_POSTINGS, side) for side in sides)]


async def entry(storage: Storage, ledger: str, key: str) -> Entry | None:
    """What was posted under a key."""
    row = await storage.get(LEDGER_ENTRIES, (ledger, key))
    return None if row is None else _ENTRY.decode(row.body)


async def every_entry(
    storage: Storage, cursor: bytes | None = None
) -> tuple[list[Entry], bytes | None]:
    """Maintenance: all entries of all ledgers, page by page, in no promised order."""
    rows, following = await storage.scan(LEDGER_ENTRIES, cursor, PAGE)
    return [_ENTRY.decode(row.body) for row in rows], following


async def entry_rows(
    storage: Storage, cursor: bytes | None = None
) -> tuple[list[LedgerEntryRow], bytes | None]:
    """Maintenance: the same as they lie there, whether they can be read or not."""
    return await storage.scan(LEDGER_ENTRIES, cursor, PAGE)


def entry_of(row: LedgerEntryRow) -> Entry | None:
    """The entry of a row; None where what lies there is none."""
    try:
        return _ENTRY.decode(row.body)
    except (msgspec.DecodeError, Refused):
        return None


async def entries(storage: Storage, keys: Sequence[tuple[str, str]]) -> list[Entry | None]:
    """What was posted under (ledger, key), for each of them; None where it cannot be read."""
    rows = await storage.get_many(LEDGER_ENTRIES, list(keys))
    return [None if row is None else entry_of(row) for row in rows]


async def sides(
    storage: Storage, wanted: Sequence[tuple[Entry, Posting]]
) -> list[LedgerPostingRow | None]:
    """Where the account of each side finds it."""
    keys = [
        (one.ledger, side.account, span_of(side.account, one.at_ms), one.at_ms, one.key)
        for one, side in wanted
    ]
    return await storage.get_many(LEDGER_POSTINGS, keys)


async def every_posting(
    storage: Storage, cursor: bytes | None = None
) -> tuple[list[LedgerPostingRow], bytes | None]:
    """Maintenance: all sides of all entries, page by page, in no promised order."""
    return await storage.scan(LEDGER_POSTINGS, cursor, PAGE)


async def postings(
    storage: Storage, ledger: str, account: str, span: str
) -> list[LedgerPostingRow]:
    """What was posted to an account in a month or on a day (`ledger.span_of`), in order."""
    return await storage.range(LEDGER_POSTINGS, (ledger, account, span), limit=_MONTH_MOST)


async def months(storage: Storage, ledger: str, account: str) -> list[LedgerTotalRow]:
    """What was posted to an account, month by month, as far as it is counted."""
    return await storage.range(LEDGER_TOTALS, (ledger, account), limit=_MONTHS_MOST)


async def month(storage: Storage, ledger: str, account: str, name: str) -> LedgerTotalRow:
    """What was posted to an account in one month, as far as it is counted."""
    row = await storage.get(LEDGER_TOTALS, (ledger, account, name))
    return row or LedgerTotalRow(ledger, account, name, _owner(account), 0, 0, 0, 0, 0)


async def put_month(storage: Storage, row: LedgerTotalRow) -> None:
    """Write a month's sums: by their one owner alone."""
    await storage.put(LEDGER_TOTALS, row)


async def every_month(
    storage: Storage, cursor: bytes | None = None
) -> tuple[list[LedgerTotalRow], bytes | None]:
    """Maintenance: all sums, page by page, in no promised order."""
    return await storage.scan(LEDGER_TOTALS, cursor, PAGE)


def _owner(account: str) -> int | None:
    return int(account.removeprefix(PAYABLE)) if account.startswith(PAYABLE) else None


def sums_of(row: LedgerTotalRow) -> Sums:
    """The noun of a month's row."""
    return Sums(row.debits, row.credits, row.posted)


async def note_ledger(storage: Storage, ledger: str, juror_id: int) -> None:
    """Note in which currency something is posted for a juror, before it is; again is the same."""
    if await storage.get(JUROR_LEDGERS, (juror_id, ledger)) is None:
        await storage.put(JUROR_LEDGERS, JurorLedgerRow(juror_id, ledger))


async def ledgers(storage: Storage, juror_id: int) -> list[str]:
    """The currencies in which a juror has earned."""
    rows = await storage.range(JUROR_LEDGERS, (juror_id,), limit=_LEDGERS_MOST)
    return [row.ledger for row in rows]


async def desk(storage: Storage, ledger: str, juror_id: int) -> PayoutDeskRow:
    """How much a juror has asked for; a new desk has version 0."""
    row = await storage.get(PAYOUT_DESKS, (ledger, juror_id))
    return row or PayoutDeskRow(ledger, juror_id, 0, None, 0)


def put_desk(row: PayoutDeskRow) -> Write:
    """The write of a desk as its next version."""
    return Put(PAYOUT_DESKS, msgspec.structs.replace(row, version=row.version + 1))


def put_payout(payout: Payout) -> Write:
    """The write of a payout."""
    return Put(PAYOUTS, PayoutRow(**msgspec.structs.asdict(payout)))


async def payout(storage: Storage, ledger: str, juror_id: int, payout_id: int) -> Payout | None:
    """One payout."""
    row = await storage.get(PAYOUTS, (ledger, juror_id, payout_id))
    return None if row is None else _payout(row)


async def payouts(storage: Storage, ledger: str, juror_id: int, limit: int = 100) -> list[Payout]:
    """The payouts of a juror, newest first."""
    rows = await storage.range(PAYOUTS, (ledger, juror_id), limit=limit)
    return [_payout(row) for row in rows]


def _payout(row: PayoutRow) -> Payout:
    known = msgspec.structs.asdict(row)
    return Payout(**{**known, "state": cast("PayoutState", row.state)})
