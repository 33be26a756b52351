"""`venire upgrade` and `venire snapshot`: forward, back, and a copy to keep elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from venire.cli.options import data_option, json_option, print_result
from venire.cli.progress import Stages
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.errors import NotFound, Problem
from venire.server import backups, snapshotting, upgrading
from venire.server.backups import Note
from venire.server.settings import Settings, load_settings
from venire.storage.engines.sqlite_upkeep import FACTS, Told


@contextlib.contextmanager
def noting(*, quiet: bool) -> Iterator[Note]:
    """Parts of long work, shown on standard error as they begin and go on."""
    with Stages(quiet=quiet) as stages:

        def note(name: str) -> Told:
            stages.stage(name, None)
            seen = 0

            def told(done: int, _total: int) -> None:
                nonlocal seen
                stages.step(done - seen)
                seen = done

            return told

        yield note


def _settings(data: str | None) -> Settings:
    settings = load_settings({"data": data})
    if not (settings.folder / FACTS).exists():
        raise NotFound(
            "site_not_there", f"there is no site in {settings.folder}: name its folder with --data"
        )
    return settings


@click.command()
@data_option
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--back", is_flag=True, help="Go back to the newest backup; nothing is deleted.")
@click.option("--backup", "name", default=None, metavar="NAME", help="With --back: this backup.")
@click.option(
    "--discard-newer",
    is_flag=True,
    help="With --back: even where entries of the public record are lost.",
)
@json_option
def upgrade(
    data: str | None,
    name: str | None,
    json_to: str | None,
    *,
    dry_run: bool,
    back: bool,
    discard_newer: bool,
) -> None:
    """Bring the data forward to this program's version, after a backup; or go back."""
    if not back and (name is not None or discard_newer):
        raise click.UsageError("--backup and --discard-newer go with --back")
    settings = _settings(data)
    if back:
        _back(settings, name, json_to, dry_run=dry_run, discard=discard_newer)
    elif dry_run:
        planned = upgrading.plan(settings.folder)
        print_result(msgspec.structs.asdict(planned), json_to, _plan_lines(planned))
    else:
        with noting(quiet=json_to == "-") as note:
            done = upgrading.upgrade(settings, note=note)
        print_result(msgspec.structs.asdict(done), json_to, _done_lines(done))


def _plan_lines(planned: upgrading.Plan) -> str:
    if not planned.steps:
        return f"The data has version {planned.found}: there is nothing to do."
    return "\n".join(
        [
            f"The data has version {planned.found}, this program needs {planned.known}.",
            *(f"  step {step}" for step in planned.steps),
            f"A backup takes {planned.needed >> 20} MB, {planned.free >> 20} MB are free.",
            f"Stop the site, then: venire upgrade --data {planned.data}",
        ]
    )


def _done_lines(done: upgrading.Done) -> str:
    if not done.steps:
        return f"The data has version {done.found}: there was nothing to do."
    return "\n".join(
        [
            f"upgraded   version {done.found} to {done.version}",
            *(f"  step     {step}" for step in done.steps),
            f"record     {done.record} entries, sound",
            f"backup     {done.backup}",
            *(f"removed    {name}, an older backup" for name in done.removed),
            f"the way back, before the site runs again: venire upgrade --back --data {done.data}",
        ]
    )


def _back(
    settings: Settings, name: str | None, json_to: str | None, *, dry_run: bool, discard: bool
) -> None:
    with noting(quiet=json_to == "-") as note:
        gone = upgrading.go_back(settings, name=name, discard=discard, only_look=dry_run, note=note)
    would = "would go" if dry_run else "went"
    lines = [
        f"{would} back to {gone.backup}, version {gone.version}",
        f"lost       {gone.lost_commits} changes, {gone.lost_entries} entries of the record",
    ]
    if gone.aside is not None:
        lines.append(f"kept       what was there before: {gone.aside}")
    lines.append(f"install venire {gone.program} before you start the site: this one goes forward")
    print_result(msgspec.structs.asdict(gone), json_to, "\n".join(lines))


@click.command()
@data_option
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="The folder to put it in (DATA/backups).",
)
@click.option("--ship-only", is_flag=True, help="To the stores of the settings alone.")
@click.option("--store", "only", multiple=True, help="Ship to this one alone; may be given again.")
@click.option("--beside", type=int, default=None, hidden=True)
@json_option
def snapshot(
    data: str | None,
    to: Path | None,
    beside: int | None,
    json_to: str | None,
    *,
    ship_only: bool,
    only: tuple[str, ...],
) -> None:
    """Copy a site while it runs: database, files, settings; not its keys, which it names.

    Where the settings name stores, a snapshot is shipped to each of them besides.
    """
    snapshotting.step_aside(beside)
    settings = _settings(data)
    if ship_only:
        shipped = _ship(settings, only)
        print_result({"shipped": shipped}, json_to, "\n".join(_shipped_lines(shipped)))
        return
    with noting(quiet=json_to == "-") as note:
        made = backups.take(
            settings.folder,
            now_ms=SystemClock().now_ms(),
            chance=SystemChance(),
            reason="snapshot",
            into=to,
            objects=True,
            note=note,
        )
        known = backups.read(made)
    shipped = _ship_too(settings, only)
    readable = "\n".join(
        [
            f"snapshot   {made}",
            f"database   version {known.version}, {known.record} entries of the record",
            f"files      {known.objects}",
            f"apart      keys/{', keys/'.join(known.keys)}: keep copies elsewhere (docs/keys.md)",
            *_shipped_lines(shipped),
        ]
    )
    result = {"path": str(made), **msgspec.to_builtins(known)}
    if settings.stores:
        result["shipped"] = shipped
    print_result(result, json_to, readable)


def _ship(settings: Settings, only: tuple[str, ...]) -> list[dict[str, Any]]:
    """A snapshot to every store, or to these alone; NotFound `no_stores` where there is none."""
    done = asyncio.run(snapshotting.ship_snapshot(settings, SystemClock(), SystemChance(), only))
    return [msgspec.to_builtins(one) for one in done]


def _ship_too(settings: Settings, only: tuple[str, ...]) -> list[dict[str, Any]]:
    """The same beside a copy that is made: where that fails, the copy is there all the same."""
    if not settings.stores:
        return []
    try:
        return _ship(settings, only)
    except Problem as problem:
        return [{"store": one.name, "error": problem.code} for one in settings.stores]


def _shipped_lines(shipped: list[dict[str, Any]]) -> list[str]:
    return [
        f"NOT SENT   to {one['store']}: {one['error']}"
        if one["error"]
        else f"shipped    to {one['store']}: {one['sent_parts']} of {one['parts']} parts,"
        f" {one['sent'] / (1 << 20):.1f} MB"
        for one in shipped
    ]


COMMANDS = (upgrade, snapshot)
