"""Whose turn it is to ship: one host's, told of in every store; an earlier one finds it and stops.

A generation has one number and the same bytes in all stores. A folder that was restored begins the
next one at its first start; a folder that was copied, or that comes back after another has taken
its place, is **fenced**: it ships no more and does not serve, since what it was told would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from venire import __version__
from venire.continuity.journal import turns
from venire.continuity.journal.lineage import (
    After,
    Generation,
    decode_generation,
    generation_path,
    generations_in,
)
from venire.continuity.journal.segments import Sign
from venire.continuity.journal.stores import Store
from venire.kernel.errors import Conflict, Invalid, Unavailable
from venire.storage.migrations import SCHEMA_VERSION
from venire.storage.tables.shipping import SHIP_GENERATIONS, ShipGenerationRow
from venire.storage.verbs import Put, Storage
from venire.storage.world import World

_SITE: Final = 0
_TRIES: Final = 8
_HOST_BYTES: Final = 8
_DOCUMENT_BYTES: Final = 64 * 1024
_SUCCESSOR: Final = re.compile(r"/[0-9]+\Z")


def fenced(generation: int, store: str = "") -> Unavailable:
    """The site may serve no more: another host is this site now."""
    more = {"store": store} if store else {}
    return Unavailable(
        "fenced",
        "another host ships this site's journal: stop this one for good, or bring it up to date"
        " with venire restore",
        generation=generation,
        **more,
    )


async def load(storage: Storage) -> ShipGenerationRow:
    """The site's turn; number 0 and no document before its first."""
    row = await storage.get(SHIP_GENERATIONS, (_SITE,))
    return row or ShipGenerationRow(_SITE, 0, 0, b"", b"", 0)


async def check_ours(storage: Storage) -> None:
    """Refuse to serve where another host took this one's place. Unavailable `fenced`."""
    row = await load(storage)
    if row.fenced:
        raise fenced(row.fenced)


def after_of(row: ShipGenerationRow) -> After | None:
    """Where a restored site goes on from."""
    return msgspec.json.decode(row.after, type=After) if row.after else None


def generation_of(row: ShipGenerationRow) -> Generation:
    """The generation that a row's document tells of."""
    return msgspec.json.decode(row.document, type=Generation)


async def begin(
    world: World, number: int, origin: str, sign: Sign | None = None
) -> ShipGenerationRow:
    """Begin a turn; what the stores will be told of it stands in the row first."""
    row = await load(world.storage)
    told = Generation(
        generation=number,
        started_at_ms=world.now_ms(),
        site=world.site.domain,
        origin=origin,
        after=after_of(row),
        schema=SCHEMA_VERSION,
        program=f"venire {__version__}",
    )
    # Two hosts never tell the same, not even in the same millisecond.
    document = turns.told(told, sign, host=world.chance.token(_HOST_BYTES).hex())
    return await _change(world.storage, number=number, document=document)


async def note_restored(storage: Storage, after: After | None) -> None:
    """Have the next start begin a new turn; for a restored folder, before it is served.

    `after`: the place of the old host's generation up to which this one knows the journal.
    """
    held = b"" if after is None else msgspec.json.encode(after)
    await _change(storage, number=0, document=b"", after=held, fenced=0)


async def make_way(
    store: Store, document: bytes, there: Iterable[str], sign: Sign | None = None
) -> bool:
    """Have the host whose turn a store last heard of see that it is over.

    It looks for the number after its own, which may have been taken where this store was not told.
    False, and nothing is written, where that turn is of another record: another site's.
    """
    mine = msgspec.json.decode(document, type=Generation)
    earlier = [number for number in generations_in(there) if number < mine.generation]
    if not earlier:
        return True
    path = generation_path(earlier[-1])
    try:
        known = decode_generation(await store.fetch(path, _DOCUMENT_BYTES) or b"", path)
    except Invalid:
        known = mine
    if _first_name(known.origin) != _first_name(mine.origin):
        return False
    following = earlier[-1] + 1
    # Never in the place of a turn that ours goes on from: what that one tells would be hidden.
    if following < mine.generation and mine.after and mine.after.generation < following:
        told = msgspec.structs.replace(mine, generation=following)
        await store.create(generation_path(following), turns.told(told, sign))
    return True


def _first_name(origin: str) -> str:
    """The name of a record before it had any successor, `ORIGIN/1`."""
    return _SUCCESSOR.sub("", origin)


async def note_fenced(storage: Storage, by: int) -> None:
    """Remember across starts that another host has taken this one's place."""
    await _change(storage, fenced=by)


async def _change(storage: Storage, **values: object) -> ShipGenerationRow:
    for _ in range(_TRIES):
        row = await load(storage)
        changed = msgspec.structs.replace(row, version=row.version + 1, **values)
        try:
            await storage.commit(
                f"shipping:{_SITE}", [Put(SHIP_GENERATIONS, changed)], expect=row.version
            )
        except Conflict:
            continue
        return changed
    raise Conflict("try_again", "This changed meanwhile: try again")
