"""A site from a folder that `venire snapshot` made: its files as they are, without its keys."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from venire.continuity.recovery import staging
from venire.continuity.recovery.restoring import Handed, full, settle
from venire.continuity.recovery.successor import RecordNow
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock, iso_ms
from venire.server import backups
from venire.server.backups import Note
from venire.storage.engines.sqlite_upkeep import bring_forward, sync
from venire.storage.tables.every import ALL


class FromBackup(msgspec.Struct, frozen=True, kw_only=True):
    """What there is now. `keys`: the files that have to be put under `keys/` first."""

    data: str
    backup: str
    made_at_ms: int
    sequence: int
    objects: int
    keys: tuple[str, ...]
    record: RecordNow


def restore_backup(backup: Path, data: Path, notes: Sequence[bytes], note: Note) -> FromBackup:
    """Put a local backup into a new folder.

    Conflict `folder_not_empty`; Unavailable `backup_damaged`, `disk_full`, `restore_running`;
    Invalid `record_key_missing` where `notes` tell of more of the record than the backup has.
    """
    known = backups.verify(backup, note)
    with staging.own_folder(data) as stage:
        earlier = staging.left_whole(stage)
        if earlier is not None:
            staging.put_in_place(stage)
            return msgspec.json.decode(earlier, type=FromBackup)
        staging.begin(stage)
        try:
            objects = _copy(backup, stage, known, note)
            bring_forward(stage, ALL)
            public = (stage / "record.pub").read_text(encoding="utf-8")
            handed = Handed(public=public, seed=None, notes=tuple(notes), after=None)
            record = asyncio.run(settle(stage, handed, SystemClock(), SystemChance()))
        except OSError as error:
            raise full(error, stage) from error
        done = FromBackup(
            data=str(data),
            backup=str(backup),
            made_at_ms=known.made_at_ms,
            sequence=known.journal,
            objects=objects,
            keys=known.keys,
            record=record,
        )
        staging.mark_whole(stage, msgspec.json.encode(done))
        staging.put_in_place(stage)
        return done


def _copy(backup: Path, stage: Path, known: backups.Backup, note: Note) -> int:
    told = note("Copying the backup")
    for piece in known.pieces:
        shutil.copyfile(backup / piece.name, stage / piece.name)
        (stage / piece.name).chmod(0o600)
        sync(stage / piece.name)
    objects = 0
    for store in backups.STORES:
        for file in sorted((backup / store).rglob("*")):
            if file.is_file():
                target = stage / file.relative_to(backup)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                objects += 1
                told(objects, known.objects or objects)
    return objects


def lines_of(done: FromBackup) -> str:
    """For a person."""
    return "\n".join(
        [
            f"restored   {done.backup} into {done.data}",
            f"through    commit {done.sequence}, {iso_ms(done.made_at_ms)}",
            f"record     {done.record.size} entries, {done.record.origin}",
            f"files      {done.objects}",
            f"missing    keys/{', keys/'.join(done.keys)}: put your copies there (docs/keys.md)",
            f"next       venire fsck --data {done.data}",
            f"           venire run --data {done.data}",
        ]
    )
