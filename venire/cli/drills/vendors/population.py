"""A site with people on it, and a list of everything that it acknowledged to them.

What a drill may lose is counted from this list alone: whatever was answered with a success must be
there afterwards, whichever machine answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import time
from collections.abc import Sequence
from typing import Any, Final

import httpx

from venire.cases.views import mask_handles
from venire.cli.benchmarks.driver import open_driver, plan_for
from venire.cli.benchmarks.load import Call
from venire.cli.benchmarks.shape import post_call
from venire.cli.demo_corpus import written_posts
from venire.cli.drills.entries import record_lines
from venire.cli.drills.jurors import Jurors
from venire.cli.drills.people import Member, answer, app_token, call, open_client, sign_up, whoami
from venire.kernel.errors import Unavailable

_AT_ONCE: Final = 32
_TOGETHER: Final = 1_000
_PAUSE_S: Final = 0.02
_MISSED: Final = 10


@dataclasses.dataclass
class Acknowledged:
    """What the site said yes to. `background`: ids of public posts that nobody judges.

    `posts`: others, id to text. `verdicts`: case to what was decided.
    """

    background: list[str] = dataclasses.field(default_factory=list)
    posts: dict[str, str] = dataclasses.field(default_factory=dict)
    ballots: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    threats: dict[str, Member] = dataclasses.field(default_factory=dict)
    verdicts: dict[str, str] = dataclasses.field(default_factory=dict)
    payments: set[str] = dataclasses.field(default_factory=set)
    entries: list[dict[str, Any]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Population:
    """The people of a drill's site, by what they do there."""

    authors: list[Member]
    jurors: list[Member]
    bench: list[Member]
    admin: Member
    known: Acknowledged = dataclasses.field(default_factory=Acknowledged)
    numbers: itertools.count[int] = dataclasses.field(default_factory=itertools.count)

    def judges(self, client: httpx.AsyncClient) -> Jurors:
        """Those who answer their summons, all of them right."""
        truth = {mask_handles(row.text): row.violates for row in written_posts()}
        return Jurors(
            client=client,
            pool=self.jurors,
            bench=self.bench,
            truth=truth,
            mask=mask_handles,
            accuracy=1.0,
            bench_accuracy=1.0,
        )


async def settle_people(
    url: str, admin: Member, *, authors: int, jurors: int, bench: int = 2
) -> Population:
    """Sign everyone up, seat the jurors, freeze a pool."""
    names = {
        "author": [f"author_{number}" for number in range(authors)],
        "juror": [f"juror_{number}" for number in range(jurors)],
        "bench": [f"bench_{number}" for number in range(bench)],
    }
    async with open_client(url) as client:
        app = await app_token(client)
        everyone = [name for some in names.values() for name in some]
        members = await sign_up(client, app, everyone, lambda _count: None)
    of = {role: [members[name] for name in some] for role, some in names.items()}
    population = Population(of["author"], of["juror"], of["bench"], admin)
    await seat(url, population)
    return population


async def seat(url: str, population: Population) -> None:
    """Let the jurors consent, seat the bench, freeze a pool."""
    async with open_client(url) as client:
        for juror in population.jurors:
            asked = {"consent": True}
            await answer(client, "POST", "/api/v1/jury/opt_in", juror, json=asked)
        for judge in population.bench:
            seated = {"account_id": await whoami(client, judge), "bench": True}
            await answer(client, "POST", "/api/v1/admin/jurors", population.admin, json=seated)
        await answer(client, "POST", "/api/v1/admin/epochs", population.admin)


def post_many(url: str, population: Population, texts: Sequence[str]) -> None:
    """Publish texts, each acknowledged one noted. Unavailable `seeding_failed`."""
    authors = population.authors
    calls = [post_call(authors[place % len(authors)], text) for place, text in enumerate(texts)]
    with open_driver() as driver:
        outcome = driver.run(plan_for(url, calls, keep_ids=True))
    if outcome.failures:
        raise Unavailable("seeding_failed", outcome.failed[0], failures=outcome.failures)
    population.known.background += outcome.ids


async def post_threats(url: str, population: Population, first: int, count: int) -> None:
    """Publish texts that a detector holds, so that panels are drawn; each one noted."""
    threats = [row.text for row in written_posts() if row.violates][first : first + count]
    async with open_client(url) as client:
        for number, text in enumerate(threats):
            author = population.authors[number % len(population.authors)]
            made = await answer(client, "POST", "/api/v1/statuses", author, json={"status": text})
            population.known.posts[made["id"]] = text
            population.known.threats[made["id"]] = author


def count_gone(url: str, ids: Sequence[str]) -> int:
    """How many of these public posts are not shown to a stranger."""
    calls = [Call(f"/api/v1/statuses/{one}") for one in ids]
    with open_driver() as driver:
        return driver.run(plan_for(url, calls)).failures


class Life:
    """Posts go on being written while something happens; stopped, it says how many were."""

    def __init__(self, url: str, population: Population) -> None:
        self._url = url
        self._population = population
        self._stop = asyncio.Event()
        self.refused = 0

    async def go_on(self) -> None:
        """Write a post every fiftieth of a second until stopped or nobody answers any more."""
        known = self._population.known
        missed = 0
        async with open_client(self._url) as client:
            while not self._stop.is_set() and missed < _MISSED:
                number = next(self._population.numbers)
                author = self._population.authors[number % len(self._population.authors)]
                text = f"Day to day, note {number}: the kettle is on and the window is open."
                began_s = time.monotonic()
                try:
                    made = await call(
                        client, "POST", "/api/v1/statuses", author, json={"status": text}
                    )
                except httpx.TransportError:
                    missed += 1
                    continue
                if made.is_success:
                    known.posts[made.json()["id"]] = text
                else:
                    self.refused += 1
                await asyncio.sleep(max(0.0, _PAUSE_S - (time.monotonic() - began_s)))

    def stop(self) -> None:
        """End it after the present post."""
        self._stop.set()


async def note_verdicts(url: str, population: Population) -> None:
    """Write down what was decided, and every entry of the record."""
    known = population.known
    async with open_client(url) as client:
        for case in {case for case, _ in known.ballots}:
            shown = await call(client, "GET", f"/api/v1/cases/{case}")
            if shown.is_success and shown.json().get("verdict"):
                known.verdicts[case] = str(shown.json()["verdict"])
        for post_id, author in list(known.threats.items()):
            # What was removed by verdict is not there any more, and is not lost.
            if not (await call(client, "GET", f"/api/v1/statuses/{post_id}", author)).is_success:
                known.posts.pop(post_id, None)
                known.threats.pop(post_id)
        size = int((await client.get("/record/checkpoint")).text.split("\n")[1])
    known.entries = await asyncio.to_thread(record_lines, url, size)


async def count_lost(url: str, population: Population) -> dict[str, int]:
    """How much of what was acknowledged is not there."""
    known = population.known
    lost = {"posts": 0, "ballots": 0, "verdicts": 0, "payments": 0, "record": 0}
    lost["posts"] = await asyncio.to_thread(count_gone, url, known.background)
    gate = asyncio.Semaphore(_AT_ONCE)
    async with open_client(url) as client:

        async def is_there(post_id: str) -> bool:
            async with gate:
                path = f"/api/v1/statuses/{post_id}"
                # A post under judgement is hidden from others, so its author asks.
                shown = await call(client, "GET", path, population.admin)
                return shown.is_success or await _own(client, path, population)

        ids = list(known.posts)
        for start in range(0, len(ids), _TOGETHER):
            some = ids[start : start + _TOGETHER]
            there = await asyncio.gather(*(is_there(one) for one in some))
            lost["posts"] += there.count(False)
        by_name = {one.name: one for one in (*population.jurors, *population.bench)}
        open_now = {
            name: await _open_cases(client, by_name[name]) for name in {n for _, n in known.ballots}
        }
        lost["ballots"] = sum(case in open_now[name] for case, name in known.ballots)
        for case, verdict in known.verdicts.items():
            shown = await call(client, "GET", f"/api/v1/cases/{case}")
            lost["verdicts"] += not shown.is_success or shown.json().get("verdict") != verdict
        size = int((await client.get("/record/checkpoint")).text.split("\n")[1])
    now = await asyncio.to_thread(record_lines, url, size)
    kept = {(line["index"], line["case"]) for line in now}
    lost["record"] = sum((line["index"], line["case"]) not in kept for line in known.entries)
    return lost


async def _own(client: httpx.AsyncClient, path: str, population: Population) -> bool:
    for author in population.authors:
        with contextlib.suppress(httpx.TransportError):
            if (await call(client, "GET", path, author)).is_success:
                return True
    return False


async def _open_cases(client: httpx.AsyncClient, juror: Member) -> set[str]:
    return {one["case"] for one in await answer(client, "GET", "/api/v1/jury/summons", juror)}
