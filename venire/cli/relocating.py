"""`venire relocate`: a running site, to a host that stands by, or to another folder of this one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click
import httpx
import msgspec

from venire import __version__
from venire.cli.options import data_option, json_option, print_result
from venire.cli.upgrading import noting
from venire.continuity.journal.identities import read_identities
from venire.continuity.journal.stores import Store
from venire.continuity.names import whereabouts
from venire.continuity.recovery import relocating
from venire.continuity.recovery.following import Following
from venire.continuity.recovery.relocating import Moved, Relocation
from venire.continuity.recovery.restoring import Asked, Note, Restored, record_check
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Invalid, NotFound, Problem, Unavailable
from venire.kernel.ids import Ids
from venire.kernel.zones import DnsRecord
from venire.server import site_names
from venire.server.backup_sources import stores_of
from venire.server.settings import Settings, load_settings
from venire.server.shipping import DRILL_KEY
from venire.server.switching import names_switcher, read_points
from venire.server.wiring import site_of
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.engines.sqlite_upkeep import FACTS
from venire.storage.tables.every import ALL
from venire.storage.world import World

_ASK_S = 2.0
_there = click.Path(exists=True, dir_okay=False, path_type=Path)
_WARM_S = 600.0
_FOLDERS = ("objects", "media")


@click.command()
@click.option("--to", "target", required=True, help="The new site's address, or a new folder here.")
@data_option
@click.option("--store", "name", default=None, help="The store that the standby follows (first).")
@click.option("--point", "points", multiple=True, metavar="NAME=ADDRESS", help="In the DNS, then.")
@click.option("--beacon", type=_there, default=None, help="Publish this signed text with the move.")
@json_option
def relocate(
    target: str,
    data: str | None,
    name: str | None,
    points: tuple[str, ...],
    beacon: Path | None,
    json_to: str | None,
) -> None:
    """Move a running site: a short freeze, nothing acknowledged lost, the old address says where.

    To another host, let that one stand by first: venire restore SOURCE --follow --base-url URL.
    """
    settings = load_settings({"data": data})
    if not (settings.folder / FACTS).exists():
        raise NotFound("site_not_there", f"there is no site in {settings.folder}")
    store = _store(settings, name)
    with noting(quiet=json_to == "-") as note:
        if urlsplit(target).scheme in {"http", "https"}:
            switch = _Switch(
                tuple(read_points(points)), None if beacon is None else beacon.read_bytes()
            )
            done = asyncio.run(_to_address(settings, store, target.rstrip("/"), switch))
        elif "://" in target:
            raise Invalid("target_unknown", "--to: http(s)://HOST, or a folder of this machine")
        elif points or beacon is not None:
            raise Invalid(
                "address_stays",
                "--point, --beacon: only with an address; a folder has the same one",
            )
        else:
            done = asyncio.run(_to_folder(settings, store, Path(target), note))
    print_result(msgspec.to_builtins(done), json_to, "\n".join(_lines(done, target, settings)))


def _store(settings: Settings, name: str | None) -> Store:
    stores = [one for one in stores_of(settings) if name is None or one.name == name]
    if not stores:
        raise NotFound("no_stores", "a site moves through a store of its settings: name one there")
    return stores[0]


@contextlib.contextmanager
def _storage(settings: Settings) -> Iterator[SqliteStorage]:
    """The site's storage beside its server; closed by whoever runs the loop."""
    clock = SystemClock()
    yield SqliteStorage(settings.folder, clock, Ids(clock), ALL)


class _Switch(NamedTuple):
    """What else is to say where the site is: names, and a signed beacon."""

    records: tuple[DnsRecord, ...] = ()
    beacon: bytes | None = None


async def _to_address(settings: Settings, store: Store, to: str, switch: _Switch) -> Moved:
    clock, chance = SystemClock(), SystemChance()
    async with contextlib.AsyncExitStack() as stack:
        storage = stack.enter_context(_storage(settings))
        stack.push_async_callback(storage.close)
        world = World(storage, clock, chance, Ids(clock), site_of(settings))
        switchers = await names_switcher(settings, world, switch.records, stack)
        announced: list[object] = []

        async def announce() -> None:
            if switch.beacon is not None:
                # Before the freeze, so that it goes along: both hosts show it.
                announced.append(await whereabouts.publish(world, switch.beacon))

        moving = Relocation(
            data=settings.folder,
            storage=storage,
            shelf=store,
            to=to,
            clock=clock,
            chance=chance,
            answers=answers,
            switchers=switchers,
            announce=announce,
        )
        try:
            return await moving.run()
        except Problem:
            step = relocating.read(settings.folder)
            if announced and (step is None or step.state == "freezing"):
                told = "the site stays here, and its beacon says otherwise: publish another one"
                click.echo(f"BEACON     {told}", err=True)
            raise


async def answers(to: str) -> bool:
    """Whether a site is served at an address the operator named."""
    try:
        async with asyncio.timeout(_ASK_S), httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(f"{to}/record/key", follow_redirects=False)
    except (httpx.HTTPError, TimeoutError):
        return False
    return response.status_code == httpx.codes.OK


async def _to_folder(settings: Settings, store: Store, target: Path, note: Note) -> Moved:
    """Follow into the folder with the drill key, then move; media are linked or copied."""
    public = (settings.folder / "record.pub").read_text(encoding="utf-8")
    following = Following(
        asked=Asked(
            data=target,
            shelves=(store,),
            identities=tuple(read_identities(settings.folder / "keys" / DRILL_KEY)),
            check=record_check(public),
            program=__version__,
        ),
        to="",
        clock=SystemClock(),
        chance=SystemChance(),
        note=note,
    )
    standing_by = asyncio.create_task(following.run())
    try:
        await _warm(standing_by, following)
        if standing_by.done():
            # An earlier command decided it and died: what was decided is there now.
            done = _moved_earlier(await standing_by, store)
        else:
            done = await _moved_now(settings, store)
            await standing_by
    finally:
        standing_by.cancel()
        await asyncio.gather(standing_by, return_exceptions=True)
    await asyncio.to_thread(_bring_files, settings.folder, target)
    return done


async def _moved_now(settings: Settings, store: Store) -> Moved:
    with _storage(settings) as storage:
        try:
            moving = Relocation(
                data=settings.folder,
                storage=storage,
                shelf=store,
                to="",
                clock=SystemClock(),
                chance=SystemChance(),
            )
            return await moving.run()
        finally:
            await storage.close()


def _moved_earlier(there: Restored, store: Store) -> Moved:
    return Moved(
        to="",
        store=store.name,
        generation=there.generation,
        through=there.sequence,
        frozen_s=0.0,
        served_s=None,
    )


async def _warm(task: asyncio.Task[Restored], following: Following) -> None:
    """Until the copy keeps up, or is the site, or has failed. Unavailable `standby_not_ready`."""
    try:
        async with asyncio.timeout(_WARM_S):
            while not following.ready.is_set() and not task.done():  # noqa: ASYNC110 - either
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise Unavailable(
            "standby_not_ready",
            "the copy does not come to have the whole journal: nothing is moved",
        ) from error
    if task.done():
        await task


def _bring_files(source: Path, target: Path) -> None:
    """Files of posts and notices: named by what is in them, so they may be shared by links."""
    for folder in _FOLDERS:
        for file in (source / folder).rglob("*"):
            wanted = target / file.relative_to(source)
            if file.is_file() and not wanted.exists():
                wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                try:
                    os.link(file, wanted)
                except OSError:
                    shutil.copyfile(file, wanted)


def _lines(done: Moved, target: str, settings: Settings) -> list[str]:
    lines = [
        f"moved      to {target}, through commit {done.through}, generation {done.generation}",
        f"frozen     {done.frozen_s:.2f} s: writes were told to come again, reads went on",
    ]
    if done.served_s is not None:
        lines.append(f"served     there after {done.served_s:.2f} s")
    elif done.to:
        lines.append("NOT SEEN   to answer there yet: look at the other host")
    lines += [f"NOT MOVED  a name or beacon: {code}" for code in done.not_switched]
    names = site_names.in_force(settings)
    if done.to and names.handle_domain:
        lines.append(f"handles    go on ending with @{names.handle_domain}; identities stay")
    if done.to:
        lines.append("next       leave this host on: it says where the site is now")
    else:
        lines += [
            "next       stop the site, then: venire fsck --data " + target,
            "           venire run --data " + target,
            f"           {settings.folder} takes no writes any more: keep it until you have looked",
        ]
    return lines


COMMANDS = (relocate,)
