"""Path arithmetic, growth by tiles, and entry bundles, as C2SP tlog-tiles has them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Invalid, Refused, TooLarge
from venire.record import tiles, tree
from venire.record.model import ENTRIES, Tile

LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(70_000)]


def tile_by_definition(tile):
    """MTH(D[(n*256+i) * 256**l : (n*256+i+1) * 256**l]) for each hash of the tile."""
    span = 256**tile.level
    first = tile.index * 256
    return b"".join(
        tree.root_of(LEAVES[(first + at) * span : (first + at + 1) * span])
        for at in range(tile.width)
    )


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(3, 999, 255), "tile/3/999.p/255"),
        (Tile(0, 1000, 256), "tile/0/x001/000"),
        (Tile(63, 1_234_067, 256), "tile/63/x001/x234/067"),
        (Tile(ENTRIES, 1_234_067, 8), "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tiles.tile_path(tile) == path
    assert tiles.parse_path(path) == tile


@given(st.integers(-1, 63), st.integers(0, (1 << 63) - 1), st.integers(1, 256))
def test_every_path_reads_back(level, index, width):
    tile = Tile(level, index, width)
    assert tiles.parse_path(tiles.tile_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/../0/000",
        "tile/data/000",
        "tile/entries/000.p/300",
        "tile/0/٠٠٠",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_a_path_in_any_other_form_is_refused(path):
    with pytest.raises(Invalid, match="tile_path_malformed"):
        tiles.parse_path(path)


@given(st.text("tile/enrsx0123456789.p", max_size=40))
def test_a_path_is_read_only_in_its_one_form(path):
    try:
        tile = tiles.parse_path(path)
    except Invalid:
        return
    assert tiles.tile_path(tile) == path


@pytest.mark.parametrize("tile", [Tile(64, 0, 1), Tile(0, -1, 1), Tile(0, 0, 0), Tile(0, 0, 257)])
def test_a_tile_that_cannot_be_has_no_path(tile):
    with pytest.raises(Refused, match="tile_out_of_range"):
        tiles.tile_path(tile)


def test_70_000_entries_have_the_tiles_that_the_specification_counts():
    of_level = {level: [] for level in range(-1, 4)}
    for tile in tiles.tiles_of(70_000):
        of_level[tile.level].append(tile.width)
    assert of_level[0] == of_level[-1] == [256] * 273 + [112]
    assert of_level[1] == [256, 17]
    assert of_level[2] == [1]
    assert of_level[3] == []


def test_256_entries_are_a_full_tile_and_one_hash_above():
    found = sorted(tiles.tiles_of(256))
    assert found == [Tile(ENTRIES, 0, 256), Tile(0, 0, 256), Tile(1, 0, 1)]
    assert list(tiles.tiles_of(0)) == []


@pytest.mark.parametrize("sizes", [(1,), (255, 256, 257), (70_000,), (300, 65_536, 65_537, 70_000)])
def test_growth_writes_the_tiles_of_the_definition(sizes):
    written, before = {}, 0
    for size in sizes:
        written |= tiles.tiles_for(before, LEAVES[before:size], written.__getitem__)
        before = size
        for tile in tiles.tiles_of(size):
            if tile.level != ENTRIES:
                assert written[tile] == tile_by_definition(tile)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_growth_in_steps_gives_the_tiles_of_growth_at_once(steps):
    written, size = {}, 0
    for step in steps:
        new = tiles.tiles_for(size, LEAVES[size : size + step], written.__getitem__)
        assert all(written.get(tile) != content for tile, content in new.items())
        written |= new
        size += step
    at_once = tiles.tiles_for(0, LEAVES[:size], written.__getitem__)
    hashes = [tile for tile in tiles.tiles_of(size) if tile.level != ENTRIES]
    assert sorted(at_once) == sorted(hashes)
    assert at_once == {tile: written[tile] for tile in hashes}


def test_growth_by_nothing_writes_nothing():
    assert tiles.tiles_for(300, [], {}.__getitem__) == {}
    assert tiles.bundles_for(300, [], {}.__getitem__) == {}


def test_growth_from_a_damaged_tile_is_refused():
    with pytest.raises(Invalid, match="tile_malformed"):
        tiles.tiles_for(3, LEAVES[3:5], lambda _: b"x" * 95)


def test_growth_by_something_other_than_hashes_is_refused():
    with pytest.raises(Refused, match="hash_length"):
        tiles.tiles_for(0, [b"short"], {}.__getitem__)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_reads_back(entries):
    assert tiles.parse_bundle(tiles.encode_bundle(entries), len(entries)) == entries


def test_a_bundle_has_big_endian_lengths():
    assert tiles.encode_bundle([b"", b"ab", b"c" * 258]) == (
        b"\x00\x00" + b"\x00\x02ab" + b"\x01\x02" + b"c" * 258
    )


@pytest.mark.parametrize(
    ("content", "width"),
    [
        (b"", 1),
        (b"\x00", 1),
        (b"\x00\x01", 1),
        (b"\x00\x01a", 2),
        (b"\x00\x01a\x00\x01b", 1),
        (b"\x00\x01ab", 1),
        (b"\x00\x02a", 1),
        (b"\x00\x01a\x00", 1),
    ],
)
def test_a_bundle_with_a_byte_too_many_or_too_few_is_refused(content, width):
    with pytest.raises(Invalid, match="bundle_malformed"):
        tiles.parse_bundle(content, width)


@given(st.binary(max_size=60), st.integers(1, 8))
def test_any_bytes_are_a_bundle_in_one_way_or_refused(content, width):
    try:
        entries = tiles.parse_bundle(content, width)
    except Invalid:
        return
    assert len(entries) == width
    assert tiles.encode_bundle(entries) == content


def test_the_largest_entry_fits_and_one_byte_more_does_not():
    largest = b"x" * 65_535
    assert tiles.parse_bundle(tiles.encode_bundle([largest]), 1) == [largest]
    with pytest.raises(TooLarge, match="entry_too_large"):
        tiles.encode_bundle([largest + b"x"])


@pytest.mark.parametrize("count", [0, 257])
def test_a_bundle_holds_1_to_256_entries(count):
    with pytest.raises(Refused, match="bundle_width"):
        tiles.encode_bundle([b"x"] * count)


def test_bundles_grow_in_steps_as_at_once():
    entries = [str(number).encode() for number in range(700)]
    written, size = {}, 0
    for until in (1, 255, 256, 300, 512, 700):
        written |= tiles.bundles_for(size, entries[size:until], written.__getitem__)
        size = until
    at_once = tiles.bundles_for(0, entries, {}.__getitem__)
    assert sorted(at_once) == [tile for tile in tiles.tiles_of(700) if tile.level == ENTRIES]
    assert at_once == {tile: written[tile] for tile in at_once}
