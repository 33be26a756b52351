"""Tables of the record: entries, tiles and the head, by epoch of the log."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class HeadRow(msgspec.Struct, frozen=True):
    """How far a log has come: `frontier` are the roots of its complete subtrees, joined."""

    epoch: int
    size: int
    root: bytes
    frontier: bytes
    at_ms: int
    version: int


class EntryRow(msgspec.Struct, frozen=True):
    """One leaf as it stands in the log, with the idempotency key it was appended under."""

    epoch: int
    bundle: int
    leaf_index: int
    key: str
    entry: bytes


class EntryKeyRow(msgspec.Struct, frozen=True):
    """Where the entry of an idempotency key stands."""

    key: str
    epoch: int
    leaf_index: int


class TileRow(msgspec.Struct, frozen=True):
    """The hashes of one tile, 32 bytes each, left to right; 256 when it is full."""

    epoch: int
    level: int
    tile_index: int
    hashes: bytes


class SaltRow(msgspec.Struct, frozen=True):
    """The salt that opens the commitments of one entry; erasing it erases the link."""

    key: str
    aggregate: str
    salt: bytes
    subject_id: int | None


HEADS = Table(
    name="record_heads",
    row=HeadRow,
    question="What is the size and root of the log?",
    partition=("epoch",),
    aggregate="record:{epoch}",
    version="version",
    retention="for ever",
)

ENTRIES = Table(
    name="record_entries",
    row=EntryRow,
    question="Which entries stand from this index on?",
    partition=("epoch", "bundle"),
    clustering=("leaf_index",),
    aggregate="record:{epoch}",
    retention="for ever",
    wide=True,
)

ENTRY_KEYS = Table(
    name="record_entry_keys",
    row=EntryKeyRow,
    question="Was this already appended, and where?",
    partition=("key",),
    aggregate="record:{epoch}",
    retention="for ever",
)

TILES = Table(
    name="record_tiles",
    row=TileRow,
    question="What are the hashes of this tile?",
    partition=("epoch", "level", "tile_index"),
    aggregate="record:{epoch}",
    retention="for ever",
    wide=True,
)

SALTS = Table(
    name="record_salts",
    row=SaltRow,
    question="What opens the commitments of this entry?",
    partition=("key",),
    aggregate="{aggregate}",
    subject=("subject_id",),
    retention="until the subject is erased",
)

TABLES = (HEADS, ENTRIES, ENTRY_KEYS, TILES, SALTS)
