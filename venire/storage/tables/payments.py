"""Tables of what comes in: payments, what is known of them, webhooks, memberships."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table

BOOKS = "ten years, as books are kept; names nobody"


class PaymentRow(msgspec.Struct, frozen=True):
    """What somebody set out to pay. `amount`: minor units. `vendor`: who made the checkout.

    `lapses_at_ms`: when it is forgotten if nobody pays; None once somebody did.
    """

    id: int
    account_id: int | None
    purpose: str
    ledger: str
    amount: int
    period: str
    vendor: str
    reference: str
    started_at_ms: int
    lapses_at_ms: int | None
    version: int


class AccountPaymentRow(msgspec.Struct, frozen=True):
    """A payment of an account's."""

    account_id: int
    payment_id: int
    purpose: str


class PaymentFactRow(msgspec.Struct, frozen=True):
    """One thing that is known of a payment; rows are only ever added.

    `about`: the charge that a refund or a dispute concerns. `renewal`: what ends its renewals.
    """

    payment_id: int
    vendor: str
    kind: str
    reference: str
    ledger: str
    key: str
    purpose: str
    amount: int
    at_ms: int
    about: str
    renewal: str


class PaymentDayRow(msgspec.Struct, frozen=True):
    """The same by the processor's day, for comparing with its list."""

    vendor: str
    day: str
    kind: str
    reference: str
    payment_id: int
    ledger: str
    key: str
    amount: int


class PaymentReferenceRow(msgspec.Struct, frozen=True):
    """Which payment a processor's name of a charge belongs to."""

    vendor: str
    reference: str
    payment_id: int
    ledger: str
    key: str


class WaitingFactRow(msgspec.Struct, frozen=True):
    """A fact about a charge that is not known yet. `body`: `kernel.money.Fact` as JSON."""

    vendor: str
    about: str
    kind: str
    reference: str
    ledger: str
    key: str
    body: bytes


class WebhookRow(msgspec.Struct, frozen=True):
    """A webhook as it came, once by the processor's own id. `body`: deflated.

    `outcome`: posted, known, differs, waiting, nothing.
    """

    vendor: str
    event_id: str
    kind: str
    outcome: str
    ledger: str
    key: str
    payment_id: int | None
    account_id: int | None
    came_at_ms: int
    body: bytes


class MembershipRow(msgspec.Struct, frozen=True):
    """What a member has paid for, and until when; it follows from the payments.

    `asked_for_ms`: of which `paid_until_ms` the member was asked for a new card.
    """

    account_id: int
    ledger: str
    amount: int
    period: str
    paid_until_ms: int
    payment_id: int
    vendor: str
    renews: bool
    cancelled_at_ms: int | None
    asked_for_ms: int
    version: int


class ReconciliationRow(msgspec.Struct, frozen=True):
    """A night's comparison with a processor's list. `differences`: a JSON list of short texts."""

    vendor: str
    day: str
    at_ms: int
    listed: int
    found: int
    differences: bytes
    said: str


PAYMENTS = Table(
    name="payments",
    row=PaymentRow,
    question="What was to be paid here?",
    partition=("id",),
    aggregate="payment:{id}",
    version="version",
    subject=("account_id",),
    retention="62 days unpaid; then as the account: the books keep what is known, without whose",
    expires=True,
)
ACCOUNT_PAYMENTS = Table(
    name="account_payments",
    row=AccountPaymentRow,
    question="What has this account set out to pay?",
    partition=("account_id",),
    clustering=("payment_id",),
    descending=True,
    aggregate="payment:{payment_id}",
    subject=("account_id",),
    retention="62 days unpaid; then as the account",
    expires=True,
)
PAYMENT_FACTS = Table(
    name="payment_facts",
    row=PaymentFactRow,
    question="What is known of this payment?",
    partition=("payment_id",),
    clustering=("vendor", "kind", "reference"),
    aggregate="transfer:{ledger}:{key}",
    retention=BOOKS,
)
PAYMENT_DAYS = Table(
    name="payment_days",
    row=PaymentDayRow,
    question="What do we know to have happened at this processor on this day?",
    partition=("vendor", "day"),
    clustering=("kind", "reference"),
    aggregate="transfer:{ledger}:{key}",
    retention=BOOKS,
)
PAYMENT_REFERENCES = Table(
    name="payment_references",
    row=PaymentReferenceRow,
    question="Which payment is this charge of the processor's?",
    partition=("vendor", "reference"),
    aggregate="transfer:{ledger}:{key}",
    retention=BOOKS,
)
WAITING_FACTS = Table(
    name="waiting_facts",
    row=WaitingFactRow,
    question="What was told of this charge before the charge itself?",
    partition=("vendor", "about"),
    clustering=("kind", "reference"),
    aggregate="transfer:{ledger}:{key}",
    retention="120 days, the time for disputes",
    expires=True,
)
WEBHOOKS = Table(
    name="webhooks",
    row=WebhookRow,
    question="Has this processor's event come already, and how did it read?",
    partition=("vendor", "event_id"),
    aggregate="transfer:{ledger}:{key}",
    subject=("account_id",),
    retention="120 days, the time for disputes",
    expires=True,
    wide=True,
)
MEMBERSHIPS = Table(
    name="memberships",
    row=MembershipRow,
    question="What has this member paid for, and until when?",
    partition=("account_id",),
    aggregate="membership:{account_id}",
    version="version",
    subject=("account_id",),
    retention="as the account",
)
RECONCILIATIONS = Table(
    name="reconciliations",
    row=ReconciliationRow,
    question="How did the books compare with this processor's list?",
    partition=("vendor",),
    clustering=("day",),
    descending=True,
    aggregate="reconciliation:{vendor}",
    retention=BOOKS,
)

TABLES = (
    PAYMENTS,
    ACCOUNT_PAYMENTS,
    PAYMENT_FACTS,
    PAYMENT_DAYS,
    PAYMENT_REFERENCES,
    WAITING_FACTS,
    WEBHOOKS,
    MEMBERSHIPS,
    RECONCILIATIONS,
)
