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
from collections.abc import Iterable, Iterator, Sequence
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
from venire.server.site_names import handle_domain
from venire.storage.tables.restoring import RestoreDrillRow
from venire.storage.world import World

_log = logging.getLogger(__name__)
_NAMES_KEY: Final = "backup-names.key"
_LOCK: Final = "snapshot.lock"
_LOOK_S: Final = 60.0
_FIRST_PAUSE_S: Final = 5.0
_AGAIN_S: Final = 300.0
_SOON_MS: Final = HOUR_MS // 2
_READ: Final = 10
_NONE_MS: Final = 100 * DAY_MS
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


async def ship_snapshot(
    settings: Settings, clock: Clock, chance: Chance, only: Sequence[str] = ()
) -> list[Shipped]:
    """Ship a snapshot to every store of the settings now, then destroy what is past its time.

    `only`: to these alone. NotFound `no_stores`; Unavailable `snapshot_running`,
    `not_shipping_yet`, `snapshot_nowhere`, `disk_full`.
    """
    data = settings.folder
    stores = _named(settings, only)
    texts = settings.backup_recipients
    recipients = [read_recipient(text) for text in texts]
    recipients.append(drill_recipient(data, chance))
    naming_key = keys.read_or_make(data, _NAMES_KEY, chance)
    with _only_one(data):
        shipped = await snapshots.take_physical(
            data,
            stores,
            Origin(site=handle_domain(settings), naming_key=naming_key),
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


def _named(settings: Settings, only: Sequence[str]) -> list[Store]:
    """The stores of the settings, or these of them. NotFound `no_stores`."""
    stores = [one for one in stores_of(settings) if not only or one.name in only]
    if not stores:
        raise NotFound("no_stores", "the settings name no such store: see docs/continuity.md")
    return stores


async def drill_now(
    settings: Settings, world: World, only: Sequence[str] = ()
) -> list[RestoreDrillRow]:
    """Restore from each store in turn with the drill key, and keep what that showed.

    NotFound `no_stores`, `identity_missing`.
    """
    stores = _named(settings, only)
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
    turns = Turns()
    while stores:
        wait_s = _FIRST_PAUSE_S
        if await _is_told(stores):
            now_s = asyncio.get_running_loop().time()
            free = turns.free(stores, now_s)
            due = await stores_due(settings, free, clock.now_ms())
            if due:
                words = [word for name in due for word in ("--store", name)]
                done = await run_beside("snapshot", "--ship-only", *words, "--data", settings.data)
                turns.note(due, asyncio.get_running_loop().time(), sent=done == 0)
                if done != 0:
                    _log.error("snapshot_failed", extra={"status": done, "stores": due})
            wait_s = turns.wait_s(asyncio.get_running_loop().time())
        await asyncio.sleep(wait_s)


class Turns:
    """Which stores were sent a snapshot just now, and are left alone for a while. Seconds.

    Each store for itself: one that has come back does not wait for what another was sent.
    """

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}
        self._pause_s = _FIRST_PAUSE_S

    def free(self, stores: Iterable[Store], now_s: float) -> list[Store]:
        """The stores that may be sent one."""
        return [one for one in stores if self._until_s.get(one.name, now_s) <= now_s]

    def note(self, names: Iterable[str], now_s: float, *, sent: bool) -> None:
        """These had their turn."""
        if sent:
            # A store that shows us another one than we sent is not sent one each minute.
            until_s, self._pause_s = now_s + _AGAIN_S, _FIRST_PAUSE_S
        else:
            # At a first start the stores do not know of the site yet: soon again.
            until_s = now_s + self._pause_s
            self._pause_s = min(2 * self._pause_s, _AGAIN_S)
        self._until_s.update(dict.fromkeys(names, until_s))

    def wait_s(self, now_s: float) -> float:
        """How long until stores are looked at again."""
        soonest_s = min((one for one in self._until_s.values() if one > now_s), default=now_s)
        return min(soonest_s - now_s or _LOOK_S, _LOOK_S)


async def _is_told(stores: Sequence[Store]) -> bool:
    """Whether any store knows of the site: before that there is nothing to snapshot for."""
    for store in stores:
        with contextlib.suppress(Problem):
            if await store.listing("generations/"):
                return True
    return False


async def stores_due(settings: Settings, stores: Sequence[Store], now_ms: int) -> list[str]:
    """Which stores that answer have no snapshot of this hour for those who are to read it now.

    One that cannot be read is none; nor is one of an hour to come, by a clock that was ahead. With
    a store that is due go those that will be within half an hour: the data file is copied once.
    """
    try:
        (drill_key, *_) = read_identities(settings.folder / "keys" / DRILL_KEY)
        check = record_check((settings.folder / "record.pub").read_text(encoding="utf-8"))
    except (Problem, OSError):
        # A snapshot makes it anew, or says what is wrong with it.
        return [store.name for store in stores]
    wanted = {str(read_recipient(text)) for text in settings.backup_recipients}
    wanted.add(str(drill_key.to_public()))
    ages: dict[str, int] = {}
    for store in stores:
        with contextlib.suppress(Problem):
            # Where it does not answer there is nothing to send it to.
            ages[store.name] = await _age_ms(store, wanted, now_ms, check)
    if all(age <= HOUR_MS for age in ages.values()):
        return []
    return [name for name, age in ages.items() if age > _SOON_MS]


async def _age_ms(store: Store, wanted: set[str], now_ms: int, check: manifests.Check) -> int:
    """How old a store's newest snapshot is; beyond any bound where it is none for these readers.

    What the site did not sign is none: whoever made it up could have ours put off for ever.
    Unavailable `store_unreachable`.
    """
    for found in reversed(manifests.find(await store.listing("snapshots/"))[-_READ:]):
        content = await store.get(found.path)
        try:
            newest = manifests.decode(content, found.path)
            manifests.check_signature(newest, check)
        except Problem:
            continue
        age_ms = now_ms - newest.at_ms
        return age_ms if set(newest.recipients) == wanted and age_ms >= -HOUR_MS else _NONE_MS
    return _NONE_MS


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
