"""The parts of a snapshot, brought into one file: fetched, opened and written side by side.

A part is believed when its bytes give its name under the key that lies in the sealed half of the
manifest: from whichever store it comes, and whatever that store says of it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hmac
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from pyrage.x25519 import Identity

from venire.continuity.journal.identities import proves, unseal
from venire.continuity.recovery import captured
from venire.continuity.recovery.manifests import PART_BYTES, Inner, Manifest, Part
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.errors import Invalid, Problem, Unavailable

_log = logging.getLogger(__name__)
_AT_ONCE: Final = 6
_FILES_BYTES: Final = 64 << 20
_FILE_MODE: Final = 0o600
_LONGEST_NAME: Final = 200

Told = Callable[[int, int], None]


class Damage(msgspec.Struct, frozen=True):
    """An object that was not as it should be, in one store; `code` says how."""

    store: str
    path: str
    code: str


def open_inner(manifest: Manifest, identities: Sequence[Identity]) -> Inner:
    """The sealed half of a manifest.

    Invalid `identity_wrong` where these keys are not among those it was written for,
    `manifest_damaged`.
    """
    if not any(proves(one, identities) for one in manifest.challenges.values()):
        mine = [str(one.to_public()) for one in identities]
        raise Invalid(
            "identity_wrong",
            "this backup was not encrypted to this key: look for the identity of one of its"
            " recipients (docs/continuity.md, Keys)",
            recipients=list(manifest.recipients),
            yours=mine,
        )
    try:
        return msgspec.msgpack.decode(unseal(manifest.inner, identities), type=Inner)
    except (Invalid, msgspec.DecodeError) as error:
        raise Invalid(
            "manifest_damaged", "its sealed half cannot be read", path=manifest.place
        ) from error


class Fetching:
    """One snapshot on its way into a folder; damage is collected, and mended from other stores."""

    def __init__(
        self,
        manifest: Manifest,
        inner: Inner,
        shelves: Sequence[Shelf],
        identities: Sequence[Identity],
    ) -> None:
        self._manifest = manifest
        self._inner = inner
        self._shelves = shelves
        self._identities = identities
        self.damages: list[Damage] = []

    async def data_file(self, target: Path, told: Told) -> None:
        """Write the data file of a physical snapshot, on the disk when this returns.

        Unavailable `part_lost` where no store has a part whole; OSError when the disk is full.
        """
        sizes = [part.size for part in self._manifest.parts]
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        try:
            # All of it at once: a disk that is too small says so now, not at the end.
            if sum(sizes):
                os.posix_fallocate(handle, 0, sum(sizes))
            await self._all_parts(handle, told)
            os.fsync(handle)
        finally:
            os.close(handle)

    async def _all_parts(self, handle: int, told: Told) -> None:
        parts = list(enumerate(self._manifest.parts))
        loop = asyncio.get_running_loop()
        done = 0
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE, "restore") as pool:

            async def work() -> None:
                nonlocal done
                while parts:
                    number, part = parts.pop(0)
                    content = await self._part(part, pool)
                    await loop.run_in_executor(
                        pool, os.pwrite, handle, content, number * PART_BYTES
                    )
                    done += 1
                    told(done, len(self._manifest.parts))

            tasks = [asyncio.create_task(work()) for _ in range(_AT_ONCE)]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _part(self, part: Part, pool: concurrent.futures.Executor) -> bytes:
        loop = asyncio.get_running_loop()
        wanted = PurePosixPath(part.path).name
        for shelf in self._shelves:
            try:
                sealed = await shelf.get(part.path)
                return await loop.run_in_executor(pool, self._opened, sealed, part.size, wanted)
            except Problem as problem:
                self.damages.append(Damage(shelf.name, part.path, problem.code))
        raise Unavailable(
            "part_lost",
            "no store has a part of the snapshot whole: give another SOURCE, or an earlier --until",
            path=part.path,
            snapshot=self._manifest.place,
        )

    def _opened(self, sealed: bytes, size: int, wanted: str) -> bytes:
        content = captured.unpack(unseal(sealed, self._identities), PART_BYTES)
        name = captured.name_of(content, self._inner.naming_key)
        if len(content) != size or not hmac.compare_digest(name, wanted):
            raise Unavailable("part_damaged", "it is not what was sent")
        return content

    async def files(self) -> dict[str, bytes]:
        """The files beside the data. Unavailable `part_lost`; Invalid `file_name_bad`."""
        part = self._manifest.files
        for shelf in self._shelves:
            try:
                content = unseal(await shelf.get(part.path), self._identities)
                packed = captured.unpack(content, _FILES_BYTES)
                found = msgspec.msgpack.decode(packed, type=dict[str, bytes])
            except (Problem, msgspec.DecodeError) as problem:
                code = problem.code if isinstance(problem, Problem) else "part_damaged"
                self.damages.append(Damage(shelf.name, part.path, code))
                continue
            for name in found:
                check_name(name)
            return found
        raise Unavailable(
            "part_lost",
            "no store has the keys and settings of this snapshot whole",
            path=part.path,
            snapshot=self._manifest.place,
        )


def check_name(name: str) -> None:
    """Refuse a name that leads out of the folder, or deeper than `keys/`. Invalid `file_name_bad`.

    Whoever holds a recipient's public key can seal a bundle: it is not ours because it opens.
    """
    parts = PurePosixPath(name).parts
    good = (
        len(name) <= _LONGEST_NAME
        and str(PurePosixPath(name)) == name
        and not any(part.startswith(".") or "\x00" in part for part in parts)
        and not name.startswith("/")
        and (
            (len(parts) == 1 and (name == "record.pub" or name.endswith(".toml")))
            or (len(parts) == 2 and parts[0] == "keys")  # noqa: PLR2004 - keys/NAME
        )
    )
    if not good:
        raise Invalid("file_name_bad", "the snapshot holds a file that no snapshot has", file=name)
