"""A record that was restored short of what somebody has seen: it ends, and a new one begins.

Going on would sign a second history for the same size. So the log gets another name, and the first
thing that the new one says is what it knows of the old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from venire.kernel.errors import Invalid
from venire.record import store, tree
from venire.record.actions import Sequencer, newest_epoch
from venire.record.checkpoint import open_checkpoint
from venire.record.entry import encode_entry
from venire.record.former import name_of
from venire.record.headers import hour_of
from venire.record.model import TILE_WIDTH, Checkpoint
from venire.record.note import Signer, VerifierKey, parse_verifier_key
from venire.storage.verbs import Storage
from venire.storage.world import World

_RULES: Final = "restored"


class RecordNow(msgspec.Struct, frozen=True, kw_only=True):
    """The record after a restore. `seen` is the size of the newest checkpoint that is known.

    `why` is empty where the old record goes on, else `behind` or `forked`.
    """

    origin: str
    epoch: int
    size: int
    seen: int
    why: str = ""
    public: str = ""


class Seen(msgspec.Struct, frozen=True):
    """A checkpoint that was seen somewhere, its signature checked."""

    checkpoint: Checkpoint
    note: bytes


def newest_seen(notes: Sequence[bytes], verifier: VerifierKey) -> Seen | None:
    """The largest of the checkpoints that this record's key signed."""
    found: list[Seen] = []
    for note in notes:
        try:
            found.append(Seen(open_checkpoint(note, verifier), note))
        except Invalid:
            # Of an earlier epoch, or of nobody: it binds nothing.
            continue
    return max(found, key=lambda one: one.checkpoint.size, default=None)


async def root_at(storage: Storage, epoch: int, size: int) -> bytes:
    """The root that a log had when it was so long, from its entries."""
    frontier = tree.EMPTY
    for bundle in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - bundle * TILE_WIDTH)
        rows = await store.bundle(storage, epoch, bundle, width)
        frontier = tree.extend(frontier, [tree.leaf_hash(row.entry) for row in rows])
    return tree.root(frontier)


async def settle(
    world: World, public: str, seed: bytes | None, notes: Sequence[bytes]
) -> RecordNow:
    """Look whether the record may go on; begin its successor where it may not.

    `public`: the line of record.pub; `notes`: signed checkpoints from anywhere. Without the `seed`
    of the record's key nothing can be begun: Invalid `record_key_missing`.
    """
    verifier = parse_verifier_key(public)
    epoch = await newest_epoch(world.storage)
    head = await store.head(world.storage, epoch)
    size = 0 if head is None else head.size
    seen = newest_seen(notes, verifier)
    if seen is None:
        return RecordNow(origin=verifier.name, epoch=epoch, size=size, seen=0)
    known = seen.checkpoint
    why = "behind" if known.size > size else ""
    if not why and known.root != await root_at(world.storage, epoch, known.size):
        why = "forked"
    if not why:
        return RecordNow(origin=verifier.name, epoch=epoch, size=size, seen=known.size)
    if seed is None:
        raise Invalid(
            "record_key_missing",
            "a checkpoint of the record was seen that this backup does not reach, and without"
            " keys/record.key no successor can be begun",
            seen=known.size,
            restored=size,
        )
    signer = Signer(name_of(verifier.name, epoch, epoch + 1), seed)
    return await _begin(world, signer, seen, size)


async def _begin(world: World, signer: Signer, seen: Seen, kept: int) -> RecordNow:
    epoch = await newest_epoch(world.storage) + 1
    sequencer = Sequencer(world, signer, epoch=epoch)
    header = {
        "type": "succession",
        "hour": hour_of(world.now_ms()),
        "rules": _RULES,
        "epoch": epoch,
        "size": seen.checkpoint.size,
        "root": seen.checkpoint.root.hex(),
        "before": hashlib.sha256(seen.note).hexdigest(),
        "kept": kept,
    }
    sequencer.start()
    try:
        await sequencer.append(f"succession:{epoch}", encode_entry(header, {}))
    finally:
        await sequencer.stop()
    known = seen.checkpoint.size
    return RecordNow(
        origin=signer.verifier.name,
        epoch=epoch,
        size=1,
        seen=known,
        why="behind" if known > kept else "forked",
        public=f"{signer.verifier}\n",
    )
