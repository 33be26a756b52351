"""Entries balance or cannot be made: `venire/treasury/{model,ledger}.py`."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Conflict, Refused
from venire.treasury import ledger
from venire.treasury.model import MOST, Entry, Payout, PayoutState, Posting, Sums

AT_MS = 1_767_225_600_000
PAYOUT = Payout("EUR", 7, 11, "asked", 500, 0, AT_MS)

amounts = st.integers(1, MOST)
jurors = st.integers(1, (1 << 63) - 1)


def test_an_entry_that_balances_is_made_and_knows_whose_it_is():
    entry = ledger.ballot("EUR", "ballot:1:2:7", 7, 25, AT_MS)
    assert entry.juror_id == 7
    assert [one.amount for one in entry.postings] == [25, -25]
    assert ledger.funded("EUR", "first", 100, AT_MS).juror_id is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"postings": (Posting("fund", 5), Posting("owner", -4))}, "differ"),
        ({"postings": (Posting("fund", 5), Posting("fund", -5))}, "each once"),
        ({"postings": ()}, "two accounts"),
        ({"postings": (Posting("fund", 0), Posting("owner", 0))}, "no such amount"),
        ({"postings": (Posting("fund", amount=True), Posting("owner", -1))}, "no such amount"),
        ({"postings": (Posting("fund", 0.5), Posting("owner", -0.5))}, "no such amount"),
        ({"postings": (Posting("fund", MOST + 1), Posting("owner", -MOST - 1))}, "no such amount"),
        ({"postings": (Posting("purse", 5), Posting("owner", -5))}, "chart"),
        ({"postings": (Posting("payable:0", 5), Posting("owner", -5))}, "chart"),
        ({"postings": (Posting("payable:x", 5), Posting("owner", -5))}, "chart"),
        ({"postings": (Posting("payable:1", 5), Posting("payable:2", -5))}, "one juror"),
        ({"ledger": "eur"}, "currency"),
        ({"ledger": "EURO"}, "currency"),
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"key": "a:" + "b" * 200}, "key"),
    ],
)
def test_what_is_unsound_cannot_be_an_entry(change, fault: str):
    sound = {
        "ledger": "EUR",
        "key": "funded:1",
        "kind": "funded",
        "at_ms": AT_MS,
        "postings": (Posting("fund", 5), Posting("owner", -5)),
    }
    assert Entry(**sound)
    with pytest.raises(Refused, match=fault):
        Entry(**{**sound, **change})


@given(jurors, amounts, st.integers(0, MOST - 1))
def test_every_entry_that_the_house_builds_sums_to_zero(juror_id, amount, fee):
    half = min(amount, MOST // 2)
    payout = Payout("IDR", juror_id, 3, "asked", half, min(fee, MOST // 2), AT_MS)
    built = [
        ledger.funded("IDR", "x", amount, AT_MS),
        ledger.ballot("IDR", "ballot:1:1:1", juror_id, amount, AT_MS),
        *(
            ledger.payout_entry(msgspec.structs.replace(payout, state=state), AT_MS)
            for state in get_args(PayoutState)
        ),
    ]
    for entry in built:
        assert entry is None or sum(one.amount for one in entry.postings) == 0
    assert sum(ledger.trial_balance(one for one in built if one is not None).values()) == 0


@given(st.lists(st.integers(-MOST, MOST).filter(bool)))
def test_sums_say_what_was_posted_in_whatever_portions(posted):
    whole = ledger.added(Sums(), posted)
    half = ledger.added(
        ledger.added(Sums(), posted[: len(posted) // 2]), posted[len(posted) // 2 :]
    )
    assert whole == half
    assert whole.balance == sum(posted)
    assert whole.entries == len(posted)
    assert min(whole.debits, whole.credits) >= 0
    assert ledger.total([ledger.added(Sums(), [one]) for one in posted]) == whole


def test_a_correction_undoes_an_entry_and_payouts_are_undone_by_their_states():
    wrong = ledger.ballot("EUR", "ballot:1:2:7", 7, 25, AT_MS)
    undone = ledger.corrected(wrong, AT_MS + 1)
    assert undone.key == "corrected:ballot:1:2:7"
    assert set(ledger.trial_balance([wrong, undone]).values()) == {0}
    asked = ledger.payout_entry(PAYOUT, AT_MS)
    assert asked is not None
    with pytest.raises(Refused, match="entry_unsound"):
        ledger.corrected(asked, AT_MS)


def test_a_payout_that_is_paid_leaves_what_is_owed_at_nothing_and_takes_the_fee_from_the_fund():
    paid = msgspec.structs.replace(PAYOUT, state="paid", fee=30)
    entries = [
        ledger.funded("EUR", "x", 1_000, AT_MS),
        ledger.ballot("EUR", "ballot:1:1:7", 7, 500, AT_MS),
        ledger.payout_entry(PAYOUT, AT_MS),
        ledger.payout_entry(msgspec.structs.replace(PAYOUT, state="sent"), AT_MS),
        ledger.payout_entry(paid, AT_MS),
    ]
    balances = ledger.trial_balance(one for one in entries if one is not None)
    assert balances == {
        "fund": 470,
        "owner": -1_000,
        "service": 500,
        "payable:7": 0,
        "transit": 0,
        "fees": 30,
    }


@pytest.mark.parametrize("state", ["failed", "withdrawn"])
def test_what_did_not_arrive_is_owed_again(state):
    back = msgspec.structs.replace(PAYOUT, state=state)
    entries = [
        ledger.ballot("EUR", "ballot:1:1:7", 7, 500, AT_MS),
        ledger.payout_entry(PAYOUT, AT_MS),
        ledger.payout_entry(back, AT_MS),
    ]
    balances = ledger.trial_balance(one for one in entries if one is not None)
    assert balances["payable:7"] == -500
    assert balances["transit"] == 0


def test_a_payout_that_is_over_stays_as_it_is():
    assert set(ledger.PAYOUT.names) == set(get_args(PayoutState))
    sent = ledger.paid_state(PAYOUT, "sent", fee=9, said="", at_ms=AT_MS + 1)
    assert (sent.settled_at_ms, sent.fee) == (None, 0)
    paid = ledger.paid_state(sent, "paid", fee=9, said="ref 1", at_ms=AT_MS + 2)
    assert (paid.settled_at_ms, paid.fee, paid.said) == (AT_MS + 2, 9, "ref 1")
    failed = ledger.paid_state(sent, "failed", fee=9, said="gone", at_ms=AT_MS + 2)
    assert failed.fee == 0
    for over in (paid, failed):
        for state in get_args(PayoutState):
            with pytest.raises(Conflict, match="transition_not_allowed"):
                ledger.paid_state(over, state, fee=0, said="", at_ms=AT_MS)
    with pytest.raises(Conflict, match="transition_not_allowed"):
        ledger.paid_state(sent, "withdrawn", fee=0, said="", at_ms=AT_MS)


def test_a_jurors_postings_lie_by_month_and_the_shared_ones_by_day():
    assert ledger.span_of("payable:7", AT_MS) == "2026-01"
    assert ledger.span_of("service", AT_MS) == "2026-01-01"
    assert ledger.month_of(AT_MS - 1) == "2025-12"
