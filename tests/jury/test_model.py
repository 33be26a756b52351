"""The nouns: what they are before anything is known, and that nobody changes them in the hand."""

from __future__ import annotations

import pytest

from venire.jury.model import UNCALIBRATED, FrozenPool, Juror, PoolEntry, Rates

NEW = Juror(1, "active", 1_000, b"n" * 16)


def test_a_new_juror_has_no_office_no_training_and_no_favours():
    assert (NEW.trained, NEW.paid, NEW.bench, NEW.hold_key) == (False, False, False, False)
    assert (NEW.opt_outs, NEW.rates) == (frozenset(), UNCALIBRATED)


def test_before_the_first_answer_a_juror_counts_as_point_eight_and_point_two():
    assert Rates(0.8, 0.2, 0, 0) == UNCALIBRATED


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (NEW, "bench"),
        (PoolEntry("00" * 32, 0), "index"),
        (FrozenPool(1, b"", b"", (), ()), "accounts"),
    ],
)
def test_no_noun_changes_in_the_hand(what: object, field: str):
    with pytest.raises(AttributeError):
        setattr(what, field, True)


def test_a_frozen_pool_gives_its_pseudonyms_as_bytes():
    names = ("0a" * 32, "ff" * 32)
    entries = tuple(PoolEntry(name, index) for index, name in enumerate(names))
    pool = FrozenPool(1, b"", b"", entries, (7, 8))
    assert pool.pseudonyms == (b"\x0a" * 32, b"\xff" * 32)
