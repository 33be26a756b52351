"""Objects as files under one folder: `ab/abcdef…`, named by what is in them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path

import obstore
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
        if await self.get(key) is None:
            try:
                # Written beside and renamed, so nobody ever reads half of it.
                await obstore.put_async(self._store, _path(key), content)
                await asyncio.to_thread(self._sync, key)
            except OSError as error:
                raise Unavailable("objects_failing", "the disk refused a write") from error
        return key

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
        try:
            found = await obstore.get_async(self._store, _path(key))
            content = bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == key else None

    async def delete(self, key: str) -> None:
        """Forget the bytes of a key; harmless where there are none."""
        try:
            await obstore.delete_async(self._store, _path(key))
        except FileNotFoundError:
            return


def _path(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise Refused("object_key_invalid", "a key is a SHA-256 in lower-case hex")
    return f"{key[:2]}/{key}"
