"""`venire run`, `venire fsck`."""

from __future__ import annotations

from typing import Any

import click

from venire.cli.loading import loading
from venire.cli.options import data_option, json_option, on_house, print_result, profile_option
from venire.kernel.errors import Invalid, Unavailable
from venire.record.fsck import check_record
from venire.server.settings import load_settings
from venire.server.wiring import House
from venire.treasury import auditing


@click.command()
@data_option
@click.option("--host", default=None, help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, default=None, help="Port to listen on (8000).")
@profile_option
@click.option("--workers", type=int, default=None, help="Processes (two where there are cores).")
@click.option("--role", type=click.Choice(["all", "web", "worker"]), default="all")
@click.option("--base-url", default=None, help="Where people reach the site.")
@click.option("--joins", type=int, default=None, hidden=True)
def run(
    data: str | None,
    host: str | None,
    port: int | None,
    profile: str | None,
    workers: int | None,
    role: str,
    base_url: str | None,
    joins: int | None,
) -> None:
    """Serve a site."""
    if role != "all":
        raise Invalid("role_not_here", "this version runs every role in each process: --role all")
    with loading():
        from venire.server.run import run as serve

    settings = load_settings(
        {
            "data": data,
            "host": host,
            "port": port,
            "profile": profile,
            "base_url": base_url,
            "workers": workers,
        }
    )
    serve(settings, joins=joins)


@click.command()
@data_option
@json_option
def fsck(data: str | None, json_to: str | None) -> None:
    """Recompute the record and the jurors' books from their entries, and say what differs."""
    report = on_house(_look, data=data)
    books = report["books"]
    problems = [*report["problems"], *books["problems"]]
    readable = "\n".join(
        [
            f"record      {report['entries']} entries, root {report['root'][:16]}…",
            f"books       {books['entries']} entries",
            *(f"PROBLEM     {problem}" for problem in problems),
            "sound" if not problems else "NOT SOUND",
        ]
    )
    print_result(report, json_to, readable)
    if report["problems"]:
        raise Unavailable("record_not_sound", f"{len(report['problems'])} problems were found")
    if books["problems"]:
        raise Unavailable(
            "books_not_sound",
            f"{len(books['problems'])} problems were found: pay nothing out before you know why",
        )


async def _look(house: House) -> dict[str, Any]:
    """What is wrong with a site's record and its books; beside a running server too."""
    report = await check_record(house.world, house.court.sequencer)
    books = await auditing.audit(house.world.storage)
    return {**report, "books": {"entries": books.entries, "problems": books.faults}}


COMMANDS = (run, fsck)
