"""The daily drill: the site, restored from each store into a folder that is thrown away.

Only a restore proves a backup. What comes out is compared with the site itself as it stood at one
place of its journal: the rows of each table, the place, and the root of the public record.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from venire.continuity.journal import ship_states
from venire.continuity.journal.identities import proves
from venire.continuity.recovery import restoring
from venire.continuity.recovery.captured import Facts, facts_of
from venire.continuity.recovery.manifests import Check, Manifest
from venire.continuity.recovery.restoring import Asked, Restored
from venire.continuity.recovery.snapshots import Shelf
from venire.events import RestoreDrillFailed
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid, Problem, Unavailable
from venire.storage.engines.sqlite_upkeep import FACTS
from venire.storage.tables.restoring import (
    KEY_PROOFS,
    RESTORE_DRILLS,
    KeyProofRow,
    RestoreDrillRow,
)
from venire.storage.verbs import Put
from venire.storage.world import World

LEFT: Final = ".drill-"
_KEPT_MS: Final = 730 * DAY_MS
_WAIT_S: Final = 30.0
_LOOK_S: Final = 0.2
_SPARE_BYTES: Final = 64 << 20
_OWN: Final = frozenset({"ship_generations"})
"""Written by the restore itself."""
_MOST: Final = 50


class KeyStatus(msgspec.Struct, frozen=True):
    """An offline key, and when it was last proven to be there; None: never."""

    recipient: str
    proven_at_ms: int | None


async def drill(
    world: World, data: Path, shelf: Shelf, identities: Sequence[Any], check: Check | None
) -> RestoreDrillRow:
    """Restore from one store, compare, keep the result; a failure is told as an event."""
    began_s = time.monotonic()
    row = _unjudged(shelf.name, world.now_ms())
    await asyncio.to_thread(_clear, data)
    folder = data / f"{LEFT}{world.chance.token(6).hex()}"
    try:
        live = await asyncio.to_thread(facts_of, data / FACTS, row.at_ms, busy=True)
        row = msgspec.structs.replace(row, through=live.sequence)
        _check_room(data, live.size)
        await _wait_for(world, shelf.name, live.sequence)
        asked = Asked(
            data=folder,
            shelves=(shelf,),
            identities=tuple(identities),
            check=check,
            through=live.sequence,
            claim=False,
        )
        done = await restoring.restore(asked, world.clock, world.chance, _quiet)
        found = await asyncio.to_thread(facts_of, folder / FACTS, row.at_ms)
        row = _judged(row, live, done, found)
    except Problem as problem:
        row = msgspec.structs.replace(row, code=problem.code)
    except OSError:
        row = msgspec.structs.replace(row, code="disk_failing")
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    row = msgspec.structs.replace(row, took_ms=int((time.monotonic() - began_s) * 1_000))
    told = [] if row.passed else [RestoreDrillFailed(row.store)]
    write = Put(RESTORE_DRILLS, row, row.at_ms + _KEPT_MS)
    await world.storage.commit(f"restore_drill:{row.store}", [write], told)
    return row


def _unjudged(store: str, at_ms: int) -> RestoreDrillRow:
    return RestoreDrillRow(
        store=store,
        at_ms=at_ms,
        passed=False,
        code="",
        through=0,
        reached=0,
        record_size=0,
        rows=0,
        size=0,
        took_ms=0,
        differing=b"[]",
    )


def _clear(data: Path) -> None:
    """Take away what a drill that was killed left."""
    for left in data.glob(f"{LEFT}*"):
        shutil.rmtree(left, ignore_errors=True)


def _quiet(_name: str) -> restoring.Told:
    return lambda _done, _total: None


def _check_room(data: Path, size: int) -> None:
    free = shutil.disk_usage(data).free
    if free < size + _SPARE_BYTES:
        raise Unavailable("disk_full", f"the drill needs {size >> 20} MB, {free >> 20} are free")


async def _wait_for(world: World, store: str, sequence: int) -> None:
    """Until the store has what the site had a moment ago. Unavailable `store_behind`."""
    for _ in range(int(_WAIT_S / _LOOK_S)):
        if await world.storage.position(ship_states.cursor_of(store)) >= sequence:
            return
        await asyncio.sleep(_LOOK_S)
    raise Unavailable("store_behind", "the journal does not come to this store", store=store)


def _judged(row: RestoreDrillRow, live: Facts, done: Restored, found: Facts) -> RestoreDrillRow:
    """What a restore has shown (pure)."""
    names = (live.counts.keys() | found.counts.keys()) - _OWN
    differing = sorted(one for one in names if live.counts.get(one) != found.counts.get(one))
    code = ""
    if done.lost is not None:
        code = done.lost.code
    elif done.sequence != live.sequence:
        code = "place_differs"
    elif (found.record_size, found.record_root) != (live.record_size, live.record_root):
        code = "record_differs"
    elif differing:
        code = "rows_differ"
    return msgspec.structs.replace(
        row,
        passed=not code,
        code=code,
        reached=done.sequence,
        record_size=found.record_size,
        rows=sum(count for name, count in found.counts.items() if name not in _OWN),
        size=done.bytes,
        differing=msgspec.json.encode(differing[:_MOST]),
    )


async def newest(world: World, stores: Sequence[str]) -> list[RestoreDrillRow]:
    """The last drill of each store; one without any is missing.

    Those of an hour to come, by a clock that was ahead, would hide all that follow them.
    """
    found: list[RestoreDrillRow] = []
    before = (world.now_ms() + 1,)
    for store in stores:
        found += await world.storage.range(RESTORE_DRILLS, (store,), below=before, limit=1)
    return found


# the offline keys


def proven_by(manifest: Manifest, identities: Sequence[Any]) -> list[str]:
    """The recipients of a snapshot whose other half is among these. Invalid `identity_wrong`."""
    found = [
        recipient
        for recipient, challenge in manifest.challenges.items()
        if proves(challenge, identities)
    ]
    if not found:
        raise Invalid(
            "identity_wrong",
            "this key opens none of the backups in this store: find the right one now, while the"
            " site is still there",
            recipients=list(manifest.recipients),
        )
    return found


async def note_proven(world: World, recipients: Sequence[str]) -> None:
    """Write down that a key was there today."""
    for recipient in recipients:
        await world.storage.put(KEY_PROOFS, KeyProofRow(recipient, world.now_ms()))


async def key_status(world: World, recipients: Sequence[str]) -> list[KeyStatus]:
    """When each offline key was last proven: what an operator reads before it is needed."""
    rows = await world.storage.get_many(KEY_PROOFS, [(one,) for one in recipients])
    return [
        KeyStatus(recipient, None if row is None else row.at_ms)
        for recipient, row in zip(recipients, rows, strict=True)
    ]
