"""What lies in a store: whether it is whole, and whether a host of this site made it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from venire.continuity.journal.generations import fenced
from venire.continuity.journal.lineage import Stretch
from venire.continuity.journal.segments import (
    SEGMENT_BYTES,
    Check,
    Header,
    chained,
    encode_entries,
    read_header,
    whole,
)
from venire.continuity.journal.stores import Store
from venire.continuity.journal.turns import ours_among
from venire.kernel.errors import Invalid, TooLarge
from venire.storage.verbs import Storage

_log = logging.getLogger(__name__)
_PAGE: Final = 1_024
_TURNS: Final = 256
"""More than there are numbers that a host passes over: see `claiming`."""


class Held(NamedTuple):
    """What a store has of a name: its header, and how many bytes it is."""

    header: Header
    size: int


class Belongings:
    """Tells what lies in a store by who made it, where `check` knows what this site signed.

    Whoever can write to a store can make up segments and turns, and give an old one of ours
    another name. `strange` are the names of such: they neither count nor stop anybody.
    """

    def __init__(self, store: Store, check: Check | None) -> None:
        self._store = store
        self._check = check
        self.strange: set[str] = set()

    async def held(self, stretch: Stretch) -> Held | None:
        """A segment of this site, whole; None of half a one, and of a strange one."""
        if stretch.path in self.strange:
            return None
        try:
            content = await self._store.fetch(stretch.path, SEGMENT_BYTES) or b""
            header = whole(content)
            if header is None:
                return None
            read_header(content, self._check)
        except (Invalid, TooLarge):
            self.pass_over("segment_foreign", [stretch.path])
            return None
        if (header.generation, header.first, header.last) != msgspec.structs.astuple(stretch):
            self.pass_over("segment_foreign", [stretch.path])
            return None
        return Held(header, len(content))

    async def newest(self, there: Iterable[Stretch]) -> Header | None:
        """The header of the newest segment that is whole and of this site."""
        for one in sorted(there, key=lambda one: (-one.last, one.first)):
            found = await self.held(one)
            if found is not None:
                return found.header
            if one.path not in self.strange:
                # Cut when we were killed, or by a store that lies. Sent again.
                _log.error("segment_cut", extra={"store": self._store.name, "path": one.path})
                await self._store.destroy([one.path])
        return None

    async def yield_to(self, later: Iterable[str]) -> None:
        """Stop where a host of this site has begun a later turn. Unavailable `fenced`."""
        # Each time anew: where one was made up, another host may have said its own since.
        names = sorted(later)[:_TURNS]
        if ours := await ours_among(self._store, names, self._check):
            raise fenced(ours[-1], self._store.name)
        self.pass_over("turn_foreign", [name for name in names if name not in self.strange])

    def pass_over(self, what: str, names: Sequence[str]) -> None:
        """Say once that somebody writes to the store who has not the site's key."""
        if names:
            _log.critical(what, extra={"store": self._store.name, "paths": names[:3]})
            self.strange.update(names)


async def is_ours(storage: Storage, header: Header) -> bool:
    """Whether it holds our own commits, as the journal here has them."""
    chain, after = bytes.fromhex(header.previous), header.first - 1
    while after < header.last:
        entries = await storage.journal(after, _PAGE)
        mine = [one for one in entries if one.sequence <= header.last]
        if not mine or (after < header.first and mine[0].sequence != header.first):
            break
        chain, after = chained(chain, encode_entries(mine)), mine[-1].sequence
    return after == header.last and chain == header.chain_bytes


async def is_older(storage: Storage, header: Header) -> bool:
    """Whether the journal here does not go back so far: then nothing can be said of it."""
    oldest = await storage.journal(0, 1)
    return not oldest or header.first < oldest[0].sequence
