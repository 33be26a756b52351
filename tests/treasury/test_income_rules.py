"""Which fact of a processor posts what, and what still counts as paid: rules alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Refused
from venire.kernel.money import Fact
from venire.treasury.income import (
    Known,
    Payment,
    entry_key,
    entry_of,
    known_facts,
    plain,
    settled,
    stands,
)
from venire.treasury.model import Entry, Posting

VENDOR = "cards-a"


def known(kind, reference, amount, about="", at_ms=1):
    return Known(1, VENDOR, kind, reference, "EUR", "donation", amount, at_ms, about)


KINDS = ["paid", "fee", "refunded", "refund_failed", "disputed", "dispute_won", "dispute_lost"]


@given(st.sampled_from(KINDS), st.integers(-5, 1 << 40))
def test_every_fact_posts_what_balances_or_nothing(kind, amount):
    entry = entry_of(known(kind, "x y/z", amount), 5)
    if amount <= 0 or kind == "dispute_lost":
        assert entry is None
    else:
        assert entry is not None
        assert sum(one.amount for one in entry.postings) == 0
        assert {abs(one.amount) for one in entry.postings} == {amount}


def test_what_a_fact_presupposes_is_posted_before_it():
    payment = Payment(1, "donation", "EUR", 10, 0)
    for kind, before in [("refund_failed", "refunded"), ("dispute_won", "disputed")]:
        chain = known_facts(payment, VENDOR, Fact(kind, "r", 5, amount=3), 9)
        assert [one.kind for one in chain] == [before, kind]
        assert {one.amount for one in chain} == {3}


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ([], True),
        ([known("refunded", "re", 99)], True),
        ([known("refunded", "re", 60), known("refunded", "rf", 40)], False),
        ([known("refunded", "re", 100), known("refund_failed", "re", 100)], True),
        ([known("disputed", "dp", 100, "pi")], True),
        ([known("dispute_lost", "dp", 100, "ch")], False),
        ([known("dispute_lost", "dp", 100, "pi"), known("dispute_won", "dp", 100, "pi")], True),
        ([known("refunded", "re", 100, "another")], False),
    ],
)
def test_a_payment_counts_until_it_is_paid_back_or_lost(more, counts):
    paid = known("paid", "pi", 100, about="ch")
    assert bool(stands([*more, paid])) is counts


def test_a_fact_of_another_charge_leaves_the_first_one_alone():
    first, second = known("paid", "pi1", 100), known("paid", "pi2", 100)
    back = known("refunded", "re", 100, "pi2")
    assert stands([back, first, second]) == [first]


def test_what_a_processor_hands_over_leaves_its_clearing_account():
    entry = settled("EUR", VENDOR, "po_1", 700, 5)
    assert [(one.account, one.amount) for one in entry.postings] == [
        ("bank", 700),
        (f"clearing:{VENDOR}", -700),
    ]
    with pytest.raises(Refused):
        settled("EUR", "no such NAME", "po_1", 700, 5)


@pytest.mark.parametrize(
    ("kind", "debit", "credit", "booked"),
    [
        ("paid", "clearing:cards-a", "donations", "payment_received"),
        ("fee", "fees:cards-a", "clearing:cards-a", "payment_fee"),
        ("refunded", "refunds", "clearing:cards-a", "payment_refunded"),
        ("refund_failed", "clearing:cards-a", "refunds", "refund_back"),
        ("disputed", "disputes", "clearing:cards-a", "dispute_opened"),
        ("dispute_won", "clearing:cards-a", "disputes", "dispute_won"),
    ],
)
def test_each_fact_has_its_two_accounts(kind, debit, credit, booked):
    entry = entry_of(known(kind, "pi_1", 7), 99)
    assert [(one.account, one.amount) for one in entry.postings] == [(debit, 7), (credit, -7)]
    assert (entry.kind, entry.ledger, entry.at_ms) == (booked, "EUR", 99)
    assert entry.key == f"payment:1:cards-a:{kind}:pi_1"
    assert entry_of(known(kind, "pi_1", 1), 99) is not None


def test_a_membership_is_income_of_its_own():
    one = Known(1, VENDOR, "paid", "pi", "EUR", "membership", 5, 1)
    assert entry_of(one, 2).postings[1].account == "memberships"


@pytest.mark.parametrize("kind", ["failed", "expired", "dispute_lost"])
def test_what_moves_no_money_posts_nothing(kind):
    assert entry_of(known(kind, "x", 5), 1) is None


def test_a_fact_takes_over_what_the_processor_says_and_else_what_was_asked():
    payment = Payment(3, "membership", "EUR", 500, 1_000)
    (bare,) = known_facts(payment, VENDOR, Fact("paid", "pi", 2_000), 9_000)
    assert bare == Known(3, VENDOR, "paid", "pi", "EUR", "membership", 500, 2_000)
    fact = Fact("refunded", "re", 2_000, "USD", 7, of="pi", renewal="sub")
    (said,) = known_facts(payment, VENDOR, fact, 9_000)
    assert said == Known(3, VENDOR, "refunded", "re", "USD", "membership", 7, 2_000, "pi", "sub")


@pytest.mark.parametrize(
    ("at_ms", "kept"), [(0, 1_000), (1_000, 1_000), (9_000, 9_000), (9_001, 9_000)]
)
def test_a_moment_lies_between_the_start_and_now(at_ms, kept):
    payment = Payment(3, "donation", "EUR", 500, 1_000)
    (one,) = known_facts(payment, VENDOR, Fact("paid", "pi", at_ms), 9_000)
    assert one.at_ms == kept


def test_a_strange_name_becomes_a_plain_one_and_never_another_ones():
    assert plain("py-1_A") == "py-1_A"
    assert plain("a" * 80) == "a" * 80
    assert len({plain("a" * 81), plain("a/b"), plain("a b"), plain("")}) == 4
    assert all(len(plain(name)) == 64 for name in ("a/b", "a" * 81))
    assert entry_key(known("paid", "a/b", 5)).endswith(plain("a/b"))


def test_each_charge_of_a_payment_has_its_own_refunds_and_disputes():
    first, second = known("paid", "p1", 100, "c1 x1"), known("paid", "p2", 100, "c2")
    other = Known(1, "cards-b", "paid", "p3", "EUR", "donation", 100, 1)
    everything = [first, second, other]
    assert stands(everything) == everything
    by_alias = known("refunded", "re", 100, "x1")
    assert stands([*everything, by_alias]) == [second, other]
    lost = Known(1, "cards-b", "dispute_lost", "dp", "EUR", "donation", 100, 1)
    # At the other processor there is one charge alone: it is meant.
    assert stands([*everything, lost]) == [first, second]
    # Of two charges none is named: nobody knows which, so both stand.
    assert stands([*everything, known("refunded", "re", 100, "gone")]) == everything
    part = [known("refunded", "r1", 60, "p1"), known("refunded", "r2", 39, "p1")]
    assert stands([*everything, *part]) == everything
    # A refund that failed at another processor is another refund.
    failed = Known(1, "cards-b", "refund_failed", "re", "EUR", "donation", 100, 1)
    assert stands([*everything, known("refunded", "re", 100, "p1"), failed]) == [second, other]


def test_a_lost_dispute_was_one_before():
    payment = Payment(1, "donation", "EUR", 10, 0)
    chain = known_facts(payment, VENDOR, Fact("dispute_lost", "dp", 5, amount=3), 9)
    assert [one.kind for one in chain] == ["disputed", "dispute_lost"]


def test_what_is_handed_over_is_posted_under_its_own_name_once():
    entry = settled("EUR", VENDOR, "po_1", 700, 5)
    assert (entry.key, entry.kind, entry.at_ms) == ("settled:cards-a:po_1", "settled", 5)
    assert settled("EUR", VENDOR, "po 1", 700, 5).key == f"settled:cards-a:{plain('po 1')}"


def test_nouns_never_change():
    for noun in (Payment(1, "donation", "EUR", 10, 0), known("paid", "pi", 5)):
        with pytest.raises(AttributeError):
            noun.amount = 1


def test_more_paid_back_than_came_leaves_nothing_and_a_refund_of_nothing_takes_nothing():
    paid = known("paid", "pi", 100)
    assert stands([paid, known("refunded", "re", 150)]) == []
    assert stands([known("refunded", "re", 100)]) == []
    assert stands([known("paid", "pi", 1)])
    assert stands([known("paid", "pi", 0)]) == []


def test_a_refund_that_names_no_charge_is_of_the_only_one_at_its_processor():
    mine = known("paid", "p1", 100)
    other = Known(1, "cards-b", "paid", "p2", "EUR", "donation", 100, 1)
    assert stands([mine, other, known("refunded", "re", 100)]) == [other]


@pytest.mark.parametrize(
    ("name", "known_there"),
    [
        ("clearing:a", True),
        ("fees:cards-a-2", True),
        ("clearing:" + "a" * 32, True),
        ("clearing:" + "a" * 33, False),
        ("clearing:", False),
        ("clearing:A", False),
        ("clearing:1a", False),
        ("fees:a b", False),
        ("income", False),
    ],
)
def test_the_chart_has_an_account_for_each_processor_and_no_other(name, known_there):
    def made():
        return Entry("EUR", "k:1", "settled", 1, (Posting("bank", 5), Posting(name, -5)))

    if known_there:
        assert made().postings[1].account == name
    else:
        with pytest.raises(Refused, match="not in the chart"):
            made()
