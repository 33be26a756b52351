"""`venire demo`: a site with 10,000 posts, a notice handled live, and five links to try."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import click
import httpx

from venire.cases.views import mask_handles
from venire.cli.corpus import write_corpus
from venire.cli.drills import notice as notice_drill
from venire.cli.drills import people, site
from venire.cli.drills.figures import figures_table
from venire.cli.drills.jurors import Jurors
from venire.cli.drills.people import Member
from venire.cli.drills.score import score
from venire.cli.options import on_house
from venire.cli.progress import Stages
from venire.cli.recorded import written_out
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Unavailable
from venire.people import sessions
from venire.record.verify import verify_path

_PORT = 8000
_WITH_THE_VISITOR = 3
_THREAT = (
    "@demo_target We know where you live. We will come to your house tonight and burn it down with"
    " you inside."
)


@click.command()
@click.option("--once", is_flag=True, help="The same, then exit.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/demo"),
    show_default=True,
    help="Where the demo keeps its site; emptied at each start.",
)
@click.option("--port", type=int, default=_PORT, show_default=True)
@click.option("--rows", type=click.IntRange(1000, 100_000), default=10_000, show_default=True)
def demo(data: Path, port: int, rows: int, *, once: bool) -> None:
    """Fill a site, hand it a host's notice of 98 posts, watch it judged; then look around."""
    folder = data / "site"
    _empty(data)
    with Stages() as stages:
        stages.stage("Writing the corpus", None)
        corpus = data / "corpus"
        write_corpus(corpus, rows=rows, received_at_ms=SystemClock().now_ms())
        material = notice_drill.read_material(corpus, None, None, None)
        made = site.create_account(folder, "operator", "admin", "acceptance")
        admin = Member(made["username"], made["id"], made["access_token"])
        with site.running_site(folder, port=port) as url:
            run = asyncio.run(
                notice_drill.perform(url, material, admin, notice_drill.Options(), stages)
            )
            if run.jurors is None:
                raise Unavailable("drill_incomplete", "the drill ended without its jurors")
            shown = asyncio.run(_leave_open(url, run, admin, run.jurors))
        stages.stage("Verifying the record", None)
        with written_out(str(folder)) as prefix:
            report = verify_path(prefix, (folder / "record.pub").read_text().strip())
        figures = score(run, record_size=report.size, record_verified=True)
    click.echo("\nWhat happened\n" + figures_table(figures) + "\n")
    _serve(folder, port, shown, once=once)


def _empty(data: Path) -> None:
    """Empty the demo's own folder; never another's."""
    if (
        data.exists()
        and any(data.iterdir())
        and not (data / "site" / "acceptance-profile").exists()
    ):
        raise Unavailable("folder_not_ours", f"{data} holds something else: choose another --data")
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)


class Shown(dict[str, Any]):
    """Who to be, and where to look, in each of the five links."""


async def _leave_open(url: str, run: notice_drill.Run, admin: Member, jurors: Jurors) -> Shown:
    """Leave a case open for a visitor: a fresh threat, held, with a summons to answer.

    Everyone but three jurors leaves the pool first, so that the lot must fall on the visitor.
    """
    async with people.open_client(url) as client:
        app = await people.app_token(client)
        names = ["demo_author", "demo_target", "demo_juror"]
        members = await people.sign_up(client, app, names, lambda _: None)
        ids = {name: await people.whoami(client, members[name]) for name in names}
        panel = jurors.pool[:_WITH_THE_VISITOR]
        for juror in jurors.pool[_WITH_THE_VISITOR:]:
            await people.answer(client, "POST", "/api/v1/jury/opt_out", juror)
        await people.answer(
            client, "POST", "/api/v1/jury/opt_in", members["demo_juror"], json={"consent": True}
        )
        await people.answer(client, "POST", "/api/v1/admin/epochs", admin)
        made = await people.answer(
            client,
            "POST",
            "/api/v1/statuses",
            members["demo_author"],
            json={"status": _THREAT, "visibility": "public", "language": "en"},
        )
        case = await _case_of(client, admin, made["id"])
        others = dataclasses.replace(
            jurors,
            client=client,
            pool=panel,
            bench=(),
            truth={mask_handles(_THREAT): True},
            accuracy=1.0,
        )
        await _until_visitor_is_asked(client, members["demo_juror"], others)
        return Shown(ids=ids, post=made["id"], case=case, notice=run.notice_ref, admin=admin.id)


async def _until_visitor_is_asked(
    client: httpx.AsyncClient, visitor: Member, others: Jurors
) -> None:
    """The other three vote; the case then waits for the visitor's ballot alone."""
    stop = asyncio.Event()
    serving = asyncio.create_task(others.serve(stop))
    try:
        for _ in range(100):
            if others.failure is not None:
                raise others.failure
            waiting = await people.answer(client, "GET", "/api/v1/jury/summons", visitor)
            if waiting and len(others.cast) >= _WITH_THE_VISITOR:
                return
            await asyncio.sleep(0.2)
    finally:
        stop.set()
        await asyncio.gather(serving, return_exceptions=True)


async def _case_of(client: httpx.AsyncClient, admin: Member, post_id: str) -> str:
    for _ in range(50):
        queue = await people.answer(client, "GET", "/api/v1/admin/queue", admin)
        for case in queue:
            if case["subject_id"] == post_id and case["hold"] == "held":
                return str(case["case"])
        await asyncio.sleep(0.2)
    return ""


def _serve(folder: Path, port: int, shown: Shown, *, once: bool) -> None:
    """Serve the folder in the default profile, for people; five one-time links."""
    url = f"http://127.0.0.1:{port}"
    links = on_house(lambda house: _links(house.world, shown), data=str(folder))
    notice = f"/notices/{shown['notice']}"
    lines = [
        ("as the author of a held post", f"{url}/link/{links['author']}?to=/inbox"),
        ("as the person it is aimed at", f"{url}/link/{links['target']}?to=/inbox"),
        ("as a juror", f"{url}/link/{links['juror']}?to=/jury"),
        ("as the desk the host waits for", f"{url}/link/{links['operator']}?to={notice}"),
        ("as an outsider who verifies", f"{url}/record"),
    ]
    command = f"venire verify record {url} --key {folder / 'record.pub'}"
    with site.running_site(folder, profile="default", port=port):
        click.echo(f"The site is at {url}. Five ways in (each link signs in once):\n")
        for name, link in lines:
            click.echo(f"  {name:<33}{link}")
        click.echo(f"\n  {command}\n")
        if once:
            return
        click.echo("It stays up until Ctrl-C.")
        _wait()


async def _links(world: Any, shown: Shown) -> dict[str, str]:
    ids = shown["ids"]
    who = {
        "author": ids["demo_author"],
        "target": ids["demo_target"],
        "juror": ids["demo_juror"],
        "operator": shown["admin"],
    }
    return {name: await sessions.make_sign_in_link(world, int(one)) for name, one in who.items()}


def _wait() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        sys.stderr.write("\nstopping\n")
