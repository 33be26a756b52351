"""The files of an archive, ZIP or tar, refused as a whole for anything that no honest one has.

Nothing is ever written under a name that an archive chose. Runs in the child that opens archives.
"""

from __future__ import annotations

import codecs
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import msgspec

from venire.posts.moving.splitting import Unreadable

ENTRIES_MOST: Final = 100_000
DIRECTORY_BYTES: Final = 64 << 20
NAME_LENGTH: Final = 1_024
RATIO_MOST: Final = 100
"""Unpacked over packed, past the first 64 MiB; text packs ten times, a bomb a thousand."""
_FREE_BYTES: Final = 64 << 20
_PART: Final = 1 << 18
_ENDING: Final = 1 << 16
_PLAIN: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LOADED: Final = tuple(codecs.lookup(name) for name in ("cp437", "utf-8", "utf-8-sig", "iso8859-1"))
"""In which names are written: the child cannot open the files of a codec any more."""
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_END = struct.Struct("<4s4xHHI")
_END_64 = struct.Struct("<4s20xQQQ")

Reader = Callable[[], Iterator[bytes]]


class Entry(msgspec.Struct, frozen=True):
    """A file of an archive: its name, what it says its size is, and its bytes, read once."""

    name: str
    size: int
    read: Reader


class Meter:
    """How much has been unpacked, against what is allowed."""

    def __init__(self, packed: int, most: int) -> None:
        self._most = min(most, max(_FREE_BYTES, RATIO_MOST * packed))
        self._bomb = self._most < most
        self._seen = 0
        self._entries = 0

    def count(self, size: int) -> None:
        """Count bytes. Unreadable `archive_bomb`, `archive_too_large`."""
        self._seen += size
        self.check(self._seen)

    def check(self, size: int) -> None:
        """Refuse a sum that is too much. Raises as `count` does."""
        if size > self._most:
            raise Unreadable("archive_bomb" if self._bomb else "archive_too_large")

    def entry(self) -> None:
        """Count an entry. Unreadable `archive_too_many_files`."""
        self._entries += 1
        if self._entries > ENTRIES_MOST:
            raise Unreadable("archive_too_many_files")


def safe_name(name: str) -> str:
    """The name of an entry without `./`. Unreadable `archive_unsafe` where it leads elsewhere."""
    plain = name.replace("\\", "/")
    parts = plain.split("/")
    if (
        plain.startswith("/")
        or ".." in parts
        or "\x00" in plain
        or _DRIVE.match(plain)
        or len(plain) > NAME_LENGTH
    ):
        raise Unreadable("archive_unsafe")
    return "/".join(part for part in parts if part not in {"", "."})


def entries(source: BinaryIO, form: str, packed: int, most: int) -> Iterator[Entry]:
    """The files of an archive (`zip` or `tar`, that packed or not) in an order to read them in.

    Raises Unreadable: a code of `opening.FAULTS`.
    """
    meter = Meter(packed, most)
    try:
        yield from (_of_zip if form == "zip" else _of_tar)(source, meter)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        struct.error,
        zlib.error,
    ) as error:
        raise Unreadable("archive_broken") from error


def _of_zip(source: BinaryIO, meter: Meter) -> Iterator[Entry]:
    _check_directory(source)
    with zipfile.ZipFile(source) as opened:
        infos = opened.infolist()
        claimed = sum(info.file_size for info in infos)
        for info in infos:
            meter.entry()
            safe_name(info.filename)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise Unreadable("archive_unsafe")
            if info.flag_bits & 1:
                raise Unreadable("archive_encrypted")
            if info.compress_type not in _PLAIN:
                raise Unreadable("archive_unsupported")
        # What it says of itself first: most bombs do not even lie.
        meter.check(claimed)
        for info in sorted(infos, key=lambda one: _turn(one.filename)):
            if not info.is_dir():
                read = _zip_reader(opened, info, meter)
                yield Entry(safe_name(info.filename), info.file_size, read)


def _turn(name: str) -> int:
    """Who its actor is first, then what was said."""
    last = name.rsplit("/", 1)[-1]
    return {"actor.json": 0, "outbox.json": 1}.get(last, 2)


def _check_directory(source: BinaryIO) -> None:
    """Refuse a ZIP whose list of files would not fit in memory, before anything reads it."""
    end = source.seek(0, 2)
    source.seek(max(0, end - _ENDING - _END.size))
    tail = source.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END.size:
        raise Unreadable("archive_broken")
    _, _, count, size = _END.unpack_from(tail, at)
    locator = tail.rfind(b"PK\x06\x07", 0, at)
    if locator >= 0 and len(tail) >= locator + 16:
        source.seek(struct.unpack_from("<Q", tail, locator + 8)[0])
        mark, _, count, size = _END_64.unpack(source.read(_END_64.size))
        if mark != b"PK\x06\x06":
            raise Unreadable("archive_broken")
    if count > ENTRIES_MOST:
        raise Unreadable("archive_too_many_files")
    if size > DIRECTORY_BYTES:
        raise Unreadable("archive_too_many_files")
    source.seek(0)


def _zip_reader(opened: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Reader:
    def read() -> Iterator[bytes]:
        with opened.open(info) as file:
            while part := file.read(_PART):
                meter.count(len(part))
                yield part

    return read


def _of_tar(source: BinaryIO, meter: Meter) -> Iterator[Entry]:
    with tarfile.open(fileobj=source, mode="r|gz" if _packed(source) else "r|") as opened:
        while (member := opened.next()) is not None:
            # A stream goes one way: what it has passed need not be remembered.
            opened.members = []  # type: ignore[attr-defined]
            meter.entry()
            meter.count(member.size)
            name = safe_name(member.name)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise Unreadable("archive_unsafe")
            yield Entry(name, member.size, _tar_reader(opened, member))


def _packed(source: BinaryIO) -> bool:
    mark = source.read(2)
    source.seek(0)
    return mark == b"\x1f\x8b"


def _tar_reader(opened: tarfile.TarFile, member: tarfile.TarInfo) -> Reader:
    def read() -> Iterator[bytes]:
        file = opened.extractfile(member)
        while file is not None and (part := file.read(_PART)):
            yield part

    return read
