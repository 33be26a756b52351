"""The journal cut for shipping: read, packed and encrypted once for all stores that are as far."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Sequence
from typing import Final

from pyrage.x25519 import Recipient

from venire.continuity.journal.segments import (
    Header,
    Link,
    Sign,
    encode_entries,
    encrypt,
    seal,
)
from venire.storage.journal import JournalEntry
from venire.storage.migrations import SCHEMA_VERSION
from venire.storage.verbs import Storage

_MOST: Final = 4_096
_BYTES: Final = 4 * 1024 * 1024
_KEPT: Final = 3


@dataclasses.dataclass(frozen=True)
class Slice:
    """Commits after a place, with what a segment is made of."""

    after: int
    entries: tuple[JournalEntry, ...]
    plain: bytes
    cipher: bytes
    more: bool = False
    """Whether there was more behind it when it was cut."""

    @property
    def last(self) -> int:
        """The place that it ends with."""
        return self.entries[-1].sequence


@dataclasses.dataclass(frozen=True)
class _Sealed:
    of: Slice
    after: tuple[int, bytes]
    header: Header
    content: bytes


class Slices:
    """Gives each store what comes next for it."""

    def __init__(
        self, storage: Storage, recipients: Sequence[Recipient], sign: Sign | None = None
    ) -> None:
        self._storage = storage
        self._recipients = tuple(recipients)
        self._sign = sign
        self._kept: list[Slice] = []
        self._reading = asyncio.Lock()
        self._sealed: list[_Sealed] = []
        self._sealing = threading.Lock()

    async def after(self, position: int) -> Slice | None:
        """What follows a place; None where nothing does yet."""
        async with self._reading:
            for kept in self._kept:
                if kept.after == position:
                    return kept
            found = await self._storage.journal(position, _MOST)
            if not found:
                return None
            entries = fitting(found, _BYTES)
            more = len(found) == _MOST or len(entries) < len(found)
            made = await asyncio.to_thread(self._made, position, entries, more)
            self._kept = [*self._kept[-_KEPT + 1 :], made]
            return made

    def _made(self, position: int, entries: Sequence[JournalEntry], more: bool) -> Slice:
        plain = encode_entries(entries)
        return Slice(position, tuple(entries), plain, encrypt(plain, self._recipients), more)

    def sealed(self, one: Slice, generation: int, previous: bytes) -> tuple[Header, bytes]:
        """A slice as a segment that goes on from a chain; stores that are as far get the same."""
        with self._sealing:
            for sealed in self._sealed:
                if sealed.of is one and sealed.after == (generation, previous):
                    return sealed.header, sealed.content
            header, content = seal(
                one.entries,
                one.plain,
                one.cipher,
                generation=generation,
                schema=SCHEMA_VERSION,
                previous=previous,
                sign=self._sign,
            )
            made = _Sealed(one, (generation, previous), header, content)
            self._sealed = [*self._sealed[-_KEPT + 1 :], made]
            return header, content

    def compacted(
        self,
        entries: Sequence[JournalEntry],
        generation: int,
        previous: bytes,
        links: Sequence[Link],
    ) -> tuple[Header, bytes]:
        """Many commits as one segment that replaces those of its links."""
        plain = encode_entries(entries)
        return seal(
            entries,
            plain,
            encrypt(plain, self._recipients),
            generation=generation,
            schema=SCHEMA_VERSION,
            previous=previous,
            links=links,
            sign=self._sign,
        )


def fitting(entries: Sequence[JournalEntry], most: int) -> list[JournalEntry]:
    """The first commits that are together not over a size; one at least."""
    taken: list[JournalEntry] = []
    size = 0
    for entry in entries:
        size += len(entry.writes) + len(entry.events or b"") + len(entry.aggregate) + 32
        if taken and size > most:
            break
        taken.append(entry)
    return taken
