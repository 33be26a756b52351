"""Drills of machines and stores: what lies elsewhere is all that is left."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pyrage

from venire.cli.drills import site
from venire.cli.drills.people import open_client
from venire.cli.drills.vendors import population as people
from venire.cli.drills.vendors.population import Life, Population
from venire.cli.drills.vendors.shelves import Shelf
from venire.cli.drills.vendors.stage import Caller, Serving, Stage, wait_until, write_settings
from venire.kernel.errors import Unavailable

THREATS: Final = 4
OPEN: Final = 3
"""Cases that wait for their panels when the vendor goes."""
_AUTHORS: Final = 20
_JURORS: Final = 14
_LOOKED_AT_S: Final = 900.0


def offline_key(stage: Stage) -> tuple[Path, str]:
    """A key for backups that lies away from the site: its file, and what is public of it."""
    identity = pyrage.x25519.Identity.generate()
    file = stage.folder / "offline.key"
    file.touch(mode=0o600)
    file.write_text(f"{identity}\n")
    return file, str(identity.to_public())


@contextmanager
def living(url: str, population: Population) -> Iterator[Life]:
    """Posts are written in a thread of their own while the block runs."""
    life = Life(url, population)
    thread = threading.Thread(target=lambda: asyncio.run(life.go_on()), daemon=True)
    thread.start()
    try:
        yield life
    finally:
        life.stop()
        thread.join(30)


async def judge(url: str, population: Population, *, least: int = 1, most_s: float = 60.0) -> int:
    """Let the jurors answer until no case of theirs is open; how many are decided by then.

    `least`: so many cases are waited for; the first may be decided before the last is opened.
    """
    known = population.known
    async with open_client(url) as client:
        jurors = population.judges(client)
        stop = asyncio.Event()
        serving = asyncio.create_task(jurors.serve(stop))
        decided: set[str] = set()
        until_s = asyncio.get_running_loop().time() + most_s
        while asyncio.get_running_loop().time() < until_s and not serving.done():
            await asyncio.sleep(0.5)
            cases = {one.case for one in jurors.cast}
            for case in cases - decided:
                if (await client.get(f"/api/v1/cases/{case}")).json().get("verdict"):
                    decided.add(case)
            if len(decided) >= least and cases <= decided:
                break
        stop.set()
        await serving
        known.ballots += [(one.case, one.juror) for one in jurors.cast]
    await people.note_verdicts(url, population)
    return len(decided)


def inhabit(stage: Stage, data: Path, serving: Serving, posts: int) -> Population:
    """People, posts, open cases, some of them judged already."""
    admin = stage.account(data, "keeper", "admin")
    population = asyncio.run(
        people.settle_people(serving.url, admin, authors=_AUTHORS, jurors=_JURORS)
    )
    write_days(stage, serving, population, posts)
    busy(stage, serving, population)
    return population


def write_days(stage: Stage, serving: Serving, population: Population, posts: int) -> None:
    """Posts that nobody judges, as many as asked for."""
    people.post_many(
        serving.url,
        population,
        [f"An ordinary day, number {number}: rain, then sun." for number in range(posts)],
    )
    admin = stage.caller(serving.url, population.admin)
    wait_until(
        "every post is looked at",
        lambda: bool(admin.ask("GET", "/api/v1/admin/health")["drained"]),
        most_s=_LOOKED_AT_S,
        every_s=0.5,
    )
    stage.log.step("people and posts are there", note=f"{posts} posts")


def busy(stage: Stage, serving: Serving, population: Population) -> None:
    """Cases, some of them judged, some open."""
    asyncio.run(people.post_threats(serving.url, population, 0, THREATS))
    asyncio.run(judge(serving.url, population, least=THREATS))
    known = population.known
    stage.log.step(
        "jurors at work",
        good=bool(known.verdicts),
        note=f"{len(known.ballots)} ballots, {len(known.verdicts)} verdicts",
    )
    asyncio.run(people.post_threats(serving.url, population, THREATS, OPEN))


def pull_the_plug(serving: Serving) -> None:
    """The machine is gone between two instructions: nothing of the site says goodbye."""
    group = os.getpgid(serving.process.pid)
    if group != os.getpgid(0):
        os.killpg(group, signal.SIGKILL)
    else:
        for pid in [*_children(serving.process.pid), serving.process.pid]:
            os.kill(pid, signal.SIGKILL)
    serving.process.wait()


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [one for text in found for one in (*_children(int(text)), int(text))]


def restored(stage: Stage, source: Shelf, key: Path, name: str, *, acceptance: bool = True) -> Path:
    """A new folder, built from a store alone."""
    data = stage.folder / name
    where = ("--data", str(data), "--identity", str(key), "--json", "-")
    site.run_command("restore", *source.source, *where)
    # A restore takes an empty folder; the drill's profile takes one with its mark alone.
    return stage.data(name, acceptance=acceptance)


def takes_posts(url: str, population: Population) -> bool:
    """Whether somebody can write, and read what was written."""
    caller = Caller(url, population.authors[0], timeout_s=5)
    text = f"We are back, note {next(population.numbers)}."
    try:
        made = caller.ask("POST", "/api/v1/statuses", json={"status": text})
        shown = caller.ask("GET", f"/api/v1/statuses/{made['id']}")
    except (Unavailable, httpx.HTTPError):
        return False
    finally:
        caller.client.close()
    population.known.posts[made["id"]] = text
    return text in shown["content"]


def count(stage: Stage, url: str, population: Population) -> None:
    """Add up what was lost of what was acknowledged."""
    for name, lost in asyncio.run(people.count_lost(url, population)).items():
        stage.log.lost[name] += lost
    known = population.known
    stage.log.step(
        "looked for everything that was acknowledged",
        good=not any(stage.log.lost.values()),
        note=f"{len(known.background) + len(known.posts)} posts, {len(known.ballots)} ballots,"
        f" {len(known.verdicts)} verdicts, {len(known.entries)} entries of the record",
    )


def host_and_bucket_a_gone(stage: Stage) -> None:
    """The machine and the first store vanish at work; a new one is built from the other store."""
    key, public = offline_key(stage)
    data = stage.data()
    plain = {"durable": "remote", "backup_recipients": [public], "workers": 1}
    first, other = stage.shelf(data, "a"), stage.shelf(data, "b")
    write_settings(data, plain, first.block, other.block)
    serving = stage.serve(data)
    population = inhabit(stage, data, serving, 500)
    with living(serving.url, population):
        wait_until("posts under way", lambda: len(population.known.posts) > 3 * THREATS)
        pull_the_plug(serving)
        first.vanish()
        stage.log.gone("the machine and the first store")
    wait_until("the loss is seen", lambda: not takes_posts(serving.url, population))
    stage.log.detected()
    new = restored(stage, other, key, "new")
    stage.log.step("restored from the other store")
    again = stage.serve(new)
    wait_until("the new site takes posts", lambda: takes_posts(again.url, population))
    stage.log.switched()
    count(stage, again.url, population)
    decided = asyncio.run(judge(again.url, population, least=OPEN))
    stage.log.step("open cases go on", good=decided >= OPEN, note=f"{decided} decided")
    stage.log.step("sound", good="sound" in site.run_command("fsck", "--data", str(new)))
