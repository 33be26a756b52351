"""Copies of a site in a folder of their own: `DATA/backups/TIME-vN/`, whole or not there at all.

The database is copied while others write to it, checked by SQLite, and hashed. Files that follow
from it are made again. Secrets stay behind: `keys` only says which of them a restored site needs.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from venire import __version__
from venire.kernel.chance import Chance
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.errors import NotFound, Unavailable
from venire.storage.engines.sqlite_upkeep import (
    FACTS,
    Marks,
    Told,
    copy_file,
    faults_of,
    marks_of,
    saying_full,
    sync,
)

Reason = Literal["upgrade", "snapshot"]
FOLDER: Final = "backups"
MANIFEST: Final = "manifest.json"
STORES: Final = ("objects", "media")
"""Folders of files that are named by what is in them."""
KEPT_MS: Final = 30 * DAY_MS
"""What was erased is erased: no copy but the newest outlives this."""
_SPARE_BYTES = 64 << 20
_UNFINISHED = ".unfinished-"
_PIECE = 1 << 20


class Piece(msgspec.Struct, frozen=True):
    """A file of a backup."""

    name: str
    size: int
    sha256: str


class Backup(msgspec.Struct, frozen=True):
    """What a backup holds. `objects` counts the files of the stores, where they were copied."""

    made_at_ms: int
    program: str
    reason: Reason
    version: int
    journal: int
    record: int
    pieces: tuple[Piece, ...]
    keys: tuple[str, ...]
    objects: int | None = None


Note = Callable[[str], Told]
"""Begins a part of the work by its name; what it returns is told how far that has come."""


def quiet(_name: str) -> Told:
    """For those who show nothing."""
    return lambda _done, _total: None


def needed_bytes(marks: Marks) -> int:
    """Room that a backup of the database takes, with some to spare."""
    return marks.size + _SPARE_BYTES


def take(
    data: Path,
    *,
    now_ms: int,
    chance: Chance,
    reason: Reason,
    into: Path | None = None,
    objects: bool = False,
    note: Note = quiet,
) -> Path:
    """Make a backup, checked and on the disk; its folder.

    NotFound `site_not_there`; Unavailable `disk_full`, `copy_not_sound`, `data_damaged`.
    """
    marks = marks_of(data / FACTS)
    if marks is None:
        raise NotFound("site_not_there", f"there is no site in {data}")
    place = into or data / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    stored = list(_stored(data)) if objects else []
    _check_room(place, needed_bytes(marks) + sum(file.stat().st_size for file in stored))
    for left in place.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = place / f"{_UNFINISHED}{chance.token(6).hex()}"
    fresh.mkdir(mode=0o700)
    try:
        with saying_full(place):
            copy_file(data / FACTS, fresh / FACTS, note("Copying the database"))
            for plain in (data / "record.pub", *sorted(data.glob("*.toml"))):
                if plain.is_file():
                    shutil.copyfile(plain, fresh / plain.name)
            _copy_objects(data, fresh, stored, note)
            _write_manifest(data, fresh, now_ms, reason, len(stored) if objects else None)
            return _give_name(place, fresh, now_ms)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _check_room(place: Path, wanted: int) -> None:
    free = shutil.disk_usage(place).free
    if free < wanted:
        raise Unavailable(
            "disk_full",
            f"the backup needs {wanted >> 20} MB and {free >> 20} MB are free: make room first",
            place=str(place),
        )


def _stored(data: Path) -> Iterator[Path]:
    for store in STORES:
        yield from (path for path in sorted((data / store).rglob("*")) if path.is_file())


def _copy_objects(data: Path, fresh: Path, stored: list[Path], note: Note) -> None:
    if not stored:
        return
    told = note("Copying files of posts and notices")
    for place, file in enumerate(stored, 1):
        target = fresh / file.relative_to(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        # One that lapsed meanwhile belongs to nobody any more.
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(file, target)
            sync(target)
        told(place, len(stored))


def _write_manifest(
    data: Path, fresh: Path, now_ms: int, reason: Reason, objects: int | None
) -> None:
    marks = marks_of(fresh / FACTS)
    if marks is None:
        raise Unavailable("copy_not_sound", "the copy holds no site")
    plain = [path for path in sorted(fresh.iterdir()) if path.suffix in {".db", ".pub", ".toml"}]
    keys = data / "keys"
    manifest = Backup(
        made_at_ms=now_ms,
        program=__version__,
        reason=reason,
        version=marks.version,
        journal=marks.journal,
        record=marks.record,
        pieces=tuple(_piece(path) for path in plain),
        keys=tuple(sorted(path.name for path in keys.iterdir())) if keys.is_dir() else (),
        objects=objects,
    )
    for path in plain:
        sync(path)
    (fresh / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    sync(fresh / MANIFEST)
    sync(fresh)


def _piece(path: Path) -> Piece:
    return Piece(path.name, path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_PIECE):
            digest.update(part)
    return digest.hexdigest()


def _give_name(place: Path, fresh: Path, now_ms: int) -> Path:
    version = read(fresh).version
    stamp = iso_ms(now_ms)[:19].replace("-", "").replace(":", "")
    for number in range(1_000):
        name = f"{stamp}Z-v{version}" + (f"-{number}" if number else "")
        target = place / name
        if not target.exists():
            fresh.rename(target)
            sync(place)
            return target
    raise Unavailable("name_taken", "a thousand backups of one second: look at the clock")


def read(backup: Path) -> Backup:
    """What a backup says of itself. Unavailable `backup_damaged`."""
    try:
        return msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Backup)
    except (OSError, msgspec.DecodeError) as error:
        raise Unavailable(
            "backup_damaged", "its manifest cannot be read: use another one", backup=str(backup)
        ) from error


def verify(backup: Path, note: Note = quiet) -> Backup:
    """Check every file of a backup against its manifest. Unavailable `backup_damaged`."""
    known = read(backup)
    told = note("Checking the backup")
    for place, piece in enumerate(known.pieces, 1):
        path = backup / piece.name
        good = path.is_file() and path.stat().st_size == piece.size
        if not good or _sha256(path) != piece.sha256:
            raise _damaged(backup, piece.name)
        told(place, len(known.pieces))
    if faults_of(backup / FACTS):
        raise _damaged(backup, FACTS)
    return known


def _damaged(backup: Path, name: str) -> Unavailable:
    return Unavailable(
        "backup_damaged",
        "a file is not as it was when it was copied: use another backup",
        backup=str(backup),
        file=name,
    )


def made(data: Path) -> list[Path]:
    """The backups of a site, oldest first."""
    found = [path.parent for path in (data / FOLDER).glob(f"*/{MANIFEST}")]
    whole = [path for path in found if not path.name.startswith(_UNFINISHED)]
    return sorted(whole, key=lambda path: (read(path).made_at_ms, path.name))


def prune(data: Path, *, kept: int, now_ms: int) -> list[str]:
    """Remove what upgrades left but the last `kept`, and what is over 30 days old; their names.

    The newest one stays, whatever its age.
    """
    own = [path for path in made(data) if read(path).reason == "upgrade"]
    old = [path for path in own[:-1] if read(path).made_at_ms < now_ms - KEPT_MS]
    gone = sorted({*own[:-kept], *old})
    for path in gone:
        shutil.rmtree(path)
    return [path.name for path in gone]
