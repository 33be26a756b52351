"""The sheets of a pool, its chain of seeds, and decoys: `venire/jury/sheets.py`."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury import sheets
from venire.jury.draw import seed_commitment
from venire.record.tree import leaf_hash, root_of

SALT = bytes(range(32))
SEED = hashlib.sha256(b"seed").digest()
names = st.sets(st.binary(min_size=32, max_size=32), max_size=30).map(sorted)


def some_names(count: int) -> list[bytes]:
    return sorted(hashlib.sha256(b"%d" % n).digest() for n in range(count))


@given(names, st.integers(0, 63))
def test_a_sheet_holds_every_member_once_under_another_name(members, number):
    sheet = sheets.sheet(SALT, number, members)
    assert sorted(sheet.members) == list(range(len(members)))
    assert list(sheet.pseudonyms) == sorted(set(sheet.pseudonyms))
    assert not set(sheet.pseudonyms) & set(members)
    own = hmac.digest(SALT, b"venire-sheet/1" + number.to_bytes(4, "big"), "sha256")
    for pseudonym, member in zip(sheet.pseudonyms, sheet.members, strict=True):
        assert pseudonym == hmac.digest(own, members[member], "sha256")


def test_no_two_sheets_share_a_pseudonym_or_an_order():
    members = some_names(60)
    written = [sheets.sheet(SALT, number, members) for number in range(8)]
    assert len({name for sheet in written for name in sheet.pseudonyms}) == 8 * 60
    assert len({sheet.members for sheet in written}) == 8


def test_the_roots_of_all_sheets_are_bound_by_one():
    members = some_names(5)
    each = sheets.split(sheets.roots(SALT, members, 4))
    assert each == [
        root_of(map(leaf_hash, sheets.sheet(SALT, number, members).pseudonyms))
        for number in range(4)
    ]
    assert sheets.root_of_sheets(each) == root_of(map(leaf_hash, each))
    assert sheets.root_of_sheets(each[:3]) != sheets.root_of_sheets(each)
    assert sheets.split(b"") == []


@pytest.mark.parametrize(
    ("size", "promised", "count"),
    [(0, 64, 1), (1, 64, 64), (1_000, 64, 64), (1_001, 64, 16), (12, 1, 1), (0, 1, 1)],
)
def test_a_pool_has_no_more_sheets_than_seeds_were_promised(size, promised, count):
    assert sheets.sheets_for(size, promised) == count


@given(st.integers(0, 63), st.integers(0, 63))
def test_a_seed_leads_to_the_commitment_by_its_own_number_alone(number, claimed):
    committed = sheets.commitment(SEED)
    seed = sheets.seed_of(SEED, number, 64)
    assert sheets.leads_to(seed, claimed, committed) == (claimed == number)
    assert not sheets.leads_to(bytes(32), claimed, committed)


def test_a_seed_that_is_shown_tells_only_those_that_were_used_before():
    later, earlier = (sheets.seed_of(SEED, number, 64) for number in (5, 4))
    assert seed_commitment(later) == earlier
    assert sheets.seed_of(SEED, 63, 64) == SEED
    assert sheets.commitment(SEED, 1) == seed_commitment(SEED)


EXCLUDED = frozenset(range(0, 200, 7))


@given(st.text(max_size=20), st.integers(-5, 300))
def test_decoys_are_of_those_who_were_free_and_leave_what_the_panel_needs(draw, spare):
    taken = sheets.decoys(SALT, draw, 200, EXCLUDED, min(spare, 200 - len(EXCLUDED)))
    assert not taken & EXCLUDED
    assert taken <= set(range(200))
    assert len(taken) <= max(min(32, spare), 0)
    assert taken == sheets.decoys(SALT, draw, 200, EXCLUDED, min(spare, 200 - len(EXCLUDED)))


def test_other_draws_and_other_pools_have_other_decoys():
    taken = {
        frozenset(sheets.decoys(salt, draw, 400, EXCLUDED, 100))
        for salt in (SALT, SALT[::-1])
        for draw in ("a:1", "a:2", "b:1")
    }
    assert len(taken) == 6


def counts_of_decoys(draws: int) -> Counter[int]:
    return Counter(len(sheets.decoys(SALT, f"{n}:1", 400, EXCLUDED, 300)) for n in range(draws))


def test_one_member_more_or_less_is_hardly_seen_in_the_number_of_places():
    """Two-sided geometric around 16: neighbouring numbers are 0.8 times as likely, no less."""
    counted = counts_of_decoys(40_000)
    assert min(counted) >= 0
    assert max(counted) <= 32
    for number in range(8, 24):
        nearer, further = sorted((number, number + 1), key=lambda n: abs(n - 16))
        ratio = counted[further] / counted[nearer]
        assert math.isclose(ratio, 205 / 256, abs_tol=0.12)
    mean = sum(number * times for number, times in counted.items()) / 40_000
    assert 15.8 < mean < 16.2


def test_every_free_place_is_a_decoy_as_often_as_any_other():
    seen: Counter[int] = Counter()
    for n in range(6_000):
        seen.update(sheets.decoys(SALT, f"{n}:1", 60, frozenset({3, 4}), 40))
    assert seen.keys() == set(range(60)) - {3, 4}
    expected = seen.total() / 58
    statistic = sum((count - expected) ** 2 / expected for count in seen.values())
    # 57 degrees of freedom, 0.01 % and 99.99 %; without replacement it comes out lower.
    assert 10 < statistic < 108
