"""Objects by name in a bucket or a folder, through obstore: S3 and its likes, GCS, Azure, a disk.

Sources: Amazon S3 API reference (PutObject, If-None-Match; error responses), Google Cloud Storage
XML API, Azure Blob Storage REST API, obstore documentation (Errors; Retries).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec
import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store

from venire.kernel.errors import Conflict, Invalid, Refused, TooLarge
from venire.kernel.ports import NamedObject
from venire.kernel.vendors import AccountClosed, VendorUnavailable, fault_of_status

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_STATUS = re.compile(r"\b(?:status|error|code)\b\D{0,20}\b([45]\d\d)\b", re.IGNORECASE)
_PAGE: Final = 1_000
_CALL: Final = dt.timedelta(seconds=60)
_CONNECT: Final = dt.timedelta(seconds=5)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a store is and what it knows us by. Never printed: `secret` is one.

    `url` is s3://bucket/prefix, gs://, az:// (container) or file:///folder; `key_id` the access
    key, or the account of Azure; `secret` the secret key, or a service account's JSON.
    """

    url: str
    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    secret: str = ""
    allow_http: bool = False

    def __repr__(self) -> str:
        return f"Place({self.url!r})"


class NamedStore:
    """`kernel.ports.NamedObjects` on any store that obstore speaks to."""

    def __init__(self, store: Any, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    @property
    def opened(self) -> Any:
        """The store of obstore: what `bucket.Bucket` is made over."""
        return self._store

    async def put(self, name: str, content: bytes, *, create: bool = False) -> None:
        """See `NamedObjects.put`."""
        mode: Literal["create", "overwrite"] = "create" if create else "overwrite"
        with self._failing():
            try:
                # In one piece: several would be there one by one, and need clearing away.
                await obstore.put_async(
                    self._store, _checked(name), content, mode=mode, use_multipart=False
                )
            except (AlreadyExistsError, PreconditionError) as error:
                raise Conflict("object_exists", "this name is taken", name=name) from error
            if self._folder is not None:
                await asyncio.to_thread(self._sync, name)

    def _sync(self, name: str) -> None:
        """Bring a file and its names to the disk: what is counted on survives a loss of power."""
        path = Path(os.fspath(self._folder or ""), name)
        for one in (path, *list(path.parents)[: name.count("/") + 1]):
            handle = os.open(one, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    async def get(self, name: str, most: int) -> bytes | None:
        """See `NamedObjects.get`."""
        with self._failing():
            try:
                found = await obstore.get_async(self._store, _checked(name))
                if found.meta["size"] > most:
                    raise TooLarge("object_too_large", name=name, limit=most)
                return bytes(await found.bytes_async())
            except (NotFoundError, FileNotFoundError):
                return None

    async def read(self, name: str, length: int) -> bytes | None:
        """See `NamedObjects.read`."""
        size = await self.size(name)
        if not size:
            # Of nothing at all no part can be asked for.
            return None if size is None else b""
        with self._failing():
            try:
                found = await obstore.get_async(
                    self._store, _checked(name), options={"range": (0, length)}
                )
                return bytes(await found.bytes_async())
            except (NotFoundError, FileNotFoundError):
                return None

    async def size(self, name: str) -> int | None:
        """See `NamedObjects.size`."""
        checked = _checked(name)
        with self._failing():
            try:
                if self._folder is not None:
                    return await asyncio.to_thread(_size_of, self._folder / checked)
                return int((await obstore.head_async(self._store, checked))["size"])
            except (NotFoundError, FileNotFoundError, NotADirectoryError):
                return None

    async def listing(self, prefix: str, after: str = "") -> list[NamedObject]:
        """See `NamedObjects.listing`."""
        offset = after or None
        found: list[NamedObject] = []
        with self._failing():
            try:
                stream = obstore.list(
                    self._store, prefix.rstrip("/"), offset=offset, chunk_size=_PAGE
                )
                async for page in stream:
                    found += [
                        NamedObject(
                            one["path"],
                            one["size"],
                            int(one["last_modified"].timestamp() * 1000),
                        )
                        for one in page
                    ]
            except (NotFoundError, FileNotFoundError):
                return []
        return sorted(found, key=lambda one: one.name)

    async def delete(self, names: Sequence[str]) -> None:
        """See `NamedObjects.delete`."""
        for start in range(0, len(names), _PAGE):
            part = [_checked(name) for name in names[start : start + _PAGE]]
            with self._failing():
                try:
                    await obstore.delete_async(self._store, part)
                except (NotFoundError, FileNotFoundError):
                    await self._delete_each(part)

    async def _delete_each(self, names: Sequence[str]) -> None:
        """Where one of many was gone already, some stores leave the rest."""
        for name in names:
            with contextlib.suppress(NotFoundError, FileNotFoundError):
                await obstore.delete_async(self._store, name)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Say of what the other side did no more than its kind: its texts hold names and keys."""
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            if self._folder is not None:
                raise VendorUnavailable("folder_refused") from error
            raise AccountClosed("access_refused") from error
        except (BaseError, OSError) as error:
            if self._folder is not None:
                raise VendorUnavailable("folder_failing") from error
            status = _STATUS.search(str(error))
            if status is not None:
                raise fault_of_status(int(status[1])) from error
            raise VendorUnavailable("no_answer", in_doubt=True) from error


def _size_of(file: Path) -> int | None:
    """Asked of the disk itself, at a third of what it costs through the store."""
    found = file.stat()
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise Refused("object_name_invalid", "parts of letters and digits, joined by slashes")
    return name


def open_store(place: Place) -> NamedStore:
    """Open a store; nothing is asked of it yet. Invalid `store_invalid`."""
    parts = urlsplit(place.url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Invalid(
                "store_invalid", f"the folder cannot be made: {error.strerror}"
            ) from error
        return NamedStore(LocalStore(str(folder), mkdir=True), folder)
    if parts.scheme == "memory":
        return NamedStore(MemoryStore())
    prefix = parts.path.strip("/") or None
    more: dict[str, Any] = {
        "prefix": prefix,
        "client_options": {
            "allow_http": place.allow_http,
            "timeout": _CALL,
            "connect_timeout": _CONNECT,
        },
        # Whoever asks has a deadline, a breaker and other stores: it tries again itself.
        "retry_config": {"max_retries": 0},
    }
    if place.endpoint:
        more["endpoint"] = place.endpoint
    try:
        if parts.scheme == "s3":
            return NamedStore(_s3(parts.netloc, place, more))
        if parts.scheme == "gs":
            return NamedStore(GCSStore(parts.netloc, service_account_key=place.secret, **more))
        return NamedStore(
            AzureStore(parts.netloc, account_name=place.key_id, account_key=place.secret, **more)
        )
    except BaseError as error:
        # Its text may hold the secret that it could not read.
        raise Invalid("store_invalid", "url, key_id or secret cannot be used") from error


def _s3(bucket: str, place: Place, more: dict[str, Any]) -> S3Store:
    return S3Store(
        bucket,
        region=place.region or "us-east-1",
        access_key_id=place.key_id,
        secret_access_key=place.secret,
        virtual_hosted_style_request=not place.endpoint,
        conditional_put="etag",
        **more,
    )
