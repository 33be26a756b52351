"""Reading screenshots: a pool of child processes, each reading one picture at a time.

A child that dies or hangs is killed and replaced, and its picture tried once more; after that it
is the picture's fault. No child starts before the first picture, so that a site without notices
carries none, and idle ones are let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import Final, Literal, Self

import msgspec

from venire.kernel.confinement import child_environment
from venire.kernel.errors import Invalid, Refused, Unavailable
from venire.notices.images import Picture, decode
from venire.notices.model import ReadPicture
from venire.notices.ocr_worker import REQUEST, RESPONSE, Answer

EngineName = Literal["auto", "tesseract", "rapidocr"]

_ATTEMPTS: Final = 2
_MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
_READS_PER_CHILD: Final = 500
"""Then it is replaced: a leak in a library may cost a restart, never the machine's memory."""
_ANSWER: Final = msgspec.json.Decoder(Answer)


class _Lost(Exception):  # noqa: N818 - names what happened to the child
    """The child died, hung, or said what it may not."""


_FAULTS: Final = (
    _Lost,
    TimeoutError,
    OSError,
    asyncio.IncompleteReadError,
    msgspec.MsgspecError,
)


class _Child:
    """One reading process. Anything unexpected ends it; the next picture starts another."""

    def __init__(self, command: tuple[str, ...], start_seconds: float) -> None:
        self._command = command
        self._start_seconds = start_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._reads = 0
        self.engine = ""
        self.idle_since = 0.0

    async def read(self, picture: Picture, seconds: float) -> Answer:
        """Have one picture read. Raises _Lost, and Unavailable when no engine starts."""
        if self._reads >= _READS_PER_CHILD:
            await self.stop()
        try:
            process = self._process or await self._start()
            self._reads += 1
            async with asyncio.timeout(seconds):
                return await self._exchange(process, picture)
        except _FAULTS as error:
            await self.stop()
            raise _Lost from error
        except BaseException:
            # Given up half way: what it would say next belongs to no one.
            await self.stop()
            raise

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(),
            cwd="/",
            # A group of its own, so that killing it takes the engine it has called with it.
            start_new_session=True,
        )
        self._reads = 0
        try:
            async with asyncio.timeout(self._start_seconds):
                hello = await _answer(process)
        except _FAULTS as error:
            hello = Answer("", error=type(error).__name__)
        if hello.error:
            # No picture has been seen yet, so none can be at fault.
            raise Unavailable(
                "ocr_unavailable",
                "no engine to read screenshots with: install tesseract, or rapidocr",
                reason=hello.error,
            )
        self.engine = hello.engine
        return process

    async def _exchange(self, process: asyncio.subprocess.Process, picture: Picture) -> Answer:
        stdin = process.stdin
        if stdin is None:
            raise Refused("child_without_pipes", "it was started with pipes")
        stdin.write(REQUEST.pack(picture.width, picture.height))
        stdin.write(picture.pixels)
        await stdin.drain()
        return await _answer(process)

    async def stop(self) -> None:
        """Kill it with all it has started, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    @property
    def running(self) -> bool:
        """Whether it holds a process."""
        return self._process is not None


async def _answer(process: asyncio.subprocess.Process) -> Answer:
    stdout = process.stdout
    if stdout is None:
        raise Refused("child_without_pipes", "it was started with pipes")
    (size,) = RESPONSE.unpack(await stdout.readexactly(RESPONSE.size))
    if size > _MAX_ANSWER_BYTES:
        raise _Lost
    return _ANSWER.decode(await stdout.readexactly(size))


class OcrPool:
    """Reads screenshots. `async with OcrPool() as pool: read = await pool.read(content)`.

    Args:
        workers: children at most; each takes `threads` processors while it reads.
        engine: "auto" takes tesseract when it is on the PATH with its language data, else
            rapidocr, whose models are in its wheel. Neither uses the network.
        threads: by default the machine's processors, shared out among the workers.
        seconds_per_picture: after that a child counts as hung.
        start_seconds: how long a child may load its models.
        idle_seconds: after that an idle child is let go.

    """

    def __init__(
        self,
        workers: int = 2,
        *,
        engine: EngineName = "auto",
        threads: int | None = None,
        seconds_per_picture: float = 60.0,
        start_seconds: float = 60.0,
        idle_seconds: float = 120.0,
        command: tuple[str, ...] = (),
    ) -> None:
        each = threads or max(1, (os.cpu_count() or 1) // max(1, workers))
        self._command = command or (
            sys.executable, "-P", "-m", "venire.notices.ocr_worker", engine, str(each),
        )  # fmt: skip
        self._start_seconds = start_seconds
        self._seconds = seconds_per_picture
        self._idle_seconds = idle_seconds
        self._idle = [_Child(self._command, start_seconds) for _ in range(max(1, workers))]
        self._children = tuple(self._idle)
        self._free = asyncio.Semaphore(len(self._idle))
        self._reaper: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def engine(self) -> str:
        """The engine in use; empty before the first picture was read."""
        return next((child.engine for child in self._children if child.engine), "")

    @property
    def running(self) -> int:
        """How many children hold a process now."""
        return sum(child.running for child in self._children)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every child. A read in progress fails."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reaper
        for child in self._children:
            await child.stop()

    async def read(self, content: bytes) -> ReadPicture:
        """Read one screenshot.

        Args:
            content: the bytes of a picture as it was sent; see `images.decode`.

        Raises:
            Invalid: `too_large`, or `broken_image`: it cannot be decoded, or made the engine
                fail twice.
            Unavailable: `ocr_unavailable`, when no engine starts.

        """
        async with self._free:
            if self._closed:
                raise Unavailable("ocr_unavailable", "the pool is closed")
            # The one used last is warm; the others may come to rest.
            child = self._idle.pop()
            try:
                return await self._read(child, await decode(content))
            finally:
                child.idle_since = asyncio.get_running_loop().time()
                self._idle.append(child)
                self._watch()

    async def _read(self, child: _Child, picture: Picture) -> ReadPicture:
        for _ in range(_ATTEMPTS):
            try:
                answer = await child.read(picture, self._seconds)
            except _Lost:
                continue
            if answer.error:
                # The engine itself says no: asking again would give the same answer.
                break
            return ReadPicture(picture.width, picture.height, answer.lines, answer.engine)
        raise Invalid("broken_image", "the picture could not be read")

    def _watch(self) -> None:
        if not self._closed and (self._reaper is None or self._reaper.done()):
            self._reaper = asyncio.get_running_loop().create_task(self._let_go())

    async def _let_go(self) -> None:
        """Let idle children go, until none is left; each read sets this going again."""
        loop = asyncio.get_running_loop()
        while self.running:
            await asyncio.sleep(self._idle_seconds / 2)
            for child in tuple(self._idle):
                if child.running and loop.time() - child.idle_since >= self._idle_seconds:
                    await child.stop()
