"""Amounts: digits by currency and by processor, and nothing is ever rounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.adapters.payments.stripe_api import places
from venire.kernel.money import MOST, Digits, iso_digits
from venire.kernel.vendors import Rejected, VendorUnavailable

CURRENCIES = ["EUR", "IDR", "JPY", "KWD", "ISK", "UGX", "CLF", "XOF", "MGA"]


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("IDR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]
)
def test_digits_are_those_of_iso_4217(currency, digits):
    assert iso_digits(currency) == digits
    assert Digits().of(currency) == digits


def test_a_ledger_may_be_kept_in_whole_units():
    whole = Digits({"IDR": 0})
    assert whole.of("IDR") == 0
    assert whole.written(15_000, "IDR") == "15000"
    assert whole.sent(15_000, "IDR", 2) == 1_500_000
    assert Digits().written(1_500_000, "IDR", most=0) == "15000"


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [
        ("EUR", 1_250, "1250"),
        ("JPY", 500, "500"),
        ("KWD", 5_120, "5120"),
        ("ISK", 5, "500"),
        ("UGX", 5, "500"),
        ("IDR", 1_500_000, "1500000"),
        ("MGA", 500, "5"),
    ],
)
def test_stripe_is_told_amounts_in_its_own_units(currency, amount, units):
    digits, step = places(currency)
    assert str(Digits().sent(amount, currency, digits, step=step)) == units


@pytest.mark.parametrize(
    ("currency", "amount", "digits", "step"),
    [("IDR", 1_050, 0, 1), ("KWD", 5_124, 3, 10), ("EUR", 0, 2, 1), ("EUR", -5, 2, 1)],
)
def test_what_a_processor_cannot_write_exactly_is_refused(currency, amount, digits, step):
    with pytest.raises(Rejected, match="amount_not_payable"):
        Digits().sent(amount, currency, digits, step=step)


@given(
    st.sampled_from(CURRENCIES),
    st.integers(1, 10**11),
    st.integers(0, 4),
    st.none() | st.integers(0, 3),
)
def test_what_was_sent_reads_back_as_the_same_amount(currency, amount, digits, kept):
    mine = Digits({} if kept is None else {currency: kept})
    try:
        units = mine.sent(amount, currency, digits)
    except Rejected:
        assert amount % 10 ** (mine.of(currency) - digits)
        return
    assert mine.read(units, currency, digits) == amount
    assert mine.read_text(mine.written(amount, currency), currency) == amount


@pytest.mark.parametrize("text", ["", "1.234", "nan", "Infinity", "x", None, str(MOST), "1e400"])
def test_a_number_that_is_no_amount_is_no_answer(text):
    with pytest.raises(VendorUnavailable, match="amount_unreadable"):
        Digits().read_text(text, "EUR")


def test_numbers_as_processors_write_them_are_read():
    assert Digits().read_text(15000.0, "IDR") == 1_500_000
    assert Digits().read_text("12.5", "EUR") == 1_250
    assert Digits().read_text(1.1, "EUR") == 110


@pytest.mark.parametrize("text", ["1e999999", "-9e999998", "1e400", "nan", "-inf", "", "1,5"])
def test_what_is_no_amount_is_a_vendors_fault_and_nothing_else(text):
    with pytest.raises(VendorUnavailable, match="amount_unreadable"):
        Digits().read_text(text, "EUR")
