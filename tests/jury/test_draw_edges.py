"""The draw at its edges: the bytes it is made of, what it refuses, and with which words."""

from __future__ import annotations

import hashlib

import pytest

from venire.jury import draw
from venire.kernel.errors import Invalid, Refused

RANDOMNESS = hashlib.sha256(b"randomness").digest()
ROOT = hashlib.sha256(b"root").digest()
POOL = sorted(hashlib.sha256(b"%d" % n).digest() for n in range(5))


def prefixed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


@pytest.mark.parametrize("seed", [b"s" * 32, b"s" * 64])
def test_a_seed_is_committed_to_and_mixed_by_the_published_formulas(seed: bytes):
    commitment = hashlib.sha256(prefixed(b"venire-seed/1") + prefixed(seed)).digest()
    assert draw.seed_commitment(seed) == commitment
    mixed = prefixed(b"venire-weaker-randomness/1") + prefixed(seed) + prefixed(ROOT)
    assert draw.weaker_randomness(seed, ROOT) == hashlib.sha256(mixed).digest()


@pytest.mark.parametrize("length", [0, 31, 65])
def test_a_seed_has_32_to_64_bytes(length: int):
    with pytest.raises(Refused) as refusal:
        draw.seed_commitment(b"s" * length)
    assert (refusal.value.code, refusal.value.data) == ("seed_length", {"length": length})


@pytest.mark.parametrize(
    ("randomness", "root", "batch"),
    [
        (RANDOMNESS + b"x", ROOT, 0),
        (RANDOMNESS, ROOT + b"x", 0),
        (RANDOMNESS[:-1], ROOT, 0),
        (RANDOMNESS, ROOT[:-1], 0),
        (RANDOMNESS + b"x", ROOT + b"x", 0),
        (RANDOMNESS[:-1], ROOT[:-1], 0),
        (RANDOMNESS, ROOT, -1),
        (RANDOMNESS, ROOT, 1 << 32),
        (RANDOMNESS, ROOT, (1 << 32) + 1),
    ],
)
def test_a_key_is_of_32_bytes_and_32_bytes_and_a_batch_that_fits(randomness, root, batch: int):
    with pytest.raises(Refused) as refusal:
        draw.draw_key(randomness, "case", root, batch)
    assert refusal.value.code == "draw_input"
    assert len(draw.draw_key(RANDOMNESS, "case", ROOT, (1 << 32) - 1)) == 32


def test_what_is_wrong_with_a_pool_or_a_log_has_its_own_code():
    with pytest.raises(Refused) as refusal:
        draw.order([POOL[1], POOL[0]], RANDOMNESS, "case", ROOT, 0)
    assert refusal.value.code == "pool_not_sorted"
    for already in ([9], [1]):
        with pytest.raises(Refused) as refusal:
            draw.seats([0, 1, 2], excluded={2}, already=already, count=1)
        assert refusal.value.code == "draw_not_followed"


@pytest.mark.parametrize(
    ("offered", "data"),
    [
        ([1, 2], {"place": 1, "offered": 2, "due": 0}),
        ([0], {"place": 0, "offered": 0, "due": 1}),
        ([1, 0, 3, 2], {"place": 2, "offered": 3, "due": None}),
        ([1, 0, 1], {"place": 2, "offered": 1, "due": None}),
    ],
)
def test_where_a_log_departs_from_the_order_is_said(offered: list[int], data: dict[str, object]):
    with pytest.raises(Invalid) as refusal:
        draw.check_offers([1, 3, 0, 2], excluded={3, 2}, offered=offered)
    assert refusal.value.code == "draw_not_followed"
    assert refusal.value.data == data


def test_seats_as_they_were_given_do_not_change():
    seating = draw.seats([1, 0], (), (), 1)
    with pytest.raises(AttributeError):
        seating.indices = (0,)


@pytest.mark.parametrize("count", [0, -1])
def test_who_asks_for_nobody_gets_nobody(count: int):
    assert draw.seats([1, 0], {1}, [], count) == draw.Seating((), (), exhausted=False)
