"""Where strangers' files are opened: a few places, and in each a child process for one file.

A child serves one file and ends: what a crafted one does to its decoder, no other picture sees. One
that dies or hangs is tried once more; after that it is the file's fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO, Final, Self, TypeVar

import msgspec

from venire.kernel.confinement import run_confined
from venire.kernel.errors import Throttled
from venire.kernel.ports import ObjectStore
from venire.posts.media import rules, tasks
from venire.posts.media.model import Drawn, Filmed
from venire.storage.world import World

_ATTEMPTS: Final = 2
_ANSWER_BYTES: Final = 64 * 1024
_RECEIVED_MOST: Final = 16
_RECEIVED_EACH: Final = 4
_ENCODERS: Final = ("libx264", "aac", "libmp3lame")
_READERS: Final = {"GIF": "gif", **{name: name for name in rules.FILM_FORMS}}

A = TypeVar("A", Drawn, Filmed)


class Films:
    """Where ffmpeg and ffprobe are."""

    def __init__(self, ffmpeg: str, ffprobe: str) -> None:
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe

    @classmethod
    async def find(cls) -> Self | None:
        """The programs on the PATH, if they can make what browsers play; else None."""
        ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
        if ffmpeg is None or ffprobe is None:
            return None
        with contextlib.suppress(OSError, TimeoutError):
            child = await asyncio.create_subprocess_exec(
                ffmpeg,
                "-hide_banner",
                "-encoders",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            async with asyncio.timeout(20):
                listed, _ = await child.communicate()
            named = {line.split()[1] for line in listed.decode().splitlines() if len(line) > 10}  # noqa: PLR2004 - its columns
            return cls(ffmpeg, ffprobe) if named.issuperset(_ENCODERS) else None
        return None


class Studio:
    """Opens files. One per process.

    Args:
        places: pictures that are decoded at once; films have one place of their own.
        films: ffmpeg, None where video and sound are refused.
        seconds: how long one picture, and one film, may take by the wall clock.

    """

    def __init__(
        self,
        places: int = 1,
        *,
        films: Films | None = None,
        seconds: tuple[float, float] = (40.0, 1_500.0),
    ) -> None:
        self.films = films
        self._pictures = asyncio.Semaphore(max(1, places))
        self._looks = asyncio.Semaphore(max(1, places))
        self._conversions = asyncio.Semaphore(1)
        self._seconds = seconds
        self._received: dict[int, int] = {}

    @contextlib.contextmanager
    def receiving(self, account_id: int) -> Iterator[None]:
        """Hold one of the few places in which large bodies come in. Throttled `media_busy`."""
        mine = self._received.get(account_id, 0)
        if mine >= _RECEIVED_EACH or sum(self._received.values()) >= _RECEIVED_MOST:
            raise Throttled(
                "media_busy", "Too many files are being uploaded just now", retry_after_s=5
            )
        self._received[account_id] = mine + 1
        try:
            yield
        finally:
            left = self._received[account_id] - 1
            if left:
                self._received[account_id] = left
            else:
                del self._received[account_id]

    async def draw(self, file: BinaryIO, form: str, purpose: str, target: Target) -> Drawn:
        """Decode a picture; `purpose`: see `tasks`. Raises what `rules.fault` says."""
        task = tasks.PictureTask(
            purpose, form, target.original.fileno(), target.small.fileno(), self.films is not None
        )
        async with self._pictures:
            made = await self._run(tasks.PICTURE_WORKER, task, file, target)
        return _usable(made, Drawn)

    async def look(self, file: BinaryIO, form: str, target: Target) -> Filmed:
        """Find out what a film is, and take a picture from it. Raises what `rules.fault` says."""
        async with self._looks:
            return await self._film(tasks.LOOK, file, form, target)

    async def convert(self, file: BinaryIO, form: str, target: Target) -> Filmed:
        """Make of a film what every browser plays; it may take minutes. Raises the same."""
        async with self._conversions:
            return await self._film(tasks.CONVERT, file, form, target)

    async def _film(self, job: str, file: BinaryIO, form: str, target: Target) -> Filmed:
        if self.films is None or form not in _READERS:
            raise rules.fault("media_broken")
        task = tasks.FilmTask(
            job=job,
            reader=_READERS[form],
            ffmpeg=self.films.ffmpeg,
            ffprobe=self.films.ffprobe,
            original=target.original.fileno(),
            small=target.small.fileno(),
        )
        return _usable(await self._run(tasks.FILM_WORKER, task, file, target), Filmed)

    async def _run(
        self,
        module: str,
        task: tasks.PictureTask | tasks.FilmTask,
        file: BinaryIO,
        target: Target,
    ) -> bytes:
        """What a worker says; empty from one that was killed, by its limits or by somebody."""
        patient = isinstance(task, tasks.FilmTask) and task.job == tasks.CONVERT
        seconds = self._seconds[patient]
        for _ in range(_ATTEMPTS):
            target.clear()
            file.seek(0)
            try:
                said = await run_confined(
                    module,
                    [msgspec.json.encode(task).decode()],
                    given=file.fileno(),
                    seconds=seconds,
                    answer_bytes=_ANSWER_BYTES,
                    files=[target.original.fileno(), target.small.fileno()],
                )
            except TimeoutError:
                break
            if said:
                return said
        return b""


def _usable(said: bytes, answers: type[A]) -> A:
    try:
        made = msgspec.json.decode(said, type=answers)
    except msgspec.MsgspecError as error:
        raise rules.fault("media_broken") from error
    if made.error:
        raise rules.fault(made.error)
    return made


@dataclasses.dataclass(frozen=True)
class Tools:
    """What work on files needs. `objects` holds media alone: nothing else is kept by its uses."""

    world: World
    objects: ObjectStore
    studio: Studio


class Target:
    """Two nameless files on disk for a worker to write into: gone when the block ends."""

    def __init__(self, original: BinaryIO, small: BinaryIO) -> None:
        self.original = original
        self.small = small

    def clear(self) -> None:
        """Empty both."""
        for file in (self.original, self.small):
            os.ftruncate(file.fileno(), 0)
            file.seek(0)


@contextlib.contextmanager
def target() -> Iterator[Target]:
    """A `Target` while the block runs."""
    with tempfile.TemporaryFile() as original, tempfile.TemporaryFile() as small:
        yield Target(original, small)


@contextlib.asynccontextmanager
async def from_parts(parts: AsyncIterator[bytes]) -> AsyncIterator[BinaryIO]:
    """A nameless file with what comes in, while the block runs."""
    with tempfile.TemporaryFile() as file:
        async for part in parts:
            await asyncio.to_thread(file.write, part)
        file.flush()
        yield file
