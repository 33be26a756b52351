"""Checks a whole log from outside: signature, every entry, every tile, the root, growth.

Nothing is taken from the tiles: leaf hashes are computed from the entries, every tile from those,
and what is served is compared with what was computed. A checkpoint's size is bounded by what was
signed, so an unsigned log makes no work.

Faults, each a stable code of a `RecordFault` (the first one found is raised):
`verifier_key_malformed` · `missing_checkpoint` · `note_malformed` · `note_too_large` ·
`checkpoint_malformed` · `bad_signature` · `origin_mismatch` · `size_behind` (shorter than the
earlier checkpoint) · `inconsistent` (not an extension of it) · `missing_tile` · `missing_bundle` ·
`bundle_malformed` · `entry_malformed` · `tile_mismatch` · `bundle_mismatch` (two widths of one
bundle differ) · `root_mismatch` · `response_too_large` · `url_malformed` · `redirect_elsewhere` ·
`encoding_unknown` · `source_unreachable` · `path_missing` (no such folder).
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Final

from venire.kernel.errors import Invalid, NotFound, Problem
from venire.record import tree
from venire.record.checkpoint import open_checkpoint
from venire.record.entry import decode_entry
from venire.record.model import ENTRIES, HASH_BYTES, TILE_WIDTH, Checkpoint, Frontier, Report, Tile
from venire.record.note import MAX_NOTE_BYTES, VerifierKey, parse_verifier_key
from venire.record.readers import FolderReader, HttpReader, Reader
from venire.record.tiles import (
    MAX_BUNDLE_BYTES,
    MAX_TILE_BYTES,
    parse_bundle,
    parse_path,
    tile_path,
    width_at,
)

CHECKPOINT_PATH: Final = "checkpoint"
Progress = Callable[[int, int], None]
"""(entries checked, entries in all)."""


class RecordFault(Invalid):
    """The log is not what its key vouches for, or cannot be checked; see the module's codes."""

    kind: ClassVar[str] = "record_fault"


def verify_path(
    source: str | Path | Reader,
    verifier_key: str,
    *,
    earlier: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify a log in a folder, behind a URL prefix, or in a reader of one's own.

    `verifier_key` is `name+id+base64`, from somewhere other than the source: a key that comes
    along with a log proves nothing. `earlier` is a signed checkpoint seen before, which this log
    must extend. Raises `RecordFault`.
    """
    try:
        with contextlib.ExitStack() as stack:
            reader = _open(source, stack)
            return _verify(reader, parse_verifier_key(verifier_key), earlier, progress)
    except RecordFault:
        raise
    except Problem as problem:
        raise RecordFault(problem.code, problem.hint, **problem.data) from problem


def _open(source: str | Path | Reader, stack: contextlib.ExitStack) -> Reader:
    if isinstance(source, Path):
        return FolderReader(source)
    if not isinstance(source, str):
        return source
    if source.startswith(("http://", "https://")):
        return stack.enter_context(HttpReader(source))
    return FolderReader(Path(source))


def _verify(
    reader: Reader, verifier: VerifierKey, earlier: bytes | None, progress: Progress | None
) -> Report:
    try:
        signed = reader.read(CHECKPOINT_PATH, MAX_NOTE_BYTES)
    except NotFound as problem:
        raise RecordFault("missing_checkpoint", "no checkpoint there") from problem
    head = open_checkpoint(signed, verifier)
    before = open_checkpoint(earlier, verifier) if earlier is not None else None
    if before and before.size > head.size:
        raise RecordFault(
            "size_behind", "shorter than what was signed before", size=head.size, was=before.size
        )
    walk = _Walk(reader, head)
    frontier, counts = tree.EMPTY, Counter[str]()
    if before:
        _check_earlier(before, frontier)
    for leaves, types in walk.bundles():
        frontier = _extend(frontier, leaves, before)
        counts.update(types)
        if progress:
            progress(frontier.size, head.size)
    walk.finish()
    if tree.root(frontier) != head.root:
        raise RecordFault("root_mismatch", "the entries do not add up to the signed root")
    return Report(
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        key_id=verifier.key_id.hex(),
        counts=dict(sorted(counts.items())),
        tiles=walk.compared,
        earlier_size=before.size if before else None,
    )


def _extend(frontier: Frontier, leaves: list[bytes], before: Checkpoint | None) -> Frontier:
    """Append, stopping on the way where the earlier checkpoint was signed."""
    if before and frontier.size < before.size <= frontier.size + len(leaves):
        cut = before.size - frontier.size
        frontier = tree.extend(frontier, leaves[:cut])
        _check_earlier(before, frontier)
        leaves = leaves[cut:]
    return tree.extend(frontier, leaves)


def _check_earlier(before: Checkpoint, frontier: Frontier) -> None:
    if before.size == frontier.size and before.root != tree.root(frontier):
        raise RecordFault(
            "inconsistent", "history was rewritten below an earlier checkpoint", size=before.size
        )


class _Walk:
    """One pass over the bundles that computes every tile and compares it with what is served."""

    def __init__(self, reader: Reader, head: Checkpoint) -> None:
        self._reader = reader
        self._size = head.size
        self._levels: list[bytearray] = []
        self._numbers: list[int] = []
        self._older = _partial_tiles(reader.paths(), head.size)
        self.compared = 0

    def bundles(self) -> Iterator[tuple[list[bytes], list[str]]]:
        """Leaf hashes and entry types of each bundle, its tiles already compared."""
        for number in range(-(-self._size // TILE_WIDTH)):
            entries = self._bundle(number)
            types = []
            for offset, content in enumerate(entries):
                try:
                    types.append(decode_entry(content).header["type"])
                except Problem as problem:
                    data = {**problem.data, "index": number * TILE_WIDTH + offset}
                    raise RecordFault("entry_malformed", problem.hint, **data) from problem
            leaves = [tree.leaf_hash(content) for content in entries]
            self._add(0, b"".join(leaves))
            self._compare_older(number, entries)
            yield leaves, types

    def finish(self) -> None:
        """Compare the partial tiles at the right edge."""
        for level, held in enumerate(self._levels):
            if held and level:
                self._compare(level)

    def _bundle(self, number: int) -> list[bytes]:
        tile = Tile(ENTRIES, number, width_at(ENTRIES, number, self._size))
        try:
            content, width = self._read(tile, MAX_BUNDLE_BYTES)
        except NotFound as problem:
            raise RecordFault(
                "missing_bundle", "entries are not there", path=tile_path(tile)
            ) from problem
        try:
            entries = parse_bundle(content, width)[: tile.width]
        except Invalid as problem:
            raise RecordFault(problem.code, problem.hint, path=tile_path(tile)) from problem
        self.compared += 1
        return entries

    def _compare_older(self, number: int, entries: list[bytes]) -> None:
        for older in self._older.get((ENTRIES, number), ()):
            if parse_bundle(self._served(older), older.width) != entries[: older.width]:
                raise RecordFault("bundle_mismatch", "two widths differ", path=tile_path(older))

    def _add(self, level: int, hashes: bytes) -> None:
        """Put hashes at the right of a level; a tile that is full rises into the next."""
        if level == len(self._levels):
            self._levels.append(bytearray())
            self._numbers.append(0)
        held = self._levels[level]
        held += hashes
        full = len(held) == TILE_WIDTH * HASH_BYTES
        if full or level == 0:
            self._compare(level)
        if full:
            parts = [bytes(held[at : at + HASH_BYTES]) for at in range(0, len(held), HASH_BYTES)]
            held.clear()
            self._numbers[level] += 1
            self._add(level + 1, tree.root_of(parts))

    def _compare(self, level: int) -> None:
        expected = bytes(self._levels[level])
        tile = Tile(level, self._numbers[level], len(expected) // HASH_BYTES)
        try:
            content, width = self._read(tile, MAX_TILE_BYTES)
        except NotFound as problem:
            raise RecordFault(
                "missing_tile", "a tile is not there", path=tile_path(tile)
            ) from problem
        if len(content) != width * HASH_BYTES or not content.startswith(expected):
            raise RecordFault("tile_mismatch", "not what the entries give", path=tile_path(tile))
        self.compared += 1
        for older in self._older.get((level, tile.index), ()):
            if self._served(older) != expected[: older.width * HASH_BYTES]:
                raise RecordFault(
                    "tile_mismatch", "not what the entries give", path=tile_path(older)
                )

    def _read(self, tile: Tile, limit: int) -> tuple[bytes, int]:
        """The tile, or the full one that has since taken its place; and its width."""
        try:
            return self._reader.read(tile_path(tile), limit), tile.width
        except NotFound:
            if tile.width == TILE_WIDTH:
                raise
            full = Tile(tile.level, tile.index, TILE_WIDTH)
            return self._reader.read(tile_path(full), limit), TILE_WIDTH

    def _served(self, tile: Tile) -> bytes:
        limit = MAX_BUNDLE_BYTES if tile.level == ENTRIES else MAX_TILE_BYTES
        self.compared += 1
        return self._reader.read(tile_path(tile), limit)


def _partial_tiles(paths: Iterable[str], size: int) -> dict[tuple[int, int], list[Tile]]:
    """Tiles left from smaller sizes, by level and index, where the source can list them.

    What lies beyond the signed size is left out: nothing signed says yet what it holds.
    """
    found: dict[tuple[int, int], list[Tile]] = defaultdict(list)
    for path in paths:
        with contextlib.suppress(Invalid):
            tile = parse_path(path)
            if tile.width < width_at(tile.level, tile.index, size):
                found[tile.level, tile.index].append(tile)
    return found
