"""Snapshots and restore drills beside the site: hourly and daily, each in a process of its own.

Copying, packing and encrypting hold the interpreter for longer than a reader should wait, so the
leader starts the commands that an operator would type, at low priority, and reads what they leave.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from venire.continuity.journal.identities import read_identities, read_recipient
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import manifests, restore_drills, snapshots
from venire.continuity.recovery.restoring import record_check
from venire.continuity.recovery.snapshots import Origin, Shipped
from venire.kernel.chance import Chance
from venire.kernel.clock import DAY_MS, HOUR_MS, Clock
from venire.kernel.errors import NotFound, Problem, Unavailable
from venire.record.note import Signer, parse_verifier_key
from venire.server import keys
from venire.server.backup_sources import stores_of
from venire.server.settings import Settings
from venire.server.shipping import DRILL_KEY, drill_recipient
from venire.storage.tables.restoring import RestoreDrillRow
from venire.storage.world import World

_log = logging.getLogger(__name__)
_NAMES_KEY: Final = "backup-names.key"
_LOCK: Final = "snapshot.lock"
_LOOK_S: Final = 60.0
_FIRST_PAUSE_S: Final = 5.0
_AGAIN_S: Final = 300.0
_DRILL_AFTER_S: Final = 900.0
_LONGEST_S: Final = 6 * 3_600.0
_NICER: Final = 10


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    with (data / _LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable("snapshot_running", "another snapshot is under way") from error
        yield


async def ship_snapshot(settings: Settings, clock: Clock, chance: Chance) -> list[Shipped]:
    """Ship a snapshot to every store of the settings now, then destroy what is past its time.

    Unavailable `snapshot_running`, `not_shipping_yet`, `snapshot_nowhere`, `disk_full`.
    """
    data = settings.folder
    stores = stores_of(settings)
    texts = settings.backup_recipients
    recipients = [read_recipient(text) for text in texts]
    recipients.append(drill_recipient(data, chance))
    naming_key = keys.read_or_make(data, _NAMES_KEY, chance)
    with _only_one(data):
        shipped = await snapshots.take_physical(
            data,
            stores,
            Origin(site=settings.domain, naming_key=naming_key),
            recipients,
            now_ms=clock.now_ms(),
            chance=chance,
            sign=_signing(data),
        )
        for store in stores:
            try:
                await snapshots.destroy_old(store, clock.now_ms())
            except Problem as problem:
                _log.warning(
                    "snapshots_not_tidied", extra={"store": store.name, "code": problem.code}
                )
    return shipped


def _signing(data: Path) -> manifests.Sign:
    """How the site signs, as its segments are signed."""
    public, seed = data / "record.pub", data / "keys" / "record.key"
    signer = Signer(parse_verifier_key(public.read_text(encoding="utf-8")).name, seed.read_bytes())
    return lambda message: signer.sign(message.decode()).signature


async def drill_now(
    settings: Settings, world: World, only: Sequence[str] = ()
) -> list[RestoreDrillRow]:
    """Restore from each store in turn with the drill key, and keep what that showed.

    NotFound `no_stores`, `identity_missing`.
    """
    stores = [one for one in stores_of(settings) if not only or one.name in only]
    if not stores:
        raise NotFound("no_stores", "the settings name no such store: see docs/continuity.md")
    identities = read_identities(settings.folder / "keys" / DRILL_KEY)
    public = (settings.folder / "record.pub").read_text(encoding="utf-8")
    check = record_check(public)
    return [
        await restore_drills.drill(world, settings.folder, store, identities, check)
        for store in stores
    ]


# in the leader


async def keep_snapshots(settings: Settings, clock: Clock) -> None:
    """Ship a snapshot each hour, until cancelled."""
    stores = stores_of(settings)
    pause_s = _FIRST_PAUSE_S
    while stores:
        wait_s = _LOOK_S
        if not await _is_told(stores):
            wait_s = _FIRST_PAUSE_S
        elif await snapshot_due(settings, stores, clock.now_ms()):
            done = await run_beside("snapshot", "--ship-only", "--data", settings.data)
            if done == 0:
                # A store that shows us another one than we sent is not sent one each minute.
                wait_s, pause_s = _AGAIN_S, _FIRST_PAUSE_S
            else:
                # At a first start the stores do not know of the site yet: soon again.
                _log.error("snapshot_failed", extra={"status": done})
                wait_s, pause_s = pause_s, min(2 * pause_s, _AGAIN_S)
        await asyncio.sleep(wait_s)


async def _is_told(stores: Sequence[Store]) -> bool:
    """Whether any store knows of the site: before that there is nothing to snapshot for."""
    for store in stores:
        with contextlib.suppress(Problem):
            if await store.listing("generations/"):
                return True
    return False


async def snapshot_due(settings: Settings, stores: Sequence[Store], now_ms: int) -> bool:
    """Whether a store that answers has no snapshot of this hour for those who are to read it now.

    One that cannot be read is none; nor is one of an hour to come, by a clock that was ahead.
    """
    try:
        (drill_key, *_) = read_identities(settings.folder / "keys" / DRILL_KEY)
    except Problem:
        # A snapshot makes it anew, or says what is wrong with it.
        return True
    wanted = {str(read_recipient(text)) for text in settings.backup_recipients}
    wanted.add(str(drill_key.to_public()))
    for store in stores:
        try:
            found = manifests.find(await store.listing("snapshots/"))
            content = await store.get(found[-1].path) if found else b""
        except Problem:
            # Where it does not answer there is nothing to send it to.
            continue
        try:
            newest = manifests.decode(content, found[-1].path if found else "")
        except Problem:
            return True
        if set(newest.recipients) != wanted or not -HOUR_MS <= now_ms - newest.at_ms <= HOUR_MS:
            return True
    return False


async def keep_drilled(settings: Settings, world: World) -> None:
    """Restore once a day from each store, into a folder that is thrown away, until cancelled."""
    names = [store.name for store in settings.stores]
    await asyncio.sleep(_DRILL_AFTER_S)
    while names:
        rows = await restore_drills.newest(world, names)
        last_ms = min((row.at_ms for row in rows), default=0) if len(rows) == len(names) else 0
        if last_ms < world.now_ms() - DAY_MS:
            done = await run_beside("restore", "--check", "--data", settings.data)
            for row in await restore_drills.newest(world, names):
                if not row.passed:
                    _log.critical(
                        "restore_drill_failed", extra={"store": row.store, "code": row.code}
                    )
            if done != 0:
                _log.error("restore_drill_ended", extra={"status": done})
                await asyncio.sleep(_AGAIN_S)
        await asyncio.sleep(_LOOK_S)


async def run_beside(*words: str) -> int:
    """Run one of our own commands at low priority; its exit status, -1 where it took too long.

    It ends with this process: killed where this one is cancelled, by the kernel where it dies.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "venire",
        *words,
        "--beside",
        str(os.getpid()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=None,
    )
    try:
        async with asyncio.timeout(_LONGEST_S):
            return await process.wait()
    except TimeoutError:
        return -1
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()


def step_aside(parent: int | None) -> None:
    """In the process that was started so: let the site go first, and end with it."""
    if parent is not None:
        from venire.server.processes import follow_parent

        os.nice(_NICER)
        follow_parent(parent)


def told_of(rows: Sequence[RestoreDrillRow]) -> list[dict[str, Any]]:
    """Drills for people and programs."""
    return [
        {
            "store": row.store,
            "passed": row.passed,
            "code": row.code,
            "through": row.through,
            "reached": row.reached,
            "record_size": row.record_size,
            "rows": row.rows,
            "bytes": row.size,
            "seconds": row.took_ms / 1_000,
        }
        for row in rows
    ]
