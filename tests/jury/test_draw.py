from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury import draw
from venire.jury.pool import freeze
from venire.kernel.errors import Invalid, Refused

SALT = b"s" * 32
RANDOMNESS = hashlib.sha256(b"randomness").digest()
ROOT = hashlib.sha256(b"root").digest()

pools = st.sets(st.binary(min_size=32, max_size=32), max_size=40).map(sorted)
hashes = st.binary(min_size=32, max_size=32)
cases = st.text(min_size=1, max_size=20)
batches = st.integers(0, 2**32 - 1)


def a_pool(size: int) -> list[bytes]:
    return sorted(hashlib.sha256(b"%d" % n).digest() for n in range(size))


def test_the_order_is_the_published_formula_and_nothing_else():
    """Computed here from the text of the contract alone, so that the format cannot drift."""
    pool = a_pool(50)

    def prefixed(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    key = hashlib.sha256(
        prefixed(b"venire-draw/1")
        + prefixed(RANDOMNESS)
        + prefixed("c-öx".encode())
        + prefixed(ROOT)
        + prefixed((3).to_bytes(4, "big"))
    ).digest()
    lots = {name: hmac.new(key, name, hashlib.sha256).digest() for name in pool}
    expected = sorted(range(50), key=lambda index: lots[pool[index]])
    assert draw.order(pool, RANDOMNESS, "c-öx", ROOT, 3) == expected


@given(pool=pools, randomness=hashes, case=cases, root=hashes, batch=batches)
def test_every_member_stands_in_the_order_exactly_once(pool, randomness, case, root, batch):
    order = draw.order(pool, randomness, case, root, batch)
    assert sorted(order) == list(range(len(pool)))
    assert order == draw.order(pool, randomness, case, root, batch)


@given(
    nonces=st.dictionaries(
        st.integers(1, 2**63 - 1), st.binary(min_size=16, max_size=16), max_size=30
    ),
    data=st.data(),
)
def test_who_signed_up_first_makes_no_difference_to_the_draw(nonces, data):
    shuffled = dict(data.draw(st.permutations(list(nonces.items()))))
    one, other = freeze(1, SALT, nonces), freeze(1, SALT, shuffled)

    def drawn(pool):
        order = draw.order(pool.pseudonyms, RANDOMNESS, "case", pool.root, 0)
        return [pool.accounts[index] for index in order]

    assert drawn(one) == drawn(other)


def test_every_input_of_the_draw_changes_the_order():
    pool = a_pool(60)
    plain = draw.order(pool, RANDOMNESS, "case", ROOT, 0)
    others = [
        draw.order(pool, ROOT, "case", ROOT, 0),
        draw.order(pool, RANDOMNESS, "case2", ROOT, 0),
        draw.order(pool, RANDOMNESS, "case", RANDOMNESS, 0),
        draw.order(pool, RANDOMNESS, "case", ROOT, 1),
    ]
    assert all(order != plain for order in others)
    assert len({tuple(order) for order in others}) == len(others)


@given(
    one=st.tuples(hashes, cases, hashes, batches), other=st.tuples(hashes, cases, hashes, batches)
)
def test_two_draws_share_a_key_only_when_they_are_the_same_draw(one, other):
    assert (draw.draw_key(*one) == draw.draw_key(*other)) == (one == other)


def test_the_lot_favours_nobody():
    """Chi-square over 6,000 draws of the first three seats among 40: 39 degrees of freedom."""
    pool, draws = a_pool(40), 6_000
    for place in range(3):
        seated = [0] * len(pool)
        for case in range(draws):
            seated[draw.order(pool, RANDOMNESS, f"case {case}", ROOT, 0)[place]] += 1
        expected = draws / len(pool)
        statistic = sum((count - expected) ** 2 / expected for count in seated)
        # The 0.1 % and 99.9 % points: too even would be as suspicious as too uneven.
        assert 16.3 < statistic < 72.1


@pytest.mark.parametrize("pool", [a_pool(5)[::-1], [*a_pool(2), a_pool(2)[-1]]])
def test_a_pool_that_is_not_as_published_is_refused(pool: list[bytes]):
    with pytest.raises(Refused, match="pool_not_sorted"):
        draw.order(pool, RANDOMNESS, "case", ROOT, 0)


@pytest.mark.parametrize(
    ("randomness", "case", "root", "batch"),
    [
        (b"short", "case", ROOT, 0),
        (RANDOMNESS, "", ROOT, 0),
        (RANDOMNESS, "case", b"", 0),
        (RANDOMNESS, "case", ROOT, -1),
        (RANDOMNESS, "case", ROOT, 2**32),
    ],
)
def test_a_draw_without_its_whole_input_is_refused(randomness, case, root, batch):
    with pytest.raises(Refused, match="draw_input"):
        draw.order(a_pool(3), randomness, case, root, batch)


@st.composite
def seatings(look):
    size = look(st.integers(0, 30))
    order = look(st.permutations(range(size)))
    excluded = look(st.sets(st.sampled_from(range(size)))) if size else set()
    return order, excluded, look(st.lists(st.integers(0, 5), max_size=8))


@given(seatings())
def test_batch_after_batch_seats_everyone_once_in_order_and_never_an_excluded_one(seating):
    order, excluded, counts = seating
    asked: list[int] = []
    skipped: list[int] = []
    for count in counts:
        seating = draw.seats(order, excluded, asked, count)
        assert seating.exhausted == (len(seating.indices) < count)
        asked += seating.indices
        skipped += seating.skipped
    assert not set(asked) & excluded
    assert len(set(asked)) == len(asked)
    eligible = [index for index in order if index not in excluded]
    assert asked == eligible[: len(asked)]
    assert len(asked) == min(sum(counts), len(eligible))
    assert set(skipped) <= excluded
    draw.check_offers(order, excluded, asked)


def test_whoever_was_passed_on_the_way_is_named():
    seating = draw.seats([4, 2, 0, 3, 1], excluded={2, 0, 1}, already=[], count=2)
    assert seating == draw.Seating(indices=(4, 3), skipped=(2, 0), exhausted=False)


def test_after_a_decline_the_next_in_the_order_is_asked_and_nobody_twice():
    order = [4, 2, 0, 3, 1]
    first = draw.seats(order, {2}, [], 2)
    again = draw.seats(order, {2}, first.indices, 2)
    assert (first.indices, again.indices) == ((4, 0), (3, 1))
    assert again.skipped == ()
    assert draw.seats(order, {2}, [4, 0, 3, 1], 1) == draw.Seating((), (), exhausted=True)


@pytest.mark.parametrize("already", [[0], [4, 3], [4, 2, 0], [9]])
def test_a_juror_passed_over_without_a_logged_reason_stops_the_seating(already: list[int]):
    with pytest.raises(Refused, match="draw_not_followed"):
        draw.seats([4, 2, 0, 3, 1], excluded={2}, already=already, count=1)


@given(seatings(), st.data())
def test_a_log_that_departs_from_the_order_is_found_out(seating, data):
    order, excluded, _ = seating
    eligible = [index for index in order if index not in excluded]
    offered = data.draw(st.lists(st.sampled_from(order), unique=True)) if order else []
    if offered == eligible[: len(offered)]:
        draw.check_offers(order, excluded, offered)
    else:
        with pytest.raises(Invalid, match="draw_not_followed"):
            draw.check_offers(order, excluded, offered)


def test_a_log_longer_than_the_pool_is_found_out():
    with pytest.raises(Invalid, match="draw_not_followed") as refusal:
        draw.check_offers([1, 0], set(), [1, 0, 2])
    assert refusal.value.data == {"place": 2, "offered": 2, "due": None}


@given(st.binary(min_size=32, max_size=64), st.binary(min_size=32, max_size=64), hashes, hashes)
def test_the_weaker_randomness_hangs_on_the_seed_and_on_the_members_nonces(
    seed, other, root, root2
):
    randomness = draw.weaker_randomness(seed, root)
    assert len(randomness) == 32
    assert (randomness == draw.weaker_randomness(other, root)) == (seed == other)
    assert (randomness == draw.weaker_randomness(seed, root2)) == (root == root2)
    assert (draw.seed_commitment(seed) == draw.seed_commitment(other)) == (seed == other)
    assert draw.seed_commitment(seed) != randomness


def test_a_seed_that_could_be_guessed_from_its_commitment_is_refused():
    with pytest.raises(Refused, match="seed_length"):
        draw.seed_commitment(b"x" * 31)
    with pytest.raises(Refused, match="seed_length"):
        draw.weaker_randomness(b"", ROOT)


@given(
    key=st.binary(min_size=1, max_size=64), messages=st.lists(st.binary(max_size=80), max_size=8)
)
def test_many_macs_at_once_are_those_of_the_standard_library(key, messages):
    assert draw.macs(key, messages) == [hmac.digest(key, one, "sha256") for one in messages]
