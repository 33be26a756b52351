"""Objects in somebody's store, over obstore: S3, GCS, Azure, a folder, memory, all the same way.

Keys are `sha256/ab/cd/HEX`, written once. What the other side says is checked: a write by the size
that it has afterwards, a read by its hash. Whatever goes wrong there is a fault of
`kernel.vendors`; nothing of its texts goes further.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import ObjectStore as Opened

from venire.kernel.errors import Refused
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

if TYPE_CHECKING:
    from obstore import GetOptions

Found = Literal["held", "absent", "spoilt"]
"""What a look at an object says: there and whole, not there, or not what its name says."""
DEADLINE_S: Final = 30.0
SLOWEST: Final = 256 * 1024
"""Bytes in a second below which a transfer is given up."""
WHOLE_BYTES: Final = 256 * 1024 * 1024
"""What is read into memory at once; larger ones are read in parts."""
MOST_BYTES: Final = 16 * 1024**3
_ONCE_BYTES: Final = 8 * 1024 * 1024
"""Up to here an object is one request, which a store can refuse where it is there already."""
_PART_BYTES: Final = 4 * 1024 * 1024
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_PREFIX: Final = "sha256"
_PATH: Final = re.compile(r"sha256/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{64})")
_PAGE: Final = 1_000
_STATUS: Final = re.compile(r"status code: ([0-9]{3})\b")
_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_SLOW_DOWN: Final = frozenset({"SlowDown", "TooManyRequests", "ServerBusy", "RequestLimitExceeded"})
_SHUT: Final = frozenset(
    {
        "AccessDenied",
        "AccountDisabled",
        "AccountIsDisabled",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthenticationFailed",
        "InvalidAccessKeyId",
        "NotSignedUp",
        "SignatureDoesNotMatch",
    }
)
_FULL: Final = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})
_SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
"""Our clock or theirs is wrong: nobody has put us out (Amazon S3 API reference, "Error responses";
Azure Storage REST, "Status and error codes")."""
_NO_SPACE: Final = ("os error 28", "os error 122")


class Bucket:
    """`kernel.ports.ObjectStore` in one store, and what mirroring needs besides.

    Every method raises the faults of `kernel.vendors` for what the other side does or is, and
    Refused `object_key_invalid`. `deadline_s`: how long a call may take, besides what its bytes
    take at the slowest pace.
    """

    def __init__(self, opened: Opened, *, deadline_s: float = DEADLINE_S) -> None:
        self._opened = opened
        self._deadline_s = deadline_s

    async def put(self, content: bytes) -> str:
        """Keep bytes; those that are there already are left as they are."""
        key = hashlib.sha256(content).hexdigest()
        await self._write(key, content, len(content))
        return key

    async def put_file(self, file: BinaryIO) -> str:
        """Keep a file, a part at a time."""
        key = await asyncio.to_thread(_digest, file)
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise Rejected("too_large")
        file.seek(0)
        await self._write(key, file, size)
        return key

    async def _write(self, key: str, content: bytes | BinaryIO, size: int) -> None:
        path, small, whole = path_of(key), size <= _ONCE_BYTES, b""
        if not small and await self.size(key) == size:
            return
        async with self._watched(size):
            if small:
                whole = content if isinstance(content, bytes) else content.read()
                await self._once(path, whole)
            else:
                await obstore.put_async(
                    self._opened, path, content, chunk_size=_ONCE_BYTES, max_concurrency=2
                )
        if await self.size(key) == size:
            return
        if small:
            # There from before, and not what its name says: the bytes of a name are known.
            async with self._watched(size):
                await obstore.put_async(self._opened, path, whole, mode="overwrite")
            if await self.size(key) == size:
                return
        raise VendorUnavailable("write_not_kept")

    async def _once(self, path: str, whole: bytes) -> None:
        try:
            await obstore.put_async(self._opened, path, whole, mode="create")
        except AlreadyExistsError:
            return
        except NotSupportedError:
            await obstore.put_async(self._opened, path, whole, mode="overwrite")

    async def get(self, key: str) -> bytes | None:
        """The bytes of a key; None where there are none, or no longer the right ones."""
        path = path_of(key)
        size = await self.size(key)
        if size is None:
            return None
        if size > WHOLE_BYTES:
            raise Rejected("too_large")
        async with self._watched(size):
            try:
                found = await obstore.get_async(self._opened, path)
                if found.meta["size"] > WHOLE_BYTES:
                    return None
                content = bytes(await found.bytes_async())
            except FileNotFoundError:
                return None
        return content if hashlib.sha256(content).hexdigest() == key else None

    async def look(self, key: str) -> Found:
        """Read all of an object, and say whether it is what its name says."""
        size = await self.size(key)
        if size is None:
            return "absent"
        digest, at = hashlib.sha256(), 0
        while at < size:
            part = await self.read(key, at, _PART_BYTES)
            if not part:
                return "spoilt"
            await asyncio.to_thread(digest.update, part)
            at += len(part)
        return "held" if digest.hexdigest() == key else "spoilt"

    async def size(self, key: str) -> int | None:
        """How many bytes a key has."""
        path = path_of(key)
        async with self._watched(0):
            try:
                return int((await obstore.head_async(self._opened, path))["size"])
            except FileNotFoundError:
                return None

    async def read(self, key: str, start: int, length: int) -> bytes:
        """A part of the bytes of a key, unverified, `WHOLE_BYTES` at most."""
        length = min(length, WHOLE_BYTES)
        if length <= 0 or start < 0:
            return b""
        try:
            return await self._part(key, start, length)
        except VendorUnavailable as fault:
            if fault.said != "failing":
                raise
            # Some stores refuse a part that goes past the end.
            left = (await self.size(key) or 0) - start
            if left <= 0:
                return b""
            if left >= length:
                raise
            return await self._part(key, start, left)

    async def _part(self, key: str, start: int, length: int) -> bytes:
        asked: GetOptions = {"range": (start, start + length)}
        async with self._watched(length):
            try:
                found = await obstore.get_async(self._opened, path_of(key), options=asked)
                first, end = found.range
                if first != start or end - first > length:
                    raise VendorUnavailable("wrong_range")
                part = bytes(await found.bytes_async())
            except FileNotFoundError:
                return b""
        if len(part) > length:
            raise VendorUnavailable("wrong_range")
        return part

    async def delete(self, key: str) -> None:
        """Forget the bytes of a key; harmless where there are none."""
        async with self._watched(0):
            with contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(self._opened, path_of(key))

    async def replace_file(self, key: str, file: BinaryIO) -> None:
        """Put a file where other bytes stand under its key. `key` is the file's."""
        await self.delete(key)
        file.seek(0)
        await self._write(key, file, os.fstat(file.fileno()).st_size)

    async def keys(self, start: str) -> AsyncIterator[tuple[str, int]]:
        """Every key that begins with two characters, and its size; whatever else lies there not."""
        listing = aiter(
            obstore.list(self._opened, prefix=f"{_PREFIX}/{start[:2]}", chunk_size=_PAGE)
        )
        while True:
            async with self._watched(0):
                try:
                    page = await anext(listing)
                except (StopAsyncIteration, FileNotFoundError):
                    return
            for one in page:
                found = _PATH.fullmatch(one["path"])
                if found is not None and found[3].startswith(found[1] + found[2]):
                    yield found[3], int(one["size"])

    @contextlib.asynccontextmanager
    async def _watched(self, size: int) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline_s + size / SLOWEST):
                with _failing():
                    yield
        except TimeoutError as error:
            raise VendorUnavailable("timeout", in_doubt=True) from error


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, AlreadyExistsError, NotSupportedError, TimeoutError):
        raise
    except (PermissionDeniedError, UnauthenticatedError) as error:
        said = _fault(str(error))
        raise (said if said.said == "clock_skewed" else AccountClosed("forbidden")) from error
    except (BaseError, OSError) as error:
        raise _fault(str(error)) from error


def _fault(text: str) -> VendorFault:
    """The class of a fault, by what obstore's text holds of the other side's answer."""
    found, named = _STATUS.search(text), _CODE.search(text)
    status, code = int(found[1]) if found else 0, named[1] if named else ""
    if code in _SKEWED:
        return VendorUnavailable("clock_skewed")
    if code in _FULL or status == HTTPStatus.INSUFFICIENT_STORAGE:
        return VendorUnavailable("full")
    if any(each in text for each in _NO_SPACE):
        return VendorUnavailable("full")
    if code in _SHUT or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AccountClosed("forbidden")
    if code in _SLOW_DOWN or status == HTTPStatus.TOO_MANY_REQUESTS:
        return VendorThrottled("slow_down")
    return VendorUnavailable("failing", in_doubt=True)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def path_of(key: str) -> str:
    """Where a key lies in its store. Refused `object_key_invalid`."""
    if _KEY.fullmatch(key) is None:
        raise Refused("object_key_invalid", "a key is a SHA-256 in lower-case hex")
    return f"{_PREFIX}/{key[:2]}/{key[2:4]}/{key}"
