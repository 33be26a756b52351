"""The files that come with a notice, from a folder or from an upload. No name leads outside."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from venire.notices.model import MAX_SCREENSHOT_BYTES, SourceFile, UnreadableCode
from venire.notices.rules import is_plain_name, same_name


class Files(Protocol):
    """What an item's `screenshot` is looked up in."""

    def look(self, name: str) -> SourceFile | UnreadableCode:
        """Return the file, or why there is none. Nothing is read yet."""


class PartFiles:
    """The files of an upload or a mail, by name; the first of two with one name counts."""

    def __init__(self, files: Iterable[SourceFile] = ()) -> None:
        self._files: dict[str, SourceFile] = {}
        for file in files:
            self._files.setdefault(same_name(file.name), file)

    def look(self, name: str) -> SourceFile | UnreadableCode:
        """See `Files.look`."""
        if not is_plain_name(name):
            return "path_outside"
        found = self._files.get(same_name(name))
        if found is None:
            return "missing_file"
        return found if found.size <= MAX_SCREENSHOT_BYTES else "too_large"


class FolderFiles:
    """The files directly in one folder. A link is outside, wherever it leads.

    A link could point at anything the server can read, and a picture of it would be shown to
    whoever handles the notice. Devices and pipes are refused: reading one may never end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def look(self, name: str) -> SourceFile | UnreadableCode:
        """See `Files.look`."""
        if not is_plain_name(name):
            return "path_outside"
        for form in ("NFC", "NFD"):
            found = self._entry(unicodedata.normalize(form, name.strip()))
            if found != "missing_file":
                return found
        return "missing_file"

    def head(self, name: str) -> SourceFile | None:
        """Like `look`, but a file that is too large is given, to be read up to the limit."""
        found = self.look(name)
        if isinstance(found, SourceFile):
            return found
        if found != "too_large":
            return None
        path = self._folder / same_name(name)
        return SourceFile(name, MAX_SCREENSHOT_BYTES + 1, lambda: _read_regular(path))

    def _entry(self, name: str) -> SourceFile | UnreadableCode:
        path = self._folder / name
        try:
            facts = os.lstat(path)
        except (OSError, ValueError):
            return "missing_file"
        if stat.S_ISLNK(facts.st_mode):
            return "path_outside"
        if not stat.S_ISREG(facts.st_mode):
            return "missing_file"
        if facts.st_size > MAX_SCREENSHOT_BYTES:
            return "too_large"
        return SourceFile(name, facts.st_size, lambda: _read_regular(path))


def _read_regular(path: Path) -> bytes:
    # The entry may have been swapped for a link or a pipe since it was looked at.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path.name} is no regular file")
        return opened.read(MAX_SCREENSHOT_BYTES + 1)


def memory_file(name: str, content: bytes) -> SourceFile:
    """A file whose bytes are at hand."""
    return SourceFile(name, len(content), lambda: content)
