"""Nouns of the treasury. Money is a whole number of a currency's minor units, debits positive."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from venire.kernel.errors import Refused

Kind = Literal[
    "funded",
    "ballot",
    "payout_asked",
    "payout_back",
    "payout_paid",
    "corrected",
    "payment_received",
    "payment_fee",
    "payment_refunded",
    "refund_back",
    "dispute_opened",
    "dispute_won",
    "settled",
]
PayoutState = Literal["asked", "sent", "paid", "failed", "withdrawn"]

FUND: Final = "fund"
"""Money that the operator has set aside for jurors."""
OWNER: Final = "owner"
"""Where it came from."""
SERVICE: Final = "service"
"""What jurors' service has cost."""
TRANSIT: Final = "transit"
"""Asked for and on its way: owed still, until somebody has it."""
FEES: Final = "fees"
"""What paying out has cost."""
MEMBERSHIPS: Final = "memberships"
"""What memberships have brought in."""
DONATIONS: Final = "donations"
"""What was given."""
REFUNDS: Final = "refunds"
"""What was paid back to whoever had paid it."""
DISPUTES: Final = "disputes"
"""What a processor has taken back because its payer disputes it, lost or not yet decided."""
BANK: Final = "bank"
"""What processors have handed over to the site's own account."""
CLEARING: Final = "clearing:"
"""Money that lies at a processor: the prefix of its name."""
FEES_OF: Final = "fees:"
"""What a processor keeps for itself: the prefix of its name."""
PAYABLE: Final = "payable:"
"""What one juror is owed: the prefix of an account id."""

MOST: Final = 1 << 53
"""No amount goes beyond what every JSON reader keeps exact."""
KEY_CHARACTERS: Final = 200
_KEY: Final = re.compile(r"[a-z_]+(?::[A-Za-z0-9_-]+)*", re.ASCII)
_LEDGER: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_PAYABLE: Final = re.compile(r"payable:[1-9][0-9]{0,18}", re.ASCII)
_AT_PROCESSOR: Final = re.compile(r"(?:clearing|fees):[a-z][a-z0-9-]{0,31}", re.ASCII)
_HOUSE: Final = frozenset(
    {FUND, OWNER, SERVICE, TRANSIT, FEES, MEMBERSHIPS, DONATIONS, REFUNDS, DISPUTES, BANK}
)


class Posting(msgspec.Struct, frozen=True):
    """One side of an entry: a debit above zero, a credit below."""

    account: str
    amount: int


class Entry(msgspec.Struct, frozen=True):
    """What happened to money, once. Raises Refused `entry_unsound` for what does not balance.

    `ledger` is an ISO 4217 code: each currency has books of its own, and nothing crosses over.
    `key` makes it one however often it is posted.
    """

    ledger: str
    key: str
    kind: Kind
    at_ms: int
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise Refused("entry_unsound", fault, key=self.key)

    @property
    def juror_id(self) -> int | None:
        """Whose pay it is about, None where it is nobody's."""
        for posting in self.postings:
            if posting.account.startswith(PAYABLE):
                return int(posting.account.removeprefix(PAYABLE))
        return None


def _faults(entry: Entry) -> list[str]:
    amounts = [posting.amount for posting in entry.postings]
    names = [posting.account for posting in entry.postings]
    found = [
        (_LEDGER.fullmatch(entry.ledger) is None, "a ledger is named by its currency"),
        (
            _KEY.fullmatch(entry.key) is None or len(entry.key) > KEY_CHARACTERS,
            "a key is words and ids with colons between",
        ),
        (len(names) < 2 or len(set(names)) < len(names), "two accounts at least, each once"),  # noqa: PLR2004
        (
            not all(map(_in_chart, names)),
            "an account that is not in the chart",
        ),
        (
            sum(name.startswith(PAYABLE) for name in names) > 1,
            "an entry is about one juror at most",
        ),
        (not all(type(one) is int and 0 < abs(one) <= MOST for one in amounts), "no such amount"),
        (sum(amounts) != 0, "debits and credits differ"),
    ]
    return [fault for stands, fault in found if stands]


def _in_chart(name: str) -> bool:
    """Whether there is such an account: of the house, of a juror, or of a processor."""
    return name in _HOUSE or any(one.fullmatch(name) for one in (_PAYABLE, _AT_PROCESSOR))


class Sums(msgspec.Struct, frozen=True):
    """What was posted to an account: both in minor units, neither below zero."""

    debits: int = 0
    credits: int = 0
    entries: int = 0

    @property
    def balance(self) -> int:
        """Debits less credits: what a fund holds; below zero, what is owed."""
        return self.debits - self.credits


class Payout(msgspec.Struct, frozen=True):
    """A juror's request to be paid, in minor units of the ledger's currency."""

    ledger: str
    juror_id: int
    id: int
    state: PayoutState
    amount: int
    fee: int
    asked_at_ms: int
    settled_at_ms: int | None = None
    said: str = ""
    """What whoever pays out gave as a reason, or as a receipt."""
