"""The journal cut for shipping: read, packed, encrypted and signed once for all stores.

Stores that take what they are sent are at the same places, so they get the same bytes. One that
was held up is given the rest up to where the others are, and is with them again.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Final

from pyrage.x25519 import Recipient

from venire.continuity.journal.segments import (
    Check,
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
_KEPT: Final = 4
"""For stores that are up to three cuts behind the first; each is 12 MiB at most."""


@dataclasses.dataclass(frozen=True)
class Slice:
    """Commits after a place, sealed to go on from a chain. `cut_s`: when, by the loop's clock."""

    after: int
    entries: tuple[JournalEntry, ...]
    plain: bytes
    cipher: bytes
    follows: tuple[int, bytes]
    header: Header
    content: bytes
    cut_s: float
    more: bool = False
    """Whether there was more behind it when it was cut."""

    @property
    def last(self) -> int:
        """The place that it ends with."""
        return self.header.last


class Slices:
    """Gives each store what comes next for it."""

    def __init__(
        self,
        storage: Storage,
        recipients: Sequence[Recipient],
        sign: Sign | None = None,
        check: Check | None = None,
    ) -> None:
        self.sign, self.check = sign, check
        """How this site signs, and how it knows what a host of its own signed."""
        self._storage = storage
        self._recipients = tuple(recipients)
        self._kept: list[Slice] = []
        self._end = 0
        self._end_cut_s = 0.0
        self._reading = asyncio.Lock()

    async def after(self, position: int, generation: int, chain: bytes) -> Slice | None:
        """What follows a place and the chain there; None where nothing does yet."""
        follows = (generation, chain)
        async with self._reading:
            here = [kept for kept in self._kept if kept.after == position]
            for kept in here:
                if kept.follows == follows:
                    return kept
            made = (
                # Its chain began elsewhere: of the same commits, only the header is another.
                await asyncio.to_thread(self._resealed, here[0], follows)
                if here
                else await self._cut(position, follows)
            )
            if made is not None:
                self._kept = [*self._kept[-_KEPT + 1 :], made]
                if made.last > self._end:
                    self._end, self._end_cut_s = made.last, made.cut_s
            return made

    def is_behind(self, one: Slice) -> bool:
        """Whether there is more to send behind a slice already."""
        return one.more or self._end > one.last

    async def _cut(self, position: int, follows: tuple[int, bytes]) -> Slice | None:
        cut_s = asyncio.get_running_loop().time()
        found = await self._storage.journal(position, _MOST)
        if not found:
            return None
        full = len(found) == _MOST
        if position < self._end < found[-1].sequence:
            # Others are further: it ends where they are, and has what they get from there on.
            found = [one for one in found if one.sequence <= self._end] or found
            cut_s = self._end_cut_s
        return await asyncio.to_thread(self._made, position, found, follows, cut_s, full)

    def _made(
        self,
        position: int,
        found: Sequence[JournalEntry],
        follows: tuple[int, bytes],
        cut_s: float,
        full: bool,
    ) -> Slice:
        entries, plain = found, encode_entries(found)
        if len(plain) > _BYTES:
            entries = fitting(found, _BYTES)
            plain = encode_entries(entries)
        cipher = encrypt(plain, self._recipients)
        header, content = self._sealed(entries, plain, cipher, follows)
        return Slice(
            after=position,
            entries=tuple(entries),
            plain=plain,
            cipher=cipher,
            follows=follows,
            header=header,
            content=content,
            cut_s=cut_s,
            more=full or len(entries) < len(found),
        )

    def _resealed(self, one: Slice, follows: tuple[int, bytes]) -> Slice:
        header, content = self._sealed(one.entries, one.plain, one.cipher, follows)
        return dataclasses.replace(one, follows=follows, header=header, content=content)

    def _sealed(
        self,
        entries: Sequence[JournalEntry],
        plain: bytes,
        cipher: bytes,
        follows: tuple[int, bytes],
    ) -> tuple[Header, bytes]:
        generation, previous = follows
        return seal(
            entries,
            plain,
            cipher,
            generation=generation,
            schema=SCHEMA_VERSION,
            previous=previous,
            sign=self.sign,
        )

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
            sign=self.sign,
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
