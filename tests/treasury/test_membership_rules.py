"""Until when a membership is paid, and what may be paid for: rules alone."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import DAY_MS, parse_iso_ms
from venire.kernel.errors import Invalid
from venire.treasury.income import Known, Payment
from venire.treasury.membership_rules import (
    Paid,
    Price,
    Prices,
    asks_at,
    later,
    paid,
    prices_of,
    state,
)
from venire.treasury.model import MOST

MEMBER = 42


def known(reference, at_ms, kind="paid", amount=500, **more):
    held = {"ledger": "EUR", "purpose": "membership", **more}
    return Known(1, "a", kind, reference, held["ledger"], "membership", amount, at_ms)


def payment(number=1, amount=500, period="month"):
    return Payment(number, "membership", "EUR", amount, 0, MEMBER, period)


@pytest.mark.parametrize(
    ("begin", "period", "end"),
    [
        ("2026-01-31T10:00:00Z", "month", "2026-02-28T10:00:00Z"),
        ("2028-01-31T10:00:00Z", "month", "2028-02-29T10:00:00Z"),
        ("2026-12-15T00:00:00Z", "month", "2027-01-15T00:00:00Z"),
        ("2026-11-15T00:00:00Z", "month", "2026-12-15T00:00:00Z"),
        ("2028-02-29T10:00:00Z", "year", "2029-02-28T10:00:00Z"),
    ],
)
def test_a_month_is_a_month_of_the_calendar(begin, period, end):
    assert later(parse_iso_ms(begin), period) == parse_iso_ms(end)


@given(st.lists(st.integers(1, 1 << 41), min_size=1, max_size=5, unique=True))
def test_until_when_is_paid_does_not_depend_on_the_order_in_which_it_was_told(moments):
    facts = [known(f"pi_{at_ms}", at_ms) for at_ms in moments]
    ends = {
        paid([(payment(), list(order))]).paid_until_ms for order in itertools.permutations(facts)
    }
    assert len(ends) == 1
    assert max(moments) < ends.pop()


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ([known("pi", 5)], True),
        ([known("pi", 5, amount=499)], False),
        ([known("pi", 5, ledger="USD")], False),
        ([known("pi", 5, ledger="AUD")], False),
        ([known("pi", 5, amount=501)], True),
        ([known("pi", 5), known("re", 6, "refunded")], False),
        ([known("pi", 5), known("dp", 6, "disputed")], True),
        ([known("pi", 5), known("dp", 6, "disputed"), known("dp", 7, "dispute_lost")], False),
        ([known("pi", 5, "failed")], False),
    ],
)
def test_only_what_was_paid_in_full_and_kept_buys_anything(facts, counts):
    assert bool(paid([(payment(), facts)]).paid_until_ms) is counts


def test_what_was_paid_for_goes_on_unpaid_for_the_days_of_grace():
    end = 100 * DAY_MS
    assert [state(end, 14, end + at) for at in (-1, 0, 14 * DAY_MS - 1, 14 * DAY_MS)] == [
        "active",
        "grace",
        "grace",
        "lapsed",
    ]
    assert state(end, 14, end + 15 * DAY_MS) == "lapsed"
    assert state(0, 14, end) == "none"


def test_who_is_renewed_is_asked_after_the_end_and_who_is_not_before_it():
    end = 100 * DAY_MS
    assert asks_at(end, renews=True, cancelled=False) == end + DAY_MS
    assert asks_at(end, renews=False, cancelled=False) == end - 7 * DAY_MS
    assert asks_at(end, renews=False, cancelled=True) is None


@pytest.mark.parametrize(
    "price",
    [
        Price(currency="eur", amount=5, period="month"),
        Price(currency="EUR", amount=0, period="month"),
        Price(currency="EUR", amount=5, period="week"),
        Price(currency="EURO", amount=5),
        Price(currency="EUR", amount=5, most=-1),
    ],
)
def test_prices_that_cannot_be_meant_are_refused_at_start(price):
    with pytest.raises(Invalid, match="settings_invalid"):
        prices_of([price], 14)
    with pytest.raises(Invalid, match="settings_invalid"):
        prices_of([], 1_000)


def test_prices_of_the_settings_are_sorted_by_what_they_are_for():
    month = Price(currency="EUR", amount=1, period="month")
    year = Price(currency="IDR", amount=MOST, period="year")
    gift = Price(currency="EUR", amount=5, most=MOST)
    found = prices_of([gift, month, year], 0)
    assert found == Prices((month, year), (gift,), 0)
    assert prices_of([], 366).grace_days == 366
    for days in (-1, 367):
        with pytest.raises(Invalid):
            prices_of([], days)
    for wrong in (
        {"amount": MOST + 1},
        {"most": MOST + 1},
        {"currency": "EU1"},
        {"currency": "ÄÖÜ"},
    ):
        with pytest.raises(Invalid, match="settings_invalid"):
            prices_of([Price(**{"currency": "EUR", "amount": 5, **wrong})], 14)


def test_a_membership_is_at_one_of_the_prices_exactly():
    month = Price(currency="EUR", amount=500, period="month")
    prices = Prices((month, Price(currency="EUR", amount=5_000, period="year")), ())
    assert prices.membership("EUR", 500, "month") == month
    for wrong in (
        ("EUR", 501, "month"),
        ("EUR", 499, "month"),
        ("EUR", 500, "year"),
        ("USD", 500, "month"),
    ):
        with pytest.raises(Invalid, match="price_unknown"):
            prices.membership(*wrong)


def test_a_donation_lies_between_the_least_and_the_most():
    prices = Prices(
        (), (Price(currency="EUR", amount=100, most=1_000), Price(currency="IDR", amount=5))
    )
    for amount in (100, 1_000):
        assert prices.donation("EUR", amount).currency == "EUR"
    for amount in (99, 1_001):
        with pytest.raises(Invalid) as caught:
            prices.donation("EUR", amount)
        assert (caught.value.code, caught.value.data) == (
            "amount_not_allowed",
            {"least": 100, "most": 1_000},
        )
    assert prices.donation("IDR", MOST).most == 0
    with pytest.raises(Invalid, match="amount_not_allowed"):
        prices.donation("IDR", MOST + 1)
    with pytest.raises(Invalid, match="price_unknown"):
        prices.donation("USD", 100)


def of(payment_id, *facts):
    """Facts of one payment."""
    return payment(payment_id), list(facts)


def test_the_newest_payment_says_where_and_how_it_goes_on():
    old = Known(1, "a", "paid", "p1", "EUR", "membership", 500, 1_000, "", "sub_1")
    new = Known(2, "b", "paid", "p2", "EUR", "membership", 500, 2_000, "", "sub_2")
    found = paid([of(2, new), of(1, old)])
    assert (found.vendor, found.renewal, found.payment.id) == ("b", "sub_2", 2)
    # Nobody is to be charged at both: the older renewal has to end.
    assert found.stale == (("a", "sub_1"),)
    assert found.paid_until_ms == later(later(1_000, "month"), "month")
    assert paid([of(1, old)]).stale == ()
    assert paid([]) == Paid()
    assert paid([of(1)]) == Paid()


def test_a_gift_makes_no_member():
    gift = Payment(1, "donation", "EUR", 500, 0, MEMBER, "month")
    assert paid([(gift, [known("pi", 5)])]) == Paid()


def test_a_gap_is_not_paid_for_and_an_overlap_is_not_lost():
    month = later(0, "month")
    assert paid([of(1, known("p1", 0), known("p2", 5))]).paid_until_ms == later(month, "month")
    late = month + 10 * DAY_MS
    assert paid([of(1, known("p1", 0), known("p2", late))]).paid_until_ms == later(late, "month")


def test_a_period_that_is_none_adds_nothing():
    assert later(5_000, "") == 5_000
    assert later(5_999, "") == 5_000


def test_the_last_renewal_that_was_told_is_the_one_that_counts():
    first = Known(1, "a", "paid", "p1", "EUR", "membership", 500, 1_000, "", "sub_1")
    second = Known(1, "a", "paid", "p2", "EUR", "membership", 500, 2_000, "", "sub_2")
    for order in ([first, second], [second, first]):
        assert paid([of(1, *order)]).renewal == "sub_2"


def test_who_never_paid_is_not_asked():
    assert asks_at(0, renews=False, cancelled=False) is None


def test_prices_are_written_by_name_and_never_change():
    with pytest.raises(TypeError):
        Price("EUR", 5)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"currency": "EUR", "amount": 5, "per": "day"}, Price)
    for noun, field in [(Price(currency="EUR", amount=5), "amount"), (Prices(), "grace_days")]:
        with pytest.raises(AttributeError):
            setattr(noun, field, 1)
    with pytest.raises(AttributeError):
        paid([]).vendor = "x"
    assert Prices().grace_days == 14


@pytest.mark.parametrize("currency", ["AUD", "USD"])
def test_another_currency_has_no_price(currency):
    month = Price(currency="EUR", amount=500, period="month")
    prices = Prices((month,), (Price(currency="EUR", amount=100),))
    for asks in (
        lambda: prices.membership(currency, 500, "month"),
        lambda: prices.donation(currency, 500),
    ):
        with pytest.raises(Invalid) as caught:
            asks()
        assert caught.value.code == "price_unknown"


@pytest.mark.parametrize(
    ("wrong", "days"),
    [({"currency": "EU"}, 14), ({"amount": -5}, 14), ({"period": "week"}, 14), ({}, -1)],
)
def test_what_cannot_be_meant_has_one_code(wrong, days):
    with pytest.raises(Invalid) as caught:
        prices_of([Price(**{"currency": "EUR", "amount": 5, **wrong})], days)
    assert caught.value.code == "settings_invalid"


def test_a_gift_before_a_membership_hides_nothing():
    gift = Payment(9, "donation", "EUR", 500, 0, MEMBER, "month")
    assert paid([(gift, [known("g", 5)]), of(1, known("pi", 5))]).payment.id == 1


def sub(payment_id, reference, at_ms, renewal):
    return Known(payment_id, "a", "paid", reference, "EUR", "membership", 500, at_ms, "", renewal)


def test_of_two_moments_the_later_counts_and_of_one_moment_the_name_decides():
    for facts, wanted in [
        ([sub(1, "z", 1_000, "sub_1"), sub(1, "a", 2_000, "sub_2")], "sub_2"),
        ([sub(1, "a", 1_000, "sub_1"), sub(1, "z", 1_000, "sub_2")], "sub_2"),
    ]:
        for order in (facts, facts[::-1]):
            assert paid([of(1, *order)]).renewal == wanted
    ends = [of(1, sub(1, "b", 1_000, "")), of(2, sub(2, "a", 1_000, ""))]
    for order in (ends, ends[::-1]):
        assert paid(order).payment.id == 1


def test_the_same_charge_under_two_payments_stops_nobody():
    twice = [of(1, sub(1, "p", 1_000, "")), of(2, sub(2, "p", 1_000, ""))]
    assert paid(twice).paid_until_ms
