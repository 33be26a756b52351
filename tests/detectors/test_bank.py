from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.detectors.bank import CROWDED, TextBank, entry_of
from venire.kernel.text import normal_form

_REMOVED = "We will hang every one of the traitors in front of parliament on friday"


@pytest.fixture
def bank():
    bank = TextBank()
    bank.add(entry_of(1, normal_form(_REMOVED), "incitement"))
    bank.add(entry_of(2, normal_form("Bunuh semua politisi itu malam ini juga"), "incitement"))
    return bank


@pytest.mark.parametrize(
    "copy",
    [
        _REMOVED,
        _REMOVED.upper() + "!!!",
        "@someone " + _REMOVED + " https://example.org/a",
        "Wе wіll hаng every one of the traitors, in front of parliament on friday",
        "We will h a n g every one of the tr4itors in front of parliament on friday",
    ],
)
def test_an_exact_normalised_copy_is_exact(bank, copy):
    match = bank.match(copy)
    assert match.kind == "exact"
    assert match.entry.id == 1
    assert not match.quoted


@pytest.mark.parametrize(
    "copy",
    [
        _REMOVED + " #patriots #now",
        "Listen: " + _REMOVED,
        _REMOVED.replace("every one", "every single one"),
        _REMOVED.replace("traitors", "traitros").replace("friday", "fridya"),
        _REMOVED + ". Pass it on to everybody you know, brothers",
    ],
)
def test_a_near_copy_is_near(bank, copy):
    match = bank.match(copy)
    assert match.kind == "near"
    assert match.entry.id == 1
    assert match.similarity >= 0.8


@pytest.mark.parametrize(
    "other",
    [
        "We will meet every one of the voters in front of parliament on friday",
        "We will not hang every one of the traitors in front of parliament on friday",
        "good morning",
        "",
        "!!!",
        "jangan bunuh semua politisi itu malam ini juga",
    ],
)
def test_another_text_does_not_match(bank, other):
    assert bank.match(other) is None


def test_a_copy_in_a_quotation_is_marked_quoted(bank):
    match = bank.match(f'"{_REMOVED}" is what he wrote, report him')
    assert match is not None
    assert match.quoted


def test_a_copy_in_quotation_marks_alone_is_not_quoted(bank):
    match = bank.match(f'"{_REMOVED}"')
    assert match.kind == "exact"
    assert not match.quoted


def test_a_short_text_never_inherits_a_verdict(bank):
    bank.add(entry_of(3, normal_form("Yes, do it!"), "incitement"))
    assert bank.match("yes do it").kind == "near"


def test_an_entry_whose_verdict_was_undone_is_gone(bank):
    assert bank.remove(1)
    assert not bank.remove(1)
    assert bank.match(_REMOVED) is None
    assert len(bank) == 1


def test_the_same_text_twice_outlives_the_removal_of_one(bank):
    bank.add(entry_of(9, normal_form(_REMOVED), "incitement"))
    assert bank.remove(1)
    assert bank.match(_REMOVED).entry.id == 9


def test_an_entry_given_again_is_replaced(bank):
    bank.add(entry_of(1, normal_form("another removed text of some length"), "hate"))
    assert len(bank) == 2
    assert bank.match(_REMOVED) is None
    assert bank.match("another removed text of some length").entry.category == "hate"


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a b c d", "e f g", "x"]))))
@settings(deadline=None)
def test_adding_and_removing_leaves_nothing_behind(steps):
    bank = TextBank()
    kept = {}
    for identifier, normal in steps:
        if kept.get(identifier) == normal:
            bank.remove(identifier)
            del kept[identifier]
        else:
            bank.add(entry_of(identifier, normal, "other"))
            kept[identifier] = normal
    assert len(bank) == len(kept)
    assert {one for one in ("a b c d", "e f g", "x") if bank.exact(one)} == set(kept.values())
    for identifier in list(kept):
        bank.remove(identifier)
    assert not bank._by_hash
    assert not bank._by_normal


def _filled(size):
    bank = TextBank()
    for at in range(size):
        words = " ".join(f"w{(at * 7919 + step * 104729) % 99991}" for step in range(12))
        bank.add(entry_of(at, f"we will not forget {words}", "other"))
    return bank


def _cost(bank):
    texts = [f"we will not forget what w{at} did to w{at * 3} that day" for at in range(60)]
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for text in texts:
            bank.near(text)
        best = min(best, time.process_time() - started)
    return best


def test_the_cost_of_a_look_up_does_not_grow_with_the_bank():
    small, large = _filled(2_000), _filled(32_000)
    assert _cost(large) < 3 * _cost(small) + 0.005, "sixteen times the bank"


def test_a_wave_of_copies_is_still_found_though_every_bucket_is_crowded():
    bank = TextBank()
    for at in range(CROWDED * 2):
        bank.add(entry_of(at, normal_form(_REMOVED), "incitement"))
    found = bank.near(normal_form(_REMOVED + " now"))
    assert found
    assert found[0][1] >= 0.8
