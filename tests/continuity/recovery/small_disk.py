"""A disk of a few megabytes, where this machine lets us mount one: a real one, that gets full."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

MB = 1 << 20


class Disk:
    """`place`: where it is mounted."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return shutil.disk_usage(self.place).free

    def fill(self, leaving: int = 0) -> None:
        """Take all room but so many bytes."""
        with self._ballast.open("ab") as file:
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, max(1, self.free - leaving))
            while not leaving:
                # To the last block: what is free is a little more than what can be asked for.
                try:
                    file.seek(0, os.SEEK_END)
                    file.write(b"x" * 1024)
                    file.flush()
                except OSError:
                    # Its buffer still holds what did not fit, and would fail again at the end.
                    with contextlib.suppress(OSError):
                        file.close()
                    return

    def empty(self) -> None:
        """Give back what was taken."""
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def mounted(folder: Path, size: int) -> Iterator[Disk]:
    """A filesystem of so many bytes below `folder`; skips the test where none can be had."""
    place = folder / "small"
    place.mkdir()
    how = next((one for one in (_ext4, _tmpfs) if one(folder, place, size)), None)
    if how is None:
        pytest.skip("no small disk here: mounting takes root, and mkfs.ext4 or tmpfs")
    try:
        yield Disk(place)
    finally:
        _run("umount", "--lazy", str(place))


def _ext4(folder: Path, place: Path, size: int) -> bool:
    image = folder / "small.img"
    with image.open("wb") as file:
        file.truncate(size)
    made = _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    return made and _run("mount", "-o", "loop", str(image), str(place))


def _tmpfs(_folder: Path, place: Path, size: int) -> bool:
    return _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))


def _run(*command: str) -> bool:
    if os.geteuid() != 0 or shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
