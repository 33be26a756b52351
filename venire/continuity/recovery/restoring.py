"""From what lies in any one store to a site: a snapshot, the journal after it, and what they prove.

Nothing is in its place before all of it is; the stores are told before the site may be served, so
that the host it comes from stops shipping there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from venire.continuity.journal import generations
from venire.continuity.journal.lineage import After
from venire.continuity.recovery import (
    claiming,
    fetching,
    manifests,
    replaying,
    sources,
    staging,
    successor,
)
from venire.continuity.recovery.erasure_list import Erased, erase
from venire.continuity.recovery.fetching import Damage, Fetching
from venire.continuity.recovery.manifests import Check, Inner, Manifest
from venire.continuity.recovery.replaying import Gap, Place, Walk
from venire.continuity.recovery.snapshots import Shelf
from venire.continuity.recovery.sources import Inventory
from venire.continuity.recovery.successor import RecordNow
from venire.kernel.chance import Chance
from venire.kernel.clock import Clock
from venire.kernel.errors import Invalid, NotFound, Problem, Unavailable
from venire.kernel.ids import Ids
from venire.record.note import parse_verifier_key
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.engines.sqlite_replay import SqliteReplay
from venire.storage.engines.sqlite_upkeep import FACTS, faults_of, saying_full
from venire.storage.tables.every import ALL
from venire.storage.world import Site, World

KINDS: Final = ("physical", "logical")
Told = Callable[[int, int], None]
Note = Callable[[str], Told]
"""Begins a part of the work by its name; what it returns is told how far that has come."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to restore, and from where.

    `check`: how to tell the site's signature, where its record.pub came from elsewhere. `erased`:
    tables whose rows go with any of their subjects.
    `claim`: take the next generation, which stops whoever ships to these stores; not where
    something is missing, since what another store has would then not be part of the site.
    `through`: not past this place of the newest generation, whatever came later.
    """

    data: Path
    shelves: tuple[Shelf, ...]
    identities: tuple[Any, ...]
    erased: tuple[Any, ...] = ()
    check: Check | None = None
    until_ms: int | None = None
    through: int | None = None
    checkpoints: tuple[bytes, ...] = ()
    claim: bool = True
    program: str = ""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What there is now. `complete`: nothing that any store tells of is missing."""

    data: str
    site: str
    store: str
    snapshot: str
    snapshot_sequence: int
    sequence: int
    newest_ms: int
    generation: int
    applied: int
    complete: bool
    lost: Gap | None
    damaged: tuple[Damage, ...]
    unreachable: dict[str, str]
    erased: Erased
    record: RecordNow
    bytes: int
    seconds: float
    until_ms: int | None = None
    unclaimed: tuple[str, ...] = ()
    finished_earlier: bool = False


async def restore(asked: Asked, clock: Clock, chance: Chance, note: Note) -> Restored:
    """Make a site of what lies in the stores; see the module.

    NotFound `backup_not_found`; Invalid `identity_wrong`, `snapshot_foreign`; Conflict
    `folder_not_empty`; Unavailable `restore_running`, `disk_full`, `part_lost`, `data_is_newer`,
    `restored_not_sound`. Until it returns there is no site in the folder.
    """
    try:
        with saying_full(asked.data), staging.own_folder(asked.data) as stage:
            return await _restore(asked, stage, (clock, chance, note))
    except OSError as error:
        raise full(error, asked.data) from error


async def _restore(asked: Asked, stage: Path, tools: tuple[Clock, Chance, Note]) -> Restored:
    earlier = staging.left_whole(stage)
    if earlier is not None:
        staging.put_in_place(stage)
        done = msgspec.json.decode(earlier, type=Restored)
        return msgspec.structs.replace(done, finished_earlier=True)
    began_s = time.monotonic()
    begun = await choose(asked, tools[-1])
    staging.begin(stage)
    done = await _fill(asked, begun, stage, tools)
    done = msgspec.structs.replace(done, seconds=round(time.monotonic() - began_s, 3))
    staging.mark_whole(stage, msgspec.json.encode(done))
    staging.put_in_place(stage)
    return done


def full(error: OSError, place: Path) -> Problem:
    """What to say of a disk that refuses."""
    return Unavailable(
        "disk_full",
        f"{error.strerror or 'the disk refuses'}: make room or name another --data, then run this"
        " again; nothing is half there",
        place=str(place),
    )


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What was found before anything is written."""

    inventories: tuple[Inventory, ...]
    choices: tuple[tuple[Manifest, tuple[Shelf, ...], Inner], ...]
    damages: tuple[Damage, ...]


async def choose(asked: Asked, note: Note) -> Begun:
    """Look at the stores, and try the keys. Nothing is written yet."""
    told = note("Looking at the stores")
    found = await sources.look(asked.shelves, asked.until_ms, asked.through)
    inventories = sources.believed(found, asked.check)
    told(1, 1)
    damages = [damage for one in inventories for damage in one.damages]
    choices: list[tuple[Manifest, tuple[Shelf, ...], Inner]] = []
    wrong: Problem | None = None
    for manifest, shelves in sources.candidates(inventories, KINDS):
        try:
            if asked.check is not None:
                manifests.check_signature(manifest, asked.check)
            inner = fetching.open_inner(manifest, asked.identities)
        except Invalid as problem:
            wrong = wrong or problem
            damages.append(Damage(shelves[0].name, manifest.place, problem.code))
        else:
            choices.append((manifest, tuple(shelves), inner))
    if not choices:
        raise wrong or NotFound(
            "backup_not_found",
            "no snapshot belongs to the site's history as the stores tell it: one may have made up"
            " a turn. Give --record-key, or the SOURCEs one by one",
            turns={one.shelf.name: sorted(one.generations) for one in inventories},
        )
    return Begun(
        inventories=tuple(inventories),
        choices=tuple(choices),
        damages=tuple(damages),
    )


def _line(inventories: list[Inventory], through: int | None) -> dict[int, int | None]:
    line = sources.line_of(inventories)
    return line if through is None else {**line, max(line): through}


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that is in the stage, and what came with it."""

    manifest: Manifest
    shelf: Shelf
    files: dict[str, bytes]
    damages: list[Damage]


async def load(asked: Asked, begun: Begun, stage: Path, note: Note) -> Loaded:
    """The best snapshot that is whole, in the stage."""
    damages = list(begun.damages)
    failure: Problem | None = None
    for manifest, shelves, inner in begun.choices:
        fetch = Fetching(manifest, inner, shelves, asked.identities)
        try:
            files = await fetch.files()
            await fetch.data_file(stage / FACTS, note("Fetching the snapshot"))
        except Problem as problem:
            failure = failure or problem
            (stage / FACTS).unlink(missing_ok=True)
        else:
            damages += fetch.damages
            return Loaded(manifest=manifest, shelf=shelves[0], files=files, damages=damages)
        damages += fetch.damages
    raise failure or NotFound("backup_not_found", "no snapshot is whole")


async def files_of(asked: Asked, note: Note) -> dict[str, bytes]:
    """The settings and keys alone of the best snapshot that has them whole."""
    failure: Problem | None = None
    for manifest, shelves, inner in (await choose(asked, note)).choices:
        try:
            return await Fetching(manifest, inner, shelves, asked.identities).files()
        except Problem as problem:
            failure = failure or problem
    raise failure or NotFound("backup_not_found", "no snapshot is whole")


async def _fill(
    asked: Asked, begun: Begun, stage: Path, tools: tuple[Clock, Chance, Note]
) -> Restored:
    """Everything in the stage, proven; the report of it."""
    clock, chance, note = tools
    loaded = await load(asked, begun, stage, note)
    staging.write_files(stage, loaded.files)
    check = asked.check or own_check(loaded.files)
    inventories = sources.believed(begun.inventories, check)
    walk = _walk(asked, inventories, check)
    place, erased = await _replay(asked, walk, loaded.manifest, stage, note)
    await _check_sound(stage, note)
    after = After(place.generation, place.sequence, (place.chain or bytes(32)).hex())
    handed = Handed(
        public=loaded.files.get("record.pub", b"").decode(errors="replace"),
        seed=loaded.files.get("keys/record.key"),
        notes=(*asked.checkpoints, *(one.checkpoint for one in begun.inventories)),
        after=after,
    )
    record = await settle(stage, handed, clock, chance)
    claimed = claiming.Claimed(generation=place.generation)
    if asked.claim and walk.gap is None:
        # Where something is missing the first start claims: until then another store may have it.
        claimed = await claiming.claim(
            asked.shelves,
            after,
            origin=record.origin,
            site=loaded.manifest.site,
            program=asked.program,
            now_ms=clock.now_ms(),
            hand=claiming.hand_of(handed.public, handed.seed),
        )
    done = report_of(asked.data, loaded, place, record, walk.applied)
    return msgspec.structs.replace(
        done,
        generation=claimed.generation,
        complete=walk.gap is None,
        lost=walk.gap,
        damaged=_damaged(loaded, inventories, walk),
        unreachable={one.shelf.name: one.error for one in begun.inventories if one.error},
        erased=erased,
        until_ms=asked.until_ms,
        unclaimed=claimed.refused,
    )


def _walk(asked: Asked, inventories: list[Inventory], check: Check | None) -> Walk:
    return Walk(
        stores=sources.OfStores(tuple(inventories)),
        line=_line(inventories, asked.through),
        generations=sources.known_generations(inventories),
        identities=asked.identities,
        check=check,
        until_ms=asked.until_ms,
    )


def _damaged(loaded: Loaded, inventories: list[Inventory], walk: Walk) -> tuple[Damage, ...]:
    looked = [damage for one in inventories for damage in one.damages]
    return tuple(dict.fromkeys([*loaded.damages, *looked, *walk.damages]))


def report_of(
    data: Path, loaded: Loaded, place: Place, record: RecordNow, applied: int
) -> Restored:
    """What is there, where all went well."""
    snapshot = loaded.manifest
    return Restored(
        data=str(data),
        site=snapshot.site,
        store=loaded.shelf.name,
        snapshot=snapshot.place,
        snapshot_sequence=snapshot.sequence,
        sequence=place.sequence,
        newest_ms=place.at_ms,
        generation=place.generation,
        applied=applied,
        complete=True,
        lost=None,
        damaged=tuple(loaded.damages),
        unreachable={},
        erased=Erased(),
        record=record,
        bytes=(data / staging.STAGE / FACTS).stat().st_size,
        seconds=0.0,
    )


async def _check_sound(stage: Path, note: Note) -> None:
    """Ask SQLite about the file. Unavailable `restored_not_sound`."""
    told = note("Checking the data file")
    found = await asyncio.to_thread(faults_of, stage / FACTS)
    if found:
        raise Unavailable(
            "restored_not_sound",
            "the data file does not pass SQLite's check: give another SOURCE, or an older --until",
            found=found[:3],
        )
    told(1, 1)


async def _replay(
    asked: Asked, walk: Walk, manifest: Manifest, stage: Path, note: Note
) -> tuple[Place, Erased]:
    told = note("Replaying the journal")
    first = manifest.sequence
    newest = max(first, sources.newest_shown(list(walk.stores.inventories)))
    walk.told = lambda done, _total: told(done - first, newest - first)
    replay = await asyncio.to_thread(SqliteReplay, stage / FACTS, ALL)
    try:
        start = Place(manifest.generation, manifest.sequence, manifest.newest_ms, None)
        place = replaying.end_of(walk, await walk.run(replay, start))
        erased = await asyncio.to_thread(erase, replay, walk.later, walk.later_schema, asked.erased)
        await asyncio.to_thread(replay.finish)
    except BaseException:
        replay.close()
        raise
    return place, erased


def own_check(files: dict[str, bytes]) -> Check | None:
    """The check by the record.pub that came along: that all of it is one site's, no more."""
    public = files.get("record.pub")
    return None if public is None else record_check(public.decode(errors="replace"))


def record_check(public: str) -> Check:
    """How to tell what the holder of a record's key signed. Invalid `verifier_key_malformed`."""
    key = Ed25519PublicKey.from_public_bytes(parse_verifier_key(public).public_key)

    def check(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return check


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What a restored folder goes on with: its record's key, what was seen, where it left off."""

    public: str
    seed: bytes | None
    notes: tuple[bytes, ...]
    after: After | None


async def settle(folder: Path, handed: Handed, clock: Clock, chance: Chance) -> RecordNow:
    """Before a folder is served: the record goes on, or another begins (`successor`).

    Its first start takes a turn of its own at shipping.
    """
    ids = Ids(clock)
    storage = SqliteStorage(folder, clock, ids, ALL)
    try:
        ids.raise_floor(storage.newest_event_id())
        nowhere = Site("restored.invalid", "http://restored.invalid")
        world = World(storage, clock, chance, ids, nowhere)
        record = await successor.settle(world, handed.public, handed.seed, handed.notes)
        await generations.note_restored(storage, handed.after)
    finally:
        await storage.close()
    if record.public:
        (folder / "record.pub").rename(folder / f"record-{record.epoch - 1}.pub")
        staging.write_files(folder, {"record.pub": record.public.encode()})
    return record
