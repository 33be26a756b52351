"""The decoys of a draw, place by place, against the same procedure written down once more."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from venire.jury import sheets
from venire.jury.draw import seed_commitment

SECRET = bytes(range(32))
EXCLUDED = frozenset({1, 5, 9})


def plainly(secret: bytes, draw: str, size: int, excluded: frozenset[int], spare: int) -> set[int]:
    """HMAC-SHA256 in counter mode; two runs of bytes below 205; then 8 bytes for each place."""
    middle = 16 if spare > 32 else spare // 2
    if middle < 1:
        return set()
    message = b"venire-decoys/1" + draw.encode() + b"\x00"
    stream = b"".join(
        hmac.new(secret, message + n.to_bytes(4, "big"), hashlib.sha256).digest() for n in range(40)
    )
    runs, at = [], 0
    for _ in range(2):
        run = 0
        while stream[at] < 205:
            run, at = run + 1, at + 1
        runs, at = [*runs, run], at + 1
    count = middle + runs[0] - runs[1]
    count = max(0, min(count, 2 * middle, spare))
    taken: set[int] = set()
    while len(taken) < count:
        place, at = int.from_bytes(stream[at : at + 8], "big") % size, at + 8
        if place not in excluded:
            taken.add(place)
    return taken


@pytest.mark.parametrize("spare", [-3, 0, 1, 2, 3, 4, 5, 6, 7, 12, 31, 32, 33, 34, 90])
def test_decoys_are_those_of_the_procedure(spare: int):
    counts = set()
    for number in range(60):
        expected = plainly(SECRET, f"case:{number}", 100, EXCLUDED, spare)
        assert sheets.decoys(SECRET, f"case:{number}", 100, EXCLUDED, spare) == expected
        counts.add(len(expected))
    middle = min(max(spare // 2, 0), 16)
    assert max(counts) <= min(2 * middle, max(spare, 0))
    if 2 <= spare < 8:
        assert {0, 2 * middle} <= counts, "both ends are met"


def test_a_seed_is_as_many_links_up_the_chain_as_are_still_to_come():
    seed = b"s" * 32
    once = seed_commitment(seed)
    assert [sheets.seed_of(seed, number, 3) for number in (2, 1, 0)] == [
        seed,
        once,
        seed_commitment(once),
    ]
    assert sheets.commitment(seed, 3) == seed_commitment(seed_commitment(once))


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 64), (1_000, 64), (1_001, 16)])
def test_a_large_pool_is_written_on_fewer_sheets(size: int, count: int):
    assert sheets.sheets_for(size, 1 << 20) == count
    assert (sheets.SHEETS, sheets.SHEETS_OF_A_LARGE_POOL) == (64, 16)


def test_a_sheet_as_it_was_written_does_not_change():
    sheet = sheets.sheet(SECRET, 0, [b"n" * 32])
    with pytest.raises(AttributeError):
        sheet.members = ()
