"""RFC 6962 hashing and the growing edge of the tree."""

from __future__ import annotations

import functools
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Refused
from venire.record import tree
from venire.record.model import Frontier

# The eight inputs and roots that the tests of Certificate Transparency have used since 2012.
CT_INPUTS = [
    b"",
    b"\x00",
    b"\x10",
    bytes.fromhex("2021"),
    bytes.fromhex("3031"),
    bytes.fromhex("40414243"),
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = tuple(tree.leaf_hash(str(number).encode()) for number in range(610))


@functools.cache
def by_definition(low, high):
    """The recursion of RFC 6962 section 2.1, word for word."""
    if low == high:
        return hashlib.sha256(b"").digest()
    if high - low == 1:
        return LEAVES[low]
    split = 1
    while split * 2 < high - low:
        split *= 2
    pair = by_definition(low, low + split) + by_definition(low + split, high)
    return hashlib.sha256(b"\x01" + pair).digest()


def test_the_empty_tree_has_the_hash_of_nothing():
    assert tree.root(tree.EMPTY) == tree.EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_of_certificate_transparency_come_out(size):
    leaves = [tree.leaf_hash(each) for each in CT_INPUTS[:size]]
    assert tree.root_of(leaves).hex() == CT_ROOTS[size - 1]


def test_every_root_up_to_600_is_that_of_the_definition():
    frontier = tree.EMPTY
    for size in range(601):
        assert tree.root(frontier) == by_definition(0, size)
        assert len(frontier.peaks) == size.bit_count()
        frontier = tree.append(frontier, LEAVES[size])


@given(st.lists(st.integers(0, 90), max_size=6))
def test_leaves_may_come_in_any_batches(batches):
    frontier = tree.EMPTY
    for batch in batches:
        frontier = tree.extend(frontier, LEAVES[frontier.size : frontier.size + batch])
    assert frontier.size == sum(batches)
    assert tree.root(frontier) == by_definition(0, sum(batches))


@given(st.binary(max_size=80))
def test_a_leaf_never_hashes_like_a_node(content):
    assert tree.leaf_hash(content) == hashlib.sha256(b"\x00" + content).digest()
    left, right = content[:32], content[32:]
    assert tree.leaf_hash(content) != tree.node_hash(left, right)


def test_swapping_two_leaves_changes_the_root():
    swapped = [LEAVES[1], LEAVES[0], *LEAVES[2:7]]
    assert tree.root_of(swapped) != tree.root_of(LEAVES[:7])


def test_what_is_not_a_hash_is_refused():
    with pytest.raises(Refused, match="hash_length"):
        tree.append(tree.EMPTY, b"short")


def test_a_frontier_that_lost_a_peak_is_refused():
    with pytest.raises(Refused, match="frontier_malformed"):
        tree.append(Frontier(size=3, peaks=LEAVES[:1]), LEAVES[3])
