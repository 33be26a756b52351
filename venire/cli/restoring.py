"""`venire restore`: a site from what lies elsewhere; read at three in the morning."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from venire import __version__
from venire.cases.erasure import erased_tables
from venire.cli import restore_reports
from venire.cli.options import json_option, print_result
from venire.cli.upgrading import noting
from venire.continuity.journal.identities import read_identities
from venire.continuity.recovery import restoring
from venire.continuity.recovery.following import Following
from venire.continuity.recovery.restoring import Asked, Note
from venire.kernel.chance import Chance, SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Invalid, Problem
from venire.server import backup_restoring, backup_sources, cluster_restoring, snapshotting
from venire.server.backup_sources import Access
from venire.server.cluster_restoring import Filled
from venire.server.settings import load_settings

_MS = 1_000
_file = click.Path(dir_okay=False, path_type=Path)


def _access(command: Any) -> Any:
    """The options by which an address is reached."""
    for option in (
        click.option("--settings", type=_file, default=None, help="A venire.toml with stores."),
        click.option("--endpoint", default="", help="Of an s3:// that is not Amazon's."),
        click.option("--region", default="", help="Of a bucket."),
        click.option("--key-id", default="", help="What the store knows you by."),
        click.option("--secret-file", default="", help="The file that its secret stands in."),
        click.option("--allow-http", is_flag=True, help="For a store on this machine alone."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--data", default="data", type=click.Path(file_okay=False), help="A new folder.")
@click.option("--check", is_flag=True, help="The drill: restore DATA's site, compare, throw away.")
@click.option("--prove-key", is_flag=True, help="Only see that the identity opens the backups.")
@click.option("--follow", is_flag=True, help="Stand by for `venire relocate`, then serve.")
@click.option("--base-url", default="", help="With --follow: where this host will be reached.")
@click.option("--host", default=None, help="With --follow: address to listen on.")
@click.option("--port", type=int, default=None, help="With --follow: port to listen on.")
@click.option("--beside", type=int, default=None, hidden=True)
@click.option("--identity", type=_file, default=None, help="The offline key (age identity).")
@click.option("--engine", type=click.Choice(["sqlite", "cql"]), default="sqlite")
@click.option("--cluster", default="", metavar="HOST:PORT/KEYSPACE", help="With --engine cql.")
@click.option("--prepare", is_flag=True, help="With --cluster: its tables alone, ahead of need.")
@click.option("--until", default=None, metavar="TIME", help="Not further: 2026-11-21T14:00:00Z.")
@click.option(
    "--checkpoint", "checkpoints", multiple=True, type=_file, help="One of the record, seen."
)
@click.option("--record-key", type=_file, default=None, help="record.pub from elsewhere: proof.")
@click.option("--leave-running", is_flag=True, help="Do not stop the old host: for a look only.")
@_access
@json_option
def restore(sources: tuple[str, ...], json_to: str | None, **words: Any) -> None:
    """Build a site from what lies in any of the SOURCEs, in a new folder; say what it has.

    A SOURCE is the name of a store in a settings file, an address, or a folder of a backup. With
    --engine cql and none, the cluster is filled from the site in DATA, which must not be running.
    """
    access = Access(**{name: words.pop(name) for name in Access.__struct_fields__})
    given = Given(sources=sources, access=access, json_to=json_to, **words)
    if given.check:
        snapshotting.step_aside(given.beside)
        restore_reports.check(given.data, sources, json_to)
        return
    if _cluster_alone(given):
        return
    if not sources:
        raise click.UsageError("SOURCE: where the backup is")
    local = backup_sources.local_backup(sources)
    if local is not None and not given.prove_key:
        _from_backup(given, local)
    elif given.identity is None:
        raise click.UsageError("--identity FILE: the offline key that the backup is encrypted to")
    elif given.prove_key:
        stores = backup_sources.open_sources(sources, given.settings, access)
        identities = read_identities(given.identity)
        restore_reports.prove(stores, identities, given.data, json_to)
    else:
        _from_stores(given, given.identity)


def _refuse_unused(given: Given) -> None:
    """What only a SOURCE can do is not passed over in silence."""
    asked = {
        "--until": given.until,
        "--prove-key": given.prove_key,
        "--checkpoint": given.checkpoints,
        "--record-key": given.record_key,
    }
    if unused := [word for word, value in asked.items() if value]:
        raise click.UsageError(f"{', '.join(unused)}: only with a SOURCE; none was given")


def _cluster_alone(given: Given) -> bool:
    """See to the cluster, where one is named; whether nothing else was asked for."""
    if (given.engine == "cql") != bool(given.cluster) or (given.cluster and given.follow):
        raise click.UsageError("--engine cql goes with --cluster HOST:PORT/KEYSPACE")
    if given.cluster and not given.sources:
        _refuse_unused(given)
    if given.prepare and (given.sources or not given.cluster):
        raise click.UsageError("--prepare goes with --engine cql --cluster, without a SOURCE")
    if not given.cluster:
        return False
    clock, chance = SystemClock(), SystemChance()
    if given.prepare or given.sources:
        # Refused now, and not once the site has been fetched.
        asyncio.run(cluster_restoring.prepare(given.cluster, clock, chance, make=given.prepare))
    if given.prepare:
        done = {"prepared": given.cluster}
        print_result(done, given.json_to, f"{given.cluster} has its tables")
    elif not given.sources:
        with noting(quiet=given.json_to == "-") as note:
            filled = _fill(given, chance, note)
        print_result({"cluster": msgspec.to_builtins(filled)}, given.json_to, _told(filled))
    return not given.sources


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed."""

    sources: tuple[str, ...]
    access: Access
    json_to: str | None
    data: str
    identity: Path | None
    engine: str
    cluster: str
    prepare: bool
    until: str | None
    checkpoints: tuple[Path, ...]
    record_key: Path | None
    settings: Path | None
    beside: int | None
    base_url: str
    host: str | None
    port: int | None
    follow: bool
    leave_running: bool
    check: bool
    prove_key: bool


def _from_backup(given: Given, backup: Path) -> None:
    """From a folder that `venire snapshot` made."""
    notes = tuple(path.read_bytes() for path in given.checkpoints)
    with noting(quiet=given.json_to == "-") as note:
        report = backup_restoring.restore_backup(backup, Path(given.data), notes, note)
    lines = backup_restoring.lines_of(report)
    print_result(msgspec.to_builtins(report), given.json_to, lines)


def _from_stores(given: Given, identity: Path) -> None:
    """From what a site ships."""
    if given.follow and not given.base_url:
        raise click.UsageError("--base-url URL: where this host will be reached")
    if given.follow:
        # What it will be served with, refused now and not once the site is here.
        wanted = {"base_url": given.base_url.rstrip("/"), "host": given.host, "port": given.port}
        load_settings({"data": given.data, **{k: v for k, v in wanted.items() if v is not None}})
    proof = None
    if given.record_key is not None:
        proof = restoring.record_check(given.record_key.read_text("utf-8", errors="replace"))
    shelves = backup_sources.open_sources(given.sources, given.settings, given.access)
    asked = Asked(
        data=Path(given.data),
        shelves=tuple(shelves[:1] if given.follow else shelves),
        identities=tuple(read_identities(identity)),
        erased=erased_tables(),
        check=proof,
        until_ms=None if given.until is None else _moment(given.until),
        checkpoints=tuple(path.read_bytes() for path in given.checkpoints),
        claim=not given.leave_running,
        program=__version__,
    )
    clock, chance = SystemClock(), SystemChance()
    with noting(quiet=given.json_to == "-") as note:
        if given.follow:
            standby = Following(asked, given.base_url.rstrip("/"), clock, chance, note)
            standby.inspect = restore_reports.warn_of_missing
            done = asyncio.run(standby.run())
        else:
            done = asyncio.run(restoring.restore(asked, clock, chance, note))
        filled = None
        if given.cluster:
            filled = _fill(given, chance, note)
    report = msgspec.to_builtins(done)
    report["missing"] = restore_reports.missing_files(Path(given.data))
    lines = restore_reports.lines_of(done)
    if filled is not None:
        report["cluster"] = msgspec.to_builtins(filled)
        lines.append(_told(filled))
    print_result(report, given.json_to, "\n".join(lines))
    if given.follow:
        _serve(given.data, given.base_url, given.host, given.port)


def _fill(given: Given, chance: Chance, note: Note) -> Filled:
    """The cluster out of the folder, which is whole by now whatever becomes of this."""
    folder, cluster = Path(given.data), given.cluster
    try:
        return asyncio.run(cluster_restoring.fill(folder, cluster, SystemClock(), chance, note))
    except (Problem, KeyboardInterrupt):
        go_on = f"venire restore --engine cql --cluster {cluster} --data {folder}"
        click.echo(f"{folder} is left as it is; the cluster alone, again: {go_on}", err=True)
        raise


def _told(filled: Filled) -> str:
    return f"cluster    {filled.rows} rows are in {filled.keyspace}"


def _serve(data: str, base_url: str, host: str | None, port: int | None) -> None:
    """Become the server of what was restored: nobody has to be there at that moment."""
    words = ["run", "--data", data, "--base-url", base_url.rstrip("/")]
    words += [] if host is None else ["--host", host]
    words += [] if port is None else ["--port", str(port)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "venire", *words])  # noqa: S606 - ourselves


def _moment(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("time_invalid", "--until: as 2026-11-21T14:00:00Z") from error
    if moment.tzinfo is None:
        raise Invalid("time_invalid", "--until: with its zone, as 2026-11-21T14:00:00Z")
    return int(moment.timestamp() * _MS)


COMMANDS = (restore,)
