"""Tables of the treasury: entries and their postings, sums over them, payouts asked for."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class LedgerEntryRow(msgspec.Struct, frozen=True):
    """An entry as it was posted, once and for ever. `body` is `treasury.model.Entry` as JSON.

    `juror_id`: whose service or pay it is about, if anybody's. `version` is 1 and stays 1.
    """

    ledger: str
    key: str
    juror_id: int | None
    body: bytes
    version: int


class LedgerPostingRow(msgspec.Struct, frozen=True):
    """One side of an entry, where its account finds it. `amount`: minor units, debits positive.

    `span` is the month of an account of one juror's, and the day of one that everybody shares.
    """

    ledger: str
    account: str
    span: str
    at_ms: int
    key: str
    juror_id: int | None
    kind: str
    amount: int


class LedgerTotalRow(msgspec.Struct, frozen=True):
    """What was posted to an account in a month, through which place in the journal.

    `earned`: of a juror's account, the credits for ballots less what was corrected.
    """

    ledger: str
    account: str
    month: str
    juror_id: int | None
    debits: int
    credits: int
    posted: int
    earned: int
    counted_through: int


class JurorLedgerRow(msgspec.Struct, frozen=True):
    """A currency in which something was posted for a juror: a site may come to pay in another."""

    juror_id: int
    ledger: str


class PayoutDeskRow(msgspec.Struct, frozen=True):
    """How much a juror has asked for, so that nothing is paid out twice. Minor units.

    `taken`: all that was asked for and did not come back. `open_id`: a payout that is on its way.
    """

    ledger: str
    juror_id: int
    taken: int
    open_id: int | None
    version: int


class PayoutRow(msgspec.Struct, frozen=True):
    """A juror's request to be paid, and what became of it. `amount`, `fee`: minor units."""

    ledger: str
    juror_id: int
    id: int
    state: str
    amount: int
    fee: int
    asked_at_ms: int
    settled_at_ms: int | None
    said: str


LEDGER_ENTRIES = Table(
    name="ledger_entries",
    row=LedgerEntryRow,
    question="What was posted under this key?",
    partition=("ledger", "key"),
    aggregate="transfer:{ledger}:{key}",
    version="version",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)
LEDGER_POSTINGS = Table(
    name="ledger_postings",
    row=LedgerPostingRow,
    question="What was posted to this account in this month or on this day?",
    partition=("ledger", "account", "span"),
    clustering=("at_ms", "key"),
    aggregate="transfer:{ledger}:{key}",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)
LEDGER_TOTALS = Table(
    name="ledger_totals",
    row=LedgerTotalRow,
    question="How much was posted to this account, month by month?",
    partition=("ledger", "account"),
    clustering=("month",),
    aggregate="total:{ledger}:{account}",
    subject=("juror_id",),
    retention="ten years, as books are kept; counted again from the entries",
)
JUROR_LEDGERS = Table(
    name="juror_ledgers",
    row=JurorLedgerRow,
    question="In which currencies has this juror earned?",
    partition=("juror_id",),
    clustering=("ledger",),
    aggregate="juror_ledger:{juror_id}:{ledger}",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)
PAYOUT_DESKS = Table(
    name="payout_desks",
    row=PayoutDeskRow,
    question="How much has this juror asked for?",
    partition=("ledger", "juror_id"),
    aggregate="payouts:{ledger}:{juror_id}",
    version="version",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)
PAYOUTS = Table(
    name="payouts",
    row=PayoutRow,
    question="What became of this juror's payouts?",
    partition=("ledger", "juror_id"),
    clustering=("id",),
    descending=True,
    aggregate="payouts:{ledger}:{juror_id}",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)

TABLES = (LEDGER_ENTRIES, LEDGER_POSTINGS, LEDGER_TOTALS, JUROR_LEDGERS, PAYOUT_DESKS, PAYOUTS)
