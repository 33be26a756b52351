"""From the data of an older program to this one's, and back: a backup before every step.

All steps are one transaction, so a process that is killed leaves the old data or the new, and both
are usable by the program they belong to. Going back puts a copy in place by one rename; what was
there is kept beside it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from venire import __version__
from venire.kernel.chance import Chance, SystemChance
from venire.kernel.clock import Clock, SystemClock, iso_ms
from venire.kernel.errors import Conflict, NotFound, Problem, Unavailable
from venire.record.fsck import check_record
from venire.server import backups
from venire.server.backups import Note, quiet
from venire.server.settings import Settings
from venire.storage.engines.sqlite_upkeep import (
    FACTS,
    REBUILT,
    SIDES,
    Marks,
    alone,
    bring_forward,
    marks_of,
    settle,
    sync,
)
from venire.storage.migrations import MIGRATIONS, Migration, pending
from venire.storage.tables.every import ALL
from venire.storage.verbs import Table

_log = logging.getLogger(__name__)
_RETURNING: Final = ".returning-"


class Plan(msgspec.Struct, frozen=True):
    """What an upgrade would do. `needed` and `free` are bytes."""

    data: str
    found: int
    known: int
    steps: tuple[str, ...]
    needed: int
    free: int


class Done(msgspec.Struct, frozen=True):
    """What an upgrade did. `record`: entries of the public record, recomputed after it."""

    data: str
    found: int
    version: int
    steps: tuple[str, ...]
    backup: str | None
    removed: tuple[str, ...]
    record: int | None


class Back(msgspec.Struct, frozen=True):
    """What going back did, or would do. `lost` counts commits since the backup, and entries."""

    data: str
    backup: str
    program: str
    version: int
    lost_commits: int
    lost_entries: int
    aside: str | None


def plan(data: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> Plan:
    """What stands between the data and this program.

    NotFound `site_not_there`; Unavailable `data_is_newer`, `data_damaged`.
    """
    marks = _marks(data)
    steps = pending(marks.version, migrations)
    return Plan(
        data=str(data),
        found=marks.version,
        known=1 + len(migrations),
        steps=tuple(f"{step.version}: {step.name}" for step in steps),
        needed=backups.needed_bytes(marks) if steps else 0,
        free=shutil.disk_usage(data).free,
    )


def _marks(data: Path) -> Marks:
    marks = marks_of(data / FACTS)
    if marks is None:
        raise NotFound("site_not_there", f"there is no site in {data}: name its folder with --data")
    return marks


def refuse_older(data: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Refuse data that has to be brought forward first. Unavailable `data_is_older`."""
    marks = marks_of(data / FACTS)
    if marks is not None and marks.version < 1 + len(migrations):
        raise Unavailable(
            "data_is_older",
            f"the data has schema version {marks.version}, this program needs"
            f" {1 + len(migrations)}: venire upgrade --data {data}",
            found=marks.version,
            known=1 + len(migrations),
        )


def upgrade(
    settings: Settings,
    *,
    note: Note = quiet,
    tables: Sequence[Table[Any]] = ALL,
    migrations: tuple[Migration, ...] = MIGRATIONS,
    whole: bool = True,
    clock: Clock | None = None,
    chance: Chance | None = None,
) -> Done:
    """Bring a data folder forward, after a backup; harmless where there is nothing to do.

    `whole`: recompute the record afterwards, as `venire fsck` does.
    Raises Unavailable `site_is_running`, `disk_full`, `upgrade_failed`, `record_not_sound`.
    """
    data = settings.folder
    now_ms = (clock or SystemClock()).now_ms()
    with alone(data):
        planned = plan(data, migrations)
        backup, removed = None, []
        if planned.steps:
            backup = backups.take(
                data,
                now_ms=now_ms,
                chance=chance or SystemChance(),
                reason="upgrade",
                note=note,
            )
            _step(data, tables, migrations, planned, note)
            removed = backups.prune(data, kept=settings.backups_kept, now_ms=now_ms)
    record = None
    if planned.steps and whole:
        note("Recomputing the public record")
        record = asyncio.run(_recompute(settings))
    return Done(
        data=str(data),
        found=planned.found,
        version=planned.known,
        steps=planned.steps,
        backup=None if backup is None else str(backup),
        removed=tuple(removed),
        record=record,
    )


def _step(
    data: Path,
    tables: Sequence[Table[Any]],
    migrations: tuple[Migration, ...],
    planned: Plan,
    note: Note,
) -> None:
    told = note(f"Taking {len(planned.steps)} steps to version {planned.known}")
    try:
        bring_forward(data, tables, migrations)
    except Exception as error:
        said = error.code if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
        raise Unavailable(
            "upgrade_failed",
            f"nothing was changed: the data has version {planned.found} still, and the program"
            " that wrote it can go on with it",
            reason=said,
            back=f"venire upgrade --back --data {data}",
        ) from error
    told(1, 1)


async def _recompute(settings: Settings) -> int:
    # The wiring opens a house, which refuses older data by what stands here.
    from venire.server.wiring import open_house

    async with open_house(settings) as house:
        report = await check_record(house.world, house.court.sequencer)
    if report["problems"]:
        raise Unavailable(
            "record_not_sound",
            f"{len(report['problems'])} problems were found in the record after the upgrade",
            first=report["problems"][0],
            back=f"venire upgrade --back --data {settings.folder}",
        )
    return int(report["entries"])


def upgrade_at_start(settings: Settings, note: Note = quiet) -> Done | None:
    """Before a site is served: bring older data forward where the operator lets that be done.

    Raises Unavailable `data_is_older` where not.
    """
    marks = marks_of(settings.folder / FACTS)
    if marks is None or marks.version >= 1 + len(MIGRATIONS):
        return None
    if not settings.auto_upgrade:
        refuse_older(settings.folder)
    _log.warning("upgrading", extra={"found": marks.version, "known": 1 + len(MIGRATIONS)})
    done = upgrade(settings, note=note)
    _log.warning("upgraded", extra={"version": done.version, "backup": done.backup})
    return done


def go_back(
    settings: Settings,
    *,
    name: str | None = None,
    discard: bool = False,
    only_look: bool = False,
    note: Note = quiet,
    clock: Clock | None = None,
    chance: Chance | None = None,
) -> Back:
    """Put the newest backup (or the one of this name) where the data is; that is kept beside it.

    `discard`: also where entries of the public record would be lost, which forks it.
    NotFound `backup_not_found`; Conflict `record_would_fork`; Unavailable `site_is_running`,
    `backup_damaged`, `disk_full`.
    """
    data = settings.folder
    with alone(data):
        backup = _chosen(data, name)
        known = backups.verify(backup, note)
        lost_commits, lost_entries = _lost(data, known)
        aside = None
        if lost_entries and not discard and not only_look:
            raise Conflict(
                "record_would_fork",
                f"the public record has {lost_entries} entries that are not in this backup: who"
                " saw them would find a second history. To go back all the same, after reading"
                " docs/keys.md: --discard-newer",
                backup=backup.name,
                lost_entries=lost_entries,
                lost_commits=lost_commits,
            )
        if not only_look:
            now_ms = (clock or SystemClock()).now_ms()
            aside = str(_put_back(data, backup, now_ms, chance or SystemChance()))
    return Back(
        data=str(data),
        backup=backup.name,
        program=known.program,
        version=known.version,
        lost_commits=lost_commits,
        lost_entries=lost_entries,
        aside=aside,
    )


def _chosen(data: Path, name: str | None) -> Path:
    found = backups.made(data)
    if name is not None:
        found = [path for path in found if path.name == name]
    if not found:
        raise NotFound("backup_not_found", f"there is no such backup in {data / backups.FOLDER}")
    return found[-1]


def _lost(data: Path, known: backups.Backup) -> tuple[int, int]:
    try:
        present = marks_of(data / FACTS)
    except Unavailable:
        # Damaged: whatever it held cannot be counted.
        return 0, 0
    if present is None:
        return 0, 0
    return max(0, present.journal - known.journal), max(0, present.record - known.record)


def _put_back(data: Path, backup: Path, now_ms: int, chance: Chance) -> Path:
    """Killed anywhere in here, the present data or the backup's is in place, whole."""
    present = data / FACTS
    room = backups.read(backup).pieces
    wanted = sum(piece.size for piece in room) + (64 << 20)
    free = shutil.disk_usage(data).free
    if free < wanted:
        raise Unavailable("disk_full", f"{wanted >> 20} MB are needed, {free >> 20} MB are free")
    for left in data.glob(f"{_RETURNING}*"):
        left.unlink()
    fresh = data / f"{_RETURNING}{chance.token(6).hex()}"
    shutil.copyfile(backup / FACTS, fresh)
    sync(fresh)
    aside = _aside(data, now_ms)
    settle(data)
    if present.exists():
        os.link(present, aside / FACTS)
    # What follows from the database goes first: made again for the present one, were we killed
    # here. Beside another database it would be wrong.
    for name in REBUILT:
        for side in ("", *SIDES):
            _move(data / f"{name}{side}", aside)
    for side in SIDES:
        _move(data / f"{FACTS}{side}", aside)
    sync(aside)
    fresh.replace(present)
    sync(data)
    return aside


def _aside(data: Path, now_ms: int) -> Path:
    stamp = iso_ms(now_ms)[:19].replace("-", "").replace(":", "")
    for number in range(1_000):
        name = f"aside-{stamp}Z" + (f"-{number}" if number else "")
        place = data / backups.FOLDER / name
        if not place.exists():
            place.mkdir(mode=0o700, parents=True)
            return place
    raise Unavailable("name_taken", "a thousand copies of one second: look at the clock")


def _move(path: Path, aside: Path) -> None:
    if path.exists():
        path.rename(aside / path.name)


def note_of(backup: Path) -> str:
    """One line about a backup."""
    known = backups.read(backup)
    size = sum(piece.size for piece in known.pieces)
    return (
        f"{backup.name}  version {known.version}, program {known.program}, {known.reason},"
        f" {size / (1 << 20):.1f} MB"
    )


def this_program() -> str:
    """Which program this is, and which data it knows."""
    return f"venire {__version__}, schema version {1 + len(MIGRATIONS)}"
