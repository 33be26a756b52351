"""What is posted when: every entry of the house is built here. Pure.

| kind | debit | credit |
|---|---|---|
| funded | fund | owner |
| ballot | service | payable of the juror |
| payout_asked | payable of the juror | transit |
| payout_back | transit | payable of the juror |
| payout_paid | transit, fees | fund |
| corrected | the accounts of the wrong entry, the other way round | |

Nothing is ever changed or taken away: what was wrong is posted once more the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from venire.kernel.clock import iso_ms
from venire.kernel.errors import Refused
from venire.kernel.states import State, StateMachine
from venire.treasury.model import (
    FEES,
    FUND,
    OWNER,
    PAYABLE,
    SERVICE,
    TRANSIT,
    Entry,
    Payout,
    Posting,
    Sums,
)

EARNING: Final = frozenset({"ballot", "corrected"})
"""Kinds that change what a juror has earned; the others move what was earned."""

PAYOUT = StateMachine(
    name="payout",
    start="asked",
    states=(
        State(
            "asked",
            ("sent", "paid", "failed", "withdrawn"),
            "none: owed until somebody pays",
            "whoever pays out takes it, or the juror takes it back",
        ),
        State("sent", ("paid", "failed"), "none: owed until somebody pays", "the payer's answer"),
        State("paid", (), None, "nothing: the money is there"),
        State("failed", (), None, "nothing: it is owed again"),
        State("withdrawn", (), None, "nothing: it is owed again"),
    ),
)


def payable(juror_id: int) -> str:
    """The account of what a juror is owed."""
    return f"{PAYABLE}{juror_id}"


def month_of(at_ms: int) -> str:
    """`YYYY-MM`, UTC: budgets and statements go by it."""
    return iso_ms(at_ms)[:7]


def span_of(account: str, at_ms: int) -> str:
    """In which part of an account's postings a moment lies: the shared ones grow too fast."""
    return month_of(at_ms) if account.startswith(PAYABLE) else iso_ms(at_ms)[:10]


def funded(ledger: str, key: str, amount: int, at_ms: int) -> Entry:
    """The operator sets money aside."""
    postings = (Posting(FUND, amount), Posting(OWNER, -amount))
    return Entry(ledger, f"funded:{key}", "funded", at_ms, postings)


def ballot(ledger: str, key: str, juror_id: int, amount: int, at_ms: int) -> Entry:
    """A juror has earned what was promised for a valid ballot, whatever it said."""
    postings = (Posting(SERVICE, amount), Posting(payable(juror_id), -amount))
    return Entry(ledger, key, "ballot", at_ms, postings)


def payout_entry(payout: Payout, at_ms: int) -> Entry | None:
    """What the state of a payout posts; None where it moves no money."""
    owed = payable(payout.juror_id)
    key = f"payout:{payout.id}:{payout.state}"
    amount = payout.amount
    if payout.state == "asked":
        asked = (Posting(owed, amount), Posting(TRANSIT, -amount))
        return Entry(payout.ledger, key, "payout_asked", at_ms, asked)
    if payout.state in {"failed", "withdrawn"}:
        back = (Posting(TRANSIT, amount), Posting(owed, -amount))
        return Entry(payout.ledger, key, "payout_back", at_ms, back)
    if payout.state == "paid":
        fee = (Posting(FEES, payout.fee),) if payout.fee else ()
        paid = (Posting(TRANSIT, amount), *fee, Posting(FUND, -amount - payout.fee))
        return Entry(payout.ledger, key, "payout_paid", at_ms, paid)
    return None


def corrected(wrong: Entry, at_ms: int) -> Entry:
    """The entry that undoes another; a payout has states of its own and is undone by them.

    Raises Refused `entry_unsound`.
    """
    if wrong.kind not in {"ballot", "funded"}:
        raise Refused("entry_unsound", "only a ballot or a funding is corrected", key=wrong.key)
    back = tuple(Posting(one.account, -one.amount) for one in wrong.postings)
    return Entry(wrong.ledger, f"corrected:{wrong.key}", "corrected", at_ms, back)


def added(sums: Sums, amounts: Iterable[int]) -> Sums:
    """Sums with more posted."""
    posted = list(amounts)
    return Sums(
        sums.debits + sum(amount for amount in posted if amount > 0),
        sums.credits - sum(amount for amount in posted if amount < 0),
        sums.entries + len(posted),
    )


def total(many: Iterable[Sums]) -> Sums:
    """Sums over several months."""
    whole = Sums()
    for one in many:
        whole = Sums(
            whole.debits + one.debits, whole.credits + one.credits, whole.entries + one.entries
        )
    return whole


def trial_balance(entries: Iterable[Entry]) -> dict[str, int]:
    """The balance of every account, from the entries alone: it sums to zero."""
    balances: dict[str, int] = {}
    for entry in entries:
        for posting in entry.postings:
            balances[posting.account] = balances.get(posting.account, 0) + posting.amount
    return balances


def paid_state(payout: Payout, state: str, *, fee: int, said: str, at_ms: int) -> Payout:
    """A payout in its next state. Raises Conflict `transition_not_allowed`."""
    PAYOUT.check(payout.state, state)
    settled = at_ms if PAYOUT.is_terminal(state) else None
    return msgspec.structs.replace(
        payout, state=state, fee=fee if state == "paid" else 0, said=said, settled_at_ms=settled
    )
