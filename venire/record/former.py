"""Records that ended when a restore had to begin another one: still read, never added to.

What a record's successor says of it in its first entry decides what may be said in its name. Where
it only lost its end, what is left is the beginning that everybody has seen, and its head is signed
as it was before. Where it was another one than somebody has seen, signing it would make two
histories of one name: entries and tiles are there to be compared, and no checkpoint.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from venire.kernel.errors import NotFound
from venire.record import store
from venire.record.actions import Sequencer
from venire.record.entry import decode_entry
from venire.storage.world import World


class FormerRecord(msgspec.Struct, frozen=True):
    """`kept`: the entries that are here; `seen`: the size of the last checkpoint known of it."""

    epoch: int
    log: Sequencer
    kept: int
    seen: int
    ended: Literal["behind", "forked"]

    async def checkpoint(self) -> bytes:
        """The signed head of what is left. NotFound `checkpoint_not_signed` of one that forked."""
        if self.ended == "forked":
            raise NotFound(
                "checkpoint_not_signed", "this record is another one than its readers have seen"
            )
        return await self.log.checkpoint()


async def former_record(world: World, now: Sequencer, epoch: int) -> FormerRecord:
    """The record of an epoch that is over. NotFound `record_not_found`."""
    rows = []
    if 0 <= epoch < now.epoch:
        rows = await store.bundle(world.storage, epoch + 1, 0, 1)
    header = decode_entry(rows[0].entry).header if rows else {}
    if header.get("type") != "succession":
        raise NotFound("record_not_found", "no record of this site ended with that number")
    kept, seen = int(str(header["kept"])), int(str(header["size"]))
    log = Sequencer(world, now.signer.named(name_of(now.origin, now.epoch, epoch)), epoch=epoch)
    return FormerRecord(epoch, log, kept, seen, "behind" if seen > kept else "forked")


async def former_records(world: World, now: Sequencer) -> list[FormerRecord]:
    """All of them, the first one first."""
    return [await former_record(world, now, epoch) for epoch in range(now.epoch)]


def name_of(origin: str, epoch: int, wanted: int) -> str:
    """What the record of another epoch is called, by the name of this one's: `ORIGIN/1`."""
    base = origin.removesuffix(f"/{epoch}") if epoch else origin
    return f"{base}/{wanted}" if wanted else base
