"""Inclusion and consistency proofs: right ones pass at every size, wrong ones never."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from venire.kernel.errors import Invalid, Refused
from venire.record import proofs, tiles, tree
from venire.record.model import Tile

SIZE = 66_000
LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(SIZE)]
TILES = tiles.tiles_for(0, LEAVES, {}.__getitem__)
ROOTS = {}
CT_LEAVES = [
    tree.leaf_hash(bytes.fromhex(each))
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


def read_tile(tile):
    """Any width of a tile, cut from the widest there is."""
    for width in (256, tiles.width_at(tile.level, tile.index, SIZE)):
        content = TILES.get(Tile(tile.level, tile.index, width))
        if content is not None:
            return content[: tile.width * 32]
    raise KeyError(tile)


def root_at(size):
    if size not in ROOTS:
        ROOTS[size] = tree.root_of(LEAVES[:size])
    return ROOTS[size]


def reader_of(leaves):
    return tiles.tiles_for(0, leaves, {}.__getitem__).__getitem__


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ],
)
def test_the_inclusion_proofs_of_certificate_transparency_come_out(index, size, proof):
    leaves = CT_LEAVES[:size]
    found = proofs.inclusion_proof(index, size, reader_of(leaves))
    assert [each.hex() for each in found] == proof
    assert proofs.verify_inclusion(leaves[index], index, size, found, tree.root_of(leaves))


def test_the_consistency_proof_of_certificate_transparency_comes_out():
    found = proofs.consistency_proof(6, 8, reader_of(CT_LEAVES))
    assert [each.hex() for each in found] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_leaf_of_every_small_tree_is_proven_and_no_neighbour_is():
    for size in range(1, 71):
        for index in range(size):
            proof = proofs.inclusion_proof(index, size, read_tile)
            verify = proofs.verify_inclusion
            assert verify(LEAVES[index], index, size, proof, root_at(size))
            assert not verify(LEAVES[index + 1], index, size, proof, root_at(size))
            assert not verify(LEAVES[index], index, size, proof, root_at(size + 1))


def test_every_pair_of_small_trees_is_consistent():
    for size in range(1, 71):
        for old in range(size + 1):
            proof = proofs.consistency_proof(old, size, read_tile)
            assert proofs.verify_consistency(old, root_at(old), size, root_at(size), proof)


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 600, 65_535, 65_536, 65_537, SIZE])
def test_trees_at_the_edges_of_tiles_prove_their_leaves_and_their_past(size):
    pasts = {1, 2, 255, 256, 257, 512, size // 2, size - 1, size}
    for index in (past - 1 for past in pasts if past <= size):
        proof = proofs.inclusion_proof(index, size, read_tile)
        assert proofs.verify_inclusion(LEAVES[index], index, size, proof, root_at(size))
    for past in (past for past in pasts if past <= size):
        proof = proofs.consistency_proof(past, size, read_tile)
        assert proofs.verify_consistency(past, root_at(past), size, root_at(size), proof)
    assert tree.root(proofs.frontier_at(size, read_tile)) == root_at(size)


@given(st.data())
def test_a_changed_inclusion_proof_fails(data):
    size = data.draw(st.integers(2, 600))
    index = data.draw(st.integers(0, size - 1))
    proof = proofs.inclusion_proof(index, size, read_tile)
    leaf, root = LEAVES[index], root_at(size)
    assert proofs.verify_inclusion(leaf, index, size, proof, root)
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    for wrong in (
        [*proof[:at], flipped, *proof[at + 1 :]],
        proof[:at] + proof[at + 1 :],
        [*proof, root],
        [proof[at], *proof],
        [],
    ):
        assert not proofs.verify_inclusion(leaf, index, size, wrong, root)
    assert not proofs.verify_inclusion(leaf, size, size, proof, root)
    assert not proofs.verify_inclusion(leaf, -1, size, proof, root)
    other = data.draw(st.integers(0, size - 1))
    assume(other != index)
    assert not proofs.verify_inclusion(leaf, other, size, proof, root)


@given(st.data())
def test_a_changed_consistency_proof_fails(data):
    size = data.draw(st.integers(2, 600))
    old = data.draw(st.integers(1, size - 1))
    proof = proofs.consistency_proof(old, size, read_tile)
    verify = proofs.verify_consistency
    assert verify(old, root_at(old), size, root_at(size), proof)
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    for wrong in (
        [*proof[:at], flipped, *proof[at + 1 :]],
        proof[:at] + proof[at + 1 :],
        [*proof, proof[at]],
        [],
    ):
        assert not verify(old, root_at(old), size, root_at(size), wrong)
    assert not verify(old, root_at(old - 1), size, root_at(size), proof)
    assert not verify(old, root_at(old), size, root_at(size - 1), proof)
    # Proofs of neighbouring sizes may look alike, and a size is what a checkpoint signs; a tree of
    # another height needs more steps.
    assert not verify(old, root_at(old), size * 4, root_at(size), proof)


@given(st.integers(1, 300), st.data())
def test_a_rewritten_past_has_no_consistency_proof(size, data):
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*LEAVES[:size]]
    rewritten[changed] = hashlib.sha256(b"rewritten").digest()
    proof = proofs.consistency_proof(old, size, reader_of(rewritten))
    new_root = tree.root_of(rewritten)
    assert not proofs.verify_consistency(old, root_at(old), size, new_root, proof)


@pytest.mark.parametrize(
    ("old", "size", "proof"), [(5, 4, []), (-1, 4, []), (0, 0, [b"x" * 32]), (0, 4, [b"x" * 32])]
)
def test_sizes_that_go_down_or_carry_a_needless_proof_fail(old, size, proof):
    assert not proofs.verify_consistency(old, root_at(max(old, 0)), size, root_at(size), proof)


def test_nothing_is_consistent_with_everything():
    assert proofs.consistency_proof(0, 9, read_tile) == []
    assert proofs.verify_consistency(0, tree.EMPTY_ROOT, 9, root_at(9), [])
    assert not proofs.verify_consistency(0, root_at(1), 9, root_at(9), [])


def test_what_is_not_in_the_tree_is_refused():
    with pytest.raises(Refused, match="proof_out_of_range"):
        proofs.inclusion_proof(5, 5, read_tile)
    with pytest.raises(Refused, match="proof_out_of_range"):
        proofs.consistency_proof(6, 5, read_tile)
    with pytest.raises(Refused, match="subtree_incomplete"):
        proofs.hash_reader(5, read_tile)(3, 0)


def test_a_tile_of_the_wrong_length_is_refused():
    with pytest.raises(Invalid, match="tile_malformed"):
        proofs.inclusion_proof(0, 5, lambda _: b"x" * 31)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, SIZE))
def test_an_appender_starts_again_from_tiles(size):
    frontier = proofs.frontier_at(size, read_tile)
    assert frontier == tree.extend(tree.EMPTY, LEAVES[:size])
