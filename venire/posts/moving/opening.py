"""Opening an archive in a child process, and the file of rows that comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from typing import BinaryIO, Final
from weakref import WeakKeyDictionary

import msgspec

from venire.kernel.confinement import run_confined
from venire.kernel.errors import Invalid, TooLarge
from venire.posts.moving import archive_worker
from venire.posts.moving.model import Opened

GIBIBYTE: Final = 1 << 30
ARCHIVE_BYTES: Final = GIBIBYTE
UNPACKED_BYTES: Final = 2 * GIBIBYTE
"""What a member may send. An operator at the machine may bring in larger ones."""
_FAULTS: Final[tuple[Invalid | TooLarge, ...]] = (
    Invalid("archive_bomb", "This archive unpacks to far more than it is"),
    Invalid("archive_broken", "This archive cannot be read"),
    Invalid("archive_encrypted", "This archive is encrypted"),
    Invalid("archive_item_too_large", "Something in this archive is too large"),
    Invalid("archive_too_deep", "Something in this archive is nested too deeply"),
    TooLarge("archive_too_large", "This archive is too large"),
    Invalid("archive_too_many_files", "This archive has too many files"),
    Invalid("archive_too_many_posts", "This archive has too many posts"),
    Invalid("archive_unsafe", "This archive holds links, devices or paths that lead out of it"),
    Invalid("archive_unsupported", "This archive is packed in a way that is not supported"),
    Invalid("archive_without_posts", "This archive has no outbox.json"),
)
FAULTS: Final = {one.code: one for one in _FAULTS}
"""Why an archive is refused; nothing of it has been kept then."""
_SECONDS: Final = 1_000.0
_ANSWER_BYTES: Final = 1 << 20
_MARKS: Final = {b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\x1f\x8b": "tar"}
_TAR_MARK: Final = (257, b"ustar")

# One at a time in a process: it costs a core for as long as it takes.
_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Bounds(msgspec.Struct, frozen=True):
    """How large an archive may be, packed and unpacked, in bytes."""

    packed: int = ARCHIVE_BYTES
    unpacked: int = UNPACKED_BYTES


_USUAL = Bounds()


def fault(code: str) -> Invalid | TooLarge:
    """The refusal of an archive."""
    known = FAULTS.get(code) or FAULTS["archive_broken"]
    return type(known)(known.code, known.hint)


def form_of(head: bytes) -> str | None:
    """What an archive is by its first 512 bytes: zip, tar (also packed by gzip), or neither."""
    for mark, form in _MARKS.items():
        if head.startswith(mark):
            return form
    at, mark = _TAR_MARK
    return "tar" if head[at : at + len(mark)] == mark else None


@contextlib.asynccontextmanager
async def open_archive(
    archive: BinaryIO, size: int, bounds: Bounds = _USUAL
) -> AsyncIterator[tuple[Opened, BinaryIO]]:
    """What an archive holds, and the file with it, while the block runs. Raises `fault`s."""
    if size > bounds.packed:
        raise fault("archive_too_large")
    archive.seek(0)
    form = form_of(await asyncio.to_thread(archive.read, 512))
    if form is None:
        raise fault("archive_broken")
    archive.seek(0)
    places = _PLACES.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1))
    async with places:
        with tempfile.TemporaryFile() as opened:
            with tempfile.TemporaryFile() as drafts:
                task = archive_worker.Task(
                    form, size, bounds.unpacked, opened.fileno(), drafts.fileno()
                )
                found = await _run(task, archive)
            if found.error or os.fstat(opened.fileno()).st_size != found.size:
                raise fault(found.error)
            yield found, opened


async def _run(task: archive_worker.Task, archive: BinaryIO) -> Opened:
    try:
        said = await run_confined(
            archive_worker.__name__,
            [msgspec.json.encode(task).decode()],
            given=archive.fileno(),
            seconds=_SECONDS,
            answer_bytes=_ANSWER_BYTES,
            files=[task.opened, task.drafts],
        )
        return msgspec.json.decode(said, type=Opened)
    except (TimeoutError, msgspec.MsgspecError):
        return Opened(error="archive_broken")
