"""The folder that a restore fills: its own until everything is there, then put in place.

What is being made lies in `.restoring`; a mark in it says when it is whole. Killed before the mark,
the next run begins again; after it, the next run only finishes moving. The data file comes last:
while it is not there, there is no site.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from venire.continuity.recovery.fetching import check_name
from venire.kernel.errors import Conflict, Unavailable
from venire.storage.engines.sqlite_upkeep import FACTS, REBUILT, sync

STAGE: Final = ".restoring"
LOCK: Final = "restore.lock"
_READY: Final = "ready.json"
_OURS: Final = frozenset({STAGE, LOCK})


@contextlib.contextmanager
def own_folder(data: Path) -> Iterator[Path]:
    """Hold a folder that is empty, or holds what an earlier restore left; the stage in it.

    Conflict `folder_not_empty`; Unavailable `restore_running`.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = {path.name for path in data.iterdir()}
    if there - _OURS and STAGE not in there:
        raise Conflict(
            "folder_not_empty",
            f"{data} is not empty: a site is restored into a new folder, name one with --data",
            found=sorted(there - _OURS)[:5],
        )
    data.chmod(0o700)
    with (data / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(
                "restore_running", f"another restore into {data} is under way"
            ) from error
        yield data / STAGE
        (data / LOCK).unlink(missing_ok=True)


def left_whole(stage: Path) -> bytes | None:
    """The report of an earlier run that was whole and not moved; None where there is none."""
    try:
        return (stage / _READY).read_bytes()
    except OSError:
        return None


def begin(stage: Path) -> bool:
    """An empty stage; whether something of an earlier run was thrown away."""
    left = stage.exists()
    if left:
        shutil.rmtree(stage)
    stage.mkdir(mode=0o700)
    return left


def write_files(stage: Path, files: Mapping[str, bytes]) -> None:
    """Write what came beside the data: each readable by its owner alone, on the disk."""
    for name, content in sorted(files.items()):
        check_name(name)
        path = stage / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync(stage)


def mark_whole(stage: Path, report: bytes) -> None:
    """From here on the next run only moves."""
    fresh = stage / f".{_READY}"
    fresh.write_bytes(report)
    sync(fresh)
    fresh.rename(stage / _READY)
    sync(stage)


def put_in_place(stage: Path) -> None:
    """Move everything to where it belongs, the data file last; may be done again."""
    data = stage.parent
    for path in sorted(stage.iterdir()):
        if path.name in {FACTS, _READY, *REBUILT}:
            continue
        if path.is_dir():
            (data / path.name).mkdir(mode=0o700, exist_ok=True)
            for inner in sorted(path.iterdir()):
                inner.rename(data / path.name / inner.name)
            sync(data / path.name)
        elif path.suffix not in {".lock", ""} and not path.name.endswith(("-wal", "-shm")):
            path.rename(data / path.name)
    sync(data)
    if (stage / FACTS).exists():
        (stage / FACTS).rename(data / FACTS)
    sync(data)
    shutil.rmtree(stage)
