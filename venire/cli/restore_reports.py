"""What a restore, a drill and the proof of a key have to say to a person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from venire.cli.options import on_house, print_result
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import restore_drills, sources
from venire.continuity.recovery.restoring import Restored
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Unavailable
from venire.server import snapshotting
from venire.server.wiring import House


def check(data: str, only: tuple[str, ...], json_to: str | None) -> None:
    """The drill, now. Unavailable `restore_drill_failed`."""

    async def act(house: House) -> list[dict[str, Any]]:
        rows = await snapshotting.drill_now(house.settings, house.world, only)
        return snapshotting.told_of(rows)

    rows = on_house(act, data=data)
    lines = [
        f"{'restored  ' if row['passed'] else 'FAILED    '} {row['store']}:"
        f" commit {row['reached']} of {row['through']}, {row['rows']} rows,"
        f" {row['record_size']} entries, {row['seconds']:.1f} s {row['code']}"
        for row in rows
    ]
    print_result({"drills": rows}, json_to, "\n".join(lines))
    failed = [row["store"] for row in rows if not row["passed"]]
    if failed:
        raise Unavailable(
            "restore_drill_failed",
            "the site could not be restored from every store: docs/continuity.md, Drills",
            stores=failed,
        )


def prove(
    stores: Sequence[Store], identities: Sequence[Any], data: str, json_to: str | None
) -> None:
    """See whether the offline key opens what lies in the stores; note the day in DATA's site."""
    found = asyncio.run(sources.look(stores))
    proven = {
        one.shelf.name: restore_drills.proven_by(one.snapshots[0], identities)
        for one in found
        if one.snapshots
    }
    unproven = {one.shelf.name: one.error or "no snapshot" for one in found if not one.snapshots}
    mine = sorted({recipient for keys in proven.values() for recipient in keys})
    noted = (Path(data) / "venire.db").exists()
    if noted:
        on_house(lambda house: restore_drills.note_proven(house.world, mine), data=data)
    lines = [f"opens      {name}: {', '.join(keys)}" for name, keys in proven.items()]
    lines += [f"NOT PROVEN {name}: {why}" for name, why in unproven.items()]
    lines.append("noted      today, in " + data if noted else "not noted: there is no site in DATA")
    print_result(
        {"proven": proven, "unproven": unproven, "noted": noted}, json_to, "\n".join(lines)
    )


def _key_line(public: Path) -> list[str]:
    """Whose site it is: a store could have made up another one."""
    try:
        return [f"signed by  {public.read_text('utf-8', errors='replace').strip()}"]
    except OSError:
        return ["signed by  nobody: there is no record.pub in this backup"]


def missing_files(data: Path) -> list[str]:
    """Files that the restored settings name and that lay where no backup takes them from."""
    try:
        written = msgspec.toml.decode((data / "venire.toml").read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    return sorted({name for name in _named(written) if not (data / name).is_file()})


def warn_of_missing(folder: Path) -> None:
    """While there is time: a site that is moved here would not start without them."""
    for name in missing_files(folder):
        click.echo(f"MISSING    {name}: move it into DATA/keys on the old host", err=True)


def _named(written: object) -> Iterator[str]:
    if isinstance(written, dict):
        for key, value in written.items():
            if not isinstance(value, str):
                yield from _named(value)
            elif value and (key.endswith("_file") or key == "policy"):
                yield value
    elif isinstance(written, list):
        for value in written:
            yield from _named(value)


def lines_of(done: Restored) -> list[str]:
    """What a tired operator needs: what is there, what is not, what to type next."""
    begun = f"{done.snapshot} of {done.store}, then {done.applied} commits of the journal"
    lines = [
        f"restored   {done.site} into {done.data}, {done.bytes >> 20} MB in {done.seconds:.1f} s",
        f"from       {begun}",
        f"through    commit {done.sequence}, {iso_ms(done.newest_ms)}",
        f"record     {done.record.size} entries, {done.record.origin}",
        *_key_line(Path(done.data) / "record.pub"),
    ]
    if done.finished_earlier:
        lines.append("           (an earlier run had done all but the last step)")
    if done.lost is not None:
        lost = done.lost
        when = f", {iso_ms(lost.upto_ms)}" if lost.upto_ms else ""
        lines += [
            f"LOST       commits {lost.after + 1} to {lost.upto}{when}: {lost.code}",
            *(f"           {path}" for path in lost.paths),
            "           give every other store as a further SOURCE, into another --data;",
            "           to start this one is to accept the loss, and stops the old host",
        ]
    if done.record.why:
        lines += [
            f"RECORD     {done.record.seen} entries were seen, this backup is {done.record.why}:",
            "           a new record begins. Publish its key: DATA/record.pub",
        ]
    lines += [f"damaged    {one.store}: {one.path} ({one.code})" for one in done.damaged]
    lines += [f"no answer  {name} ({code})" for name, code in done.unreachable.items()]
    if done.unclaimed:
        names = ", ".join(done.unclaimed)
        lines.append(f"NOT TOLD   {names}: make sure that the old host is off before you serve")
    lines += [
        f"MISSING    {name}: the settings name it, and it is in no backup: put your copy there"
        for name in missing_files(Path(done.data))
    ]
    if done.erased.commits:
        lines.append(f"erased     {done.erased.commits} later erasures carried out")
    return [
        *lines,
        f"next       venire fsck --data {done.data}",
        f"           venire run --data {done.data}",
        "           then look at the site, and point its name here (docs/continuity.md)",
    ]
