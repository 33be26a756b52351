"""`venire import csv`, `import archive`, `export account`: for a member, by the operator."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from venire.api.entities.moving import build_import
from venire.cases.exports import write_archive
from venire.cli.options import data_option, json_option, on_house, print_result
from venire.cli.progress import bar
from venire.kernel.errors import NotFound
from venire.people.model import DELETED, Account
from venire.people.store import find_by_handle
from venire.posts.moving import actions, steps, store
from venire.posts.moving.model import (
    ARCHIVE,
    MODES,
    REMOVING,
    SPELLINGS,
    TIES,
    WORKING,
    Import,
)
from venire.posts.moving.opening import GIBIBYTE, Bounds
from venire.server.wiring import House

_BOUNDS = Bounds(packed=64 * GIBIBYTE, unpacked=128 * GIBIBYTE)
"""Whoever may write to the data folder may bring in more than a member may send."""
_PAUSE_S = 0.2
_NAMES = sorted({*TIES, *SPELLINGS})


async def _account(house: House, name: str) -> Account:
    found = await find_by_handle(house.world, name.removeprefix("@"))
    if found is None or found.state == DELETED:
        raise NotFound("account_not_found", f"there is no account {name}")
    return found


@click.group("import")
def import_group() -> None:
    """Bring along what a member had elsewhere."""


@import_group.command("csv")
@click.argument("kind", type=click.Choice(_NAMES))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "name", required=True, help="Whose it is.")
@click.option(
    "--mode", type=click.Choice(MODES), default=MODES[0], help="Keep what is there, or not."
)
@data_option
@json_option
def import_csv(
    kind: str, file: Path, name: str, mode: str, data: str | None, json_to: str | None
) -> None:
    """Bring along follows, blocks, mutes, lists, bookmarks, domain blocks or filters."""

    async def act(house: House) -> list[Import]:
        account = await _account(house, name)
        content = await asyncio.to_thread(file.read_bytes)
        begun = await actions.begin_file(house.court.media, account.id, kind, content, mode=mode)
        return [await _finish(house, begun)]

    _print(on_house(act, data=data), json_to)


@import_group.command("archive")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "name", required=True, help="Whose it is.")
@data_option
@json_option
def import_archive(file: Path, name: str, data: str | None, json_to: str | None) -> None:
    """Bring along an archive, Mastodon's or ours (.zip, .tar.gz): posts with their dates, media."""

    async def act(house: House) -> list[Import]:
        account = await _account(house, name)
        cut_off = await _open_imports(house, account)
        before = [await _finish(house, one) for one in cut_off]
        with file.open("rb") as archive:
            size = os.fstat(archive.fileno()).st_size
            begun = await actions.begin_archive(
                house.court.media, account.id, archive, size, _BOUNDS
            )
        return [*before, *[await _finish(house, one) for one in begun]]

    _print(on_house(act, data=data), json_to)


async def _open_imports(house: House, account: Account) -> list[Import]:
    """Imports of an account that were cut off, if no site runs that goes on with them."""
    if not house.leader.acquire():
        return []
    there = await store.imports_of(house.world, account.id)
    return [one for one in reversed(there) if one.state in {WORKING, REMOVING}]


async def _finish(house: House, begun: Import) -> Import:
    """Work on an import until its end; where a site runs beside, it does, and this looks on."""
    alone = house.leader.acquire()
    one = begun
    with bar(begun.kind) as tell:
        while not one.ended:
            if alone:
                one = await steps.step(house.court.media, one.account_id, one.id, alone=True)
            else:
                await asyncio.sleep(_PAUSE_S)
                one = await store.load(house.world, one.account_id, one.id)
            tell(one.place - one.start, max(1, one.stop - one.start))
            if one.paused_until_ms is not None and one.paused_until_ms > house.world.now_ms():
                break
    return one


def _print(ended: list[Import], json_to: str | None) -> None:
    shown = [msgspec.structs.asdict(build_import(one)) for one in ended]
    print_result({"imports": shown}, json_to, "\n".join(_line(one) for one in shown))


def _line(one: dict[str, Any]) -> str:
    left_out = {**one["skipped"], **one["refused"]}
    parts = [
        f"{one['type']:<16} {one['state']:<8} {one['brought']} brought",
        f"{one['there']} there already" if one["there"] else "",
        f"{one['waiting']} wait for other sites" if one["waiting"] else "",
        f"{one['removed']} removed" if one["removed"] else "",
        f"{one['media']} media" if one["type"] == ARCHIVE else "",
        f"{one['media_missing']} media missing" if one["media_missing"] else "",
        f"until {one['paused_until']}: a running site goes on then" if one["paused_until"] else "",
        *(f"{count} {code}" for code, count in sorted(left_out.items())),
    ]
    return ", ".join(part for part in parts if part)


@click.group("export")
def export_group() -> None:
    """Write out what is somebody's."""


@export_group.command("account")
@click.argument("name")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@json_option
def export_account(name: str, out: Path, data: str | None, json_to: str | None) -> None:
    """Write everything of an account into OUT, a .tar.gz: posts, media, ties, its data."""
    if out.exists():
        raise click.BadParameter(f"{out} is there already", param_hint="OUT")

    async def act(house: House) -> dict[str, Any]:
        account = await _account(house, name)
        fresh = out.with_name(f".{out.name}.part")
        try:
            # Nobody else on this machine reads it.
            handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w+b") as file:
                done = await write_archive(house.court, account, file)
                size = file.tell()
            await asyncio.to_thread(fresh.rename, out)
        finally:
            fresh.unlink(missing_ok=True)
        return {
            "account": account.username,
            "file": str(out),
            "size": size,
            "posts": done.posts,
            "media": done.media,
            "left_out": done.left_out,
        }

    made = on_house(act, data=data)
    readable = (
        f"@{made['account']}: {made['posts']} posts, {made['media']} media, {made['size']} bytes"
    )
    print_result(made, json_to, readable)


COMMANDS = (import_group, export_group)
