"""Objects as files under one folder: `ab/abcdef…`, named by what is in them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from venire.kernel.errors import Refused, Unavailable

_KEY = re.compile(r"[0-9a-f]{64}")


class LocalObjects:
    """`kernel.ports.ObjectStore` in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = LocalStore(str(folder), mkdir=True)

    async def put(self, content: bytes) -> str:
        """Keep bytes, durably; the same bytes are kept once."""
        key = hashlib.sha256(content).hexdigest()
        with _failing():
            if await self.get(key) is None:
                # Written beside and renamed, so nobody ever reads half of it.
                await obstore.put_async(self._store, _path(key), content)
                await asyncio.to_thread(self._sync, key)
        return key

    async def put_file(self, file: BinaryIO) -> str:
        """Keep a file, durably, a piece at a time."""
        key = await asyncio.to_thread(_digest, file)
        size = os.fstat(file.fileno()).st_size
        with _failing():
            if await self.size(key) != size or await asyncio.to_thread(self._spoilt, key):
                file.seek(0)
                await obstore.put_async(self._store, _path(key), file)
                await asyncio.to_thread(self._sync, key)
        return key

    def _spoilt(self, key: str) -> bool:
        with (self._folder / _path(key)).open("rb") as file:
            return _digest(file) != key

    def _sync(self, key: str) -> None:
        """Bring file and name to the disk: what is acknowledged survives a loss of power."""
        file = self._folder / _path(key)
        for path in (file, file.parent, self._folder):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    async def get(self, key: str) -> bytes | None:
        """The bytes of a key; None where there are none, or no longer the right ones."""
        with _failing():
            try:
                found = await obstore.get_async(self._store, _path(key))
                content = bytes(await found.bytes_async())
            except FileNotFoundError:
                return None
        return content if hashlib.sha256(content).hexdigest() == key else None

    async def size(self, key: str) -> int | None:
        """How many bytes a key has."""
        with _failing():
            try:
                return int((await obstore.head_async(self._store, _path(key)))["size"])
            except FileNotFoundError:
                return None

    async def read(self, key: str, start: int, length: int) -> bytes:
        """A part of the bytes of a key."""
        length = min(length, (await self.size(key) or 0) - start)
        if length <= 0:
            return b""
        with _failing():
            try:
                part = await obstore.get_range_async(
                    self._store, _path(key), start=start, length=length
                )
            except FileNotFoundError:
                return b""
        return bytes(part)

    async def delete(self, key: str) -> None:
        """Forget the bytes of a key; harmless where there are none."""
        with _failing():
            try:
                await obstore.delete_async(self._store, _path(key))
            except FileNotFoundError:
                return

    async def keys(self) -> AsyncIterator[tuple[str, int]]:
        """Every key, and how many bytes it has, in no promised order."""
        for place in sorted(await asyncio.to_thread(_entries, self._folder)):
            for path in await asyncio.to_thread(_entries, place):
                if _KEY.fullmatch(path.name):
                    size = await self.size(path.name)
                    if size is not None:
                        yield path.name, size


def _entries(folder: Path) -> list[Path]:
    with _failing():
        return [*folder.iterdir()] if folder.is_dir() else []


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Say of a disk that fails no more than that it does."""
    try:
        yield
    except (OSError, BaseError) as error:
        raise Unavailable("objects_failing", "the disk refused a read or a write") from error


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _path(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise Refused("object_key_invalid", "a key is a SHA-256 in lower-case hex")
    return f"{key[:2]}/{key}"
