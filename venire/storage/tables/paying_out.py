"""Tables of paying out: where to, what was tried, and the files for the bank."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table

OWED = "ten years, as books are kept"


class PayoutDestinationRow(msgspec.Struct, frozen=True):
    """Where a juror's money goes. `sealed`: encrypted; `shown`: what its owner knows it by."""

    juror_id: int
    way: str
    sealed: bytes
    shown: str
    changed_at_ms: int


class PayoutAttemptRow(msgspec.Struct, frozen=True):
    """A vendor was asked to pay. While `trying`, it alone can say what became of it.

    `state`: trying, taken, refused. `attempt_key` is what the vendor knows the attempt by. The
    bank's file is a vendor, too; its `reference` is then the file's id.
    """

    payout_id: int
    number: int
    ledger: str
    juror_id: int
    vendor: str
    attempt_key: str
    state: str
    reference: str
    said: str
    tries: int
    at_ms: int
    version: int


class PayoutQueueRow(msgspec.Struct, frozen=True):
    """A payout that waits for the next file for the bank."""

    ledger: str
    payout_id: int
    juror_id: int
    since_ms: int


class PayoutFileRow(msgspec.Struct, frozen=True):
    """A file for the bank. `state`: drafting, made, sent. `payouts`: the ids in it, as JSON.

    The file itself is written anew at each download: what is in it is encrypted where it lies.
    """

    ledger: str
    id: int
    state: str
    form: str
    payouts: bytes
    total: int
    made_at_ms: int
    sent_at_ms: int | None
    version: int


class FiledPayoutRow(msgspec.Struct, frozen=True):
    """One payout in a file, with where it goes to, encrypted."""

    ledger: str
    file_id: int
    payout_id: int
    juror_id: int
    amount: int
    sealed: bytes


PAYOUT_DESTINATIONS = Table(
    name="payout_destinations",
    row=PayoutDestinationRow,
    question="Where does this juror want to be paid?",
    partition=("juror_id",),
    aggregate="payout_destination:{juror_id}",
    subject=("juror_id",),
    retention="until changed or taken back, or the account is gone",
)
PAYOUT_ATTEMPTS = Table(
    name="payout_attempts",
    row=PayoutAttemptRow,
    question="Who was asked to pay this out, and what came of it?",
    partition=("payout_id",),
    clustering=("number",),
    aggregate="payout_attempt:{payout_id}:{number}",
    version="version",
    subject=("juror_id",),
    retention=OWED,
)
PAYOUT_QUEUE = Table(
    name="payout_queue",
    row=PayoutQueueRow,
    question="Which payouts wait for the next file for the bank?",
    partition=("ledger",),
    clustering=("payout_id",),
    aggregate="payout_queue:{ledger}:{payout_id}",
    subject=("juror_id",),
    retention="until it is in a file",
)
PAYOUT_FILES = Table(
    name="payout_files",
    row=PayoutFileRow,
    question="Which files were made for the bank?",
    partition=("ledger",),
    clustering=("id",),
    descending=True,
    aggregate="payout_file:{ledger}:{id}",
    version="version",
    retention=f"{OWED}; names nobody",
)
FILED_PAYOUTS = Table(
    name="filed_payouts",
    row=FiledPayoutRow,
    question="What is in this file for the bank?",
    partition=("ledger", "file_id"),
    clustering=("payout_id",),
    aggregate="payout_file:{ledger}:{file_id}",
    subject=("juror_id",),
    retention="as the account; that it was paid stays in the books",
)

TABLES = (PAYOUT_DESTINATIONS, PAYOUT_ATTEMPTS, PAYOUT_QUEUE, PAYOUT_FILES, FILED_PAYOUTS)
