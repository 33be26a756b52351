"""Money that comes in through processors: which fact posts what. Pure.

| fact | debit | credit |
|---|---|---|
| paid | clearing of the processor | memberships or donations |
| fee | fees of the processor | clearing |
| refunded | refunds | clearing |
| refund_failed | clearing | refunds |
| disputed | disputes | clearing |
| dispute_won | clearing | disputes |
| settled (the processor hands over) | bank | clearing |

Facts may come in any order, twice, or through another door: each is posted once, under the name
that the processor gave it, and one that presupposes another posts that one too. So the books end
the same whatever the order. What is lost in a dispute stays where `disputed` put it; failed and
expired checkouts move nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from venire.kernel.money import Fact, FactKind
from venire.treasury.model import (
    BANK,
    CLEARING,
    DISPUTES,
    DONATIONS,
    FEES_OF,
    MEMBERSHIPS,
    REFUNDS,
    Entry,
    Kind,
    Posting,
)

Purpose = Literal["membership", "donation"]
INCOME: Final[dict[Purpose, str]] = {"membership": MEMBERSHIPS, "donation": DONATIONS}
PRESUPPOSES: Final[dict[FactKind, FactKind]] = {
    "refund_failed": "refunded",
    "dispute_won": "disputed",
    "dispute_lost": "disputed",
}
"""What must have happened before, known or not."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
BOOKED: Final[dict[str, Kind]] = {
    "paid": "payment_received",
    "fee": "payment_fee",
    "refunded": "payment_refunded",
    "refund_failed": "refund_back",
    "disputed": "dispute_opened",
    "dispute_won": "dispute_won",
}


class Payment(msgspec.Struct, frozen=True):
    """What somebody set out to pay. `account_id` None: given without an account.

    `vendor`: who was asked for the checkout, empty while nobody has answered.
    """

    id: int
    purpose: Purpose
    ledger: str
    amount: int
    started_at_ms: int
    account_id: int | None = None
    period: str = ""
    vendor: str = ""
    reference: str = ""


class Known(msgspec.Struct, frozen=True):
    """A fact as it was posted: the amount is in minor units of `ledger`."""

    payment_id: int
    vendor: str
    kind: FactKind
    reference: str
    ledger: str
    purpose: Purpose
    amount: int
    at_ms: int
    about: str = ""
    renewal: str = ""
    """What ends the renewals. `about`: the charge; of a charge itself, its other names."""


def known_facts(payment: Payment, vendor: str, fact: Fact, now_ms: int) -> list[Known]:
    """A fact as it goes into the books, after what it presupposes.

    A processor's clock is believed between the start of the payment and this moment, no further.
    """
    amount = payment.amount if fact.amount is None else fact.amount
    one = Known(
        payment_id=payment.id,
        vendor=vendor,
        kind=fact.kind,
        reference=fact.reference,
        ledger=fact.currency or payment.ledger,
        purpose=payment.purpose,
        amount=amount,
        at_ms=min(max(fact.at_ms, payment.started_at_ms), now_ms),
        about=fact.of,
        renewal=fact.renewal,
    )
    before = PRESUPPOSES.get(fact.kind)
    return [one] if before is None else [msgspec.structs.replace(one, kind=before), one]


def entry_key(known: Known) -> str:
    """The key of what a fact posts, and of its rows where it posts nothing."""
    reference = plain(known.reference)
    return f"payment:{known.payment_id}:{known.vendor}:{known.kind}:{reference}"


def plain(reference: str) -> str:
    """A processor's name of something, as a part of a key."""
    if _PLAIN.fullmatch(reference):
        return reference
    return hashlib.sha256(reference.encode()).hexdigest()


def entry_of(known: Known, at_ms: int) -> Entry | None:
    """What a fact posts; None where it moves no money."""
    kind = BOOKED.get(known.kind)
    if kind is None or known.amount <= 0:
        return None
    there, amount = f"{CLEARING}{known.vendor}", known.amount
    sides = {
        "paid": (there, INCOME[known.purpose]),
        "fee": (f"{FEES_OF}{known.vendor}", there),
        "refunded": (REFUNDS, there),
        "refund_failed": (there, REFUNDS),
        "disputed": (DISPUTES, there),
        "dispute_won": (there, DISPUTES),
    }
    debit, credit = sides[known.kind]
    postings = (Posting(debit, amount), Posting(credit, -amount))
    return Entry(known.ledger, entry_key(known), kind, at_ms, postings)


def settled(ledger: str, vendor: str, key: str, amount: int, at_ms: int) -> Entry:
    """A processor has handed over what lay there to the site's own account."""
    postings = (Posting(BANK, amount), Posting(f"{CLEARING}{vendor}", -amount))
    return Entry(ledger, f"settled:{vendor}:{plain(key)}", "settled", at_ms, postings)


def stands(facts: Iterable[Known]) -> list[Known]:
    """The payments among facts that count: neither paid back in full nor lost in a dispute."""
    found = list(facts)
    back: dict[tuple[str, str], int] = {}
    failed = {(one.vendor, one.reference) for one in found if one.kind == "refund_failed"}
    won = {(one.vendor, one.reference) for one in found if one.kind == "dispute_won"}
    lost: set[tuple[str, str]] = set()
    paid = [one for one in found if one.kind == "paid"]
    for one in found:
        place = (one.vendor, one.reference)
        about = (one.vendor, _charge_of(one, paid))
        if one.kind == "refunded" and place not in failed:
            back[about] = back.get(about, 0) + one.amount
        if one.kind == "dispute_lost" and place not in won:
            lost.add(about)
    return [
        one
        for one in paid
        if (one.vendor, one.reference) not in lost
        and back.get((one.vendor, one.reference), 0) < one.amount
    ]


def paid_back(facts: Iterable[Known], charge: Known) -> int:
    """How much of a charge went back already; what failed did not."""
    found = list(facts)
    paid = [one for one in found if one.kind == "paid"]
    failed = {(one.vendor, one.reference) for one in found if one.kind == "refund_failed"}
    return sum(
        one.amount
        for one in found
        if one.kind == "refunded"
        and one.vendor == charge.vendor
        and (one.vendor, one.reference) not in failed
        and _charge_of(one, paid) == charge.reference
    )


def _charge_of(one: Known, paid: list[Known]) -> str:
    """The charge that a refund or a dispute is about: the only one, where none is named."""
    for charge in paid:
        if one.about == charge.reference or one.about in charge.about.split():
            return charge.reference
    here = [charge.reference for charge in paid if charge.vendor == one.vendor]
    return here[0] if len(here) == 1 else one.about
