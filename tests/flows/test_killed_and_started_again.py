"""`kill -9` at any moment, then `venire run`: what was acknowledged is there, cases go on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import time

import httpx
import pytest

from venire.cases.views import mask_handles
from venire.cli.drills import people
from venire.cli.drills.jurors import Jurors
from venire.cli.drills.people import Member, answer, call
from venire.cli.drills.site import create_account, free_port
from venire.record.verify import verify_path

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(240)]

ROUNDS = 6
START_S = 100.0
THREATS = [
    "We will hang every one of you traitors from the nearest tree, number {n} of the list.",
    "Someone should shoot the whole committee and burn their house down, house {n}.",
]
MILD = "A quiet morning at the lake, coffee number {n}, no plans at all today."


class Site:
    """A server process of one data folder, killed and started at will."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder.parent / "server.log"
        self.process = None

    def start(self):
        command = [
            *(sys.executable, "-m", "venire", "run", "--profile", "acceptance"),
            *("--data", str(self.folder), "--port", str(self.port)),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()


async def ready(client, site=None):
    """Wait for a site. On a machine full of other tests a start takes half a minute and more."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("/health")).is_success:
                return
        if site is not None and site.process.poll() is not None:
            raise AssertionError(f"the site ended by itself: {site.log.read_text()[-2_000:]}")
        await asyncio.sleep(0.1)
    raise AssertionError("the site did not come up")


class Witness:
    """What the site has acknowledged, as the people on it remember."""

    def __init__(self):
        self.posts: dict[str, Member] = {}
        self.ballots: list[tuple[str, Member]] = []
        self.checkpoint = b""


async def keep_posting(client, authors, witness, luck):
    number = 0
    while True:
        number += 1
        author = luck.choice(authors)
        text = luck.choice([*THREATS, MILD]).format(n=luck.randrange(10**9))
        made = await call(client, "POST", "/api/v1/statuses", author, json={"status": text})
        if made.is_success:
            witness.posts[made.json()["id"]] = author
        await asyncio.sleep(0.01)


async def keep_voting(client, jurors, witness):
    while True:
        for juror in jurors:
            for summons in await answer(client, "GET", "/api/v1/jury/summons", juror):
                path = f"/api/v1/jury/summons/{summons['id']}"
                await call(client, "POST", f"{path}/accept", juror)
                cast = await call(
                    client, "POST", f"{path}/ballot", juror, json={"vote": "violates"}
                )
                if cast.is_success:
                    witness.ballots.append((path, juror))
        await asyncio.sleep(0.02)


async def keep_watching(client, witness):
    while True:
        shown = await client.get("/record/checkpoint")
        if shown.is_success:
            witness.checkpoint = shown.content
        await asyncio.sleep(0.05)


async def one_round(site, authors, jurors, witness, luck):
    async with people.open_client(site.url) as client:
        await ready(client)
        work = [
            asyncio.create_task(keep_posting(client, authors, witness, luck)),
            asyncio.create_task(keep_posting(client, authors, witness, luck)),
            asyncio.create_task(keep_voting(client, jurors, witness)),
            asyncio.create_task(keep_watching(client, witness)),
        ]
        await asyncio.sleep(luck.uniform(0.4, 1.6))
        site.kill()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def set_up(site, admin):
    async with people.open_client(site.url) as client:
        await ready(client)
        app = await people.app_token(client)
        names = ["author_a", "author_b", *(f"juror_{n}" for n in range(12))]
        members = await people.sign_up(client, app, names, lambda _: None)
        jurors = [members[name] for name in names[2:]]
        for juror in jurors:
            await answer(client, "POST", "/api/v1/jury/opt_in", juror, json={"consent": True})
        await answer(client, "POST", "/api/v1/admin/epochs", admin)
        return [members["author_a"], members["author_b"]], jurors


async def everything_is_there(site, admin, jurors, witness):
    async with people.open_client(site.url) as client:
        await ready(client)
        for post_id, author in witness.posts.items():
            shown = await call(client, "GET", f"/api/v1/statuses/{post_id}", author)
            if not shown.is_success:
                statements = await answer(client, "GET", "/api/v1/statements?limit=40", author)
                assert statements, f"post {post_id} is gone without a statement"
        for path, juror in witness.ballots:
            again = await call(client, "POST", f"{path}/ballot", juror, json={"vote": "keeps"})
            assert again.json()["code"] in {"ballot_already_cast", "panel_closed"}
        bench = []
        stop = asyncio.Event()
        voters = Jurors(client, jurors, bench, Everything(), mask_handles, accuracy=1.0)
        serving = asyncio.create_task(voters.serve(stop))
        try:
            for _ in range(400):
                health = await answer(client, "GET", "/api/v1/admin/health", admin)
                if not health["open_cases"] and health["drained"]:
                    break
                if set(health["waiting"]) == {"bench"} and health["drained"]:
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(f"cases stand still: {health}")
        finally:
            stop.set()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


class Everything(dict):
    """To these jurors every text violates."""

    def get(self, _key, _default=None):
        return True


def test_nothing_acknowledged_is_lost_and_every_case_goes_on(tmp_path):
    luck = random.Random(7)
    folder = tmp_path / "data"
    made = create_account(folder, "operator", "admin", "acceptance")
    admin = Member("operator", made["id"], made["access_token"])
    site, witness = Site(folder, free_port()), Witness()
    site.start()
    try:
        authors, jurors = asyncio.run(set_up(site, admin))
        for _ in range(ROUNDS):
            asyncio.run(one_round(site, authors, jurors, witness, luck))
            site.start()
        assert len(witness.posts) > ROUNDS
        assert witness.ballots
        asyncio.run(everything_is_there(site, admin, jurors, witness))
        key = (folder / "record.pub").read_text().strip()
        report = verify_path(f"{site.url}/record", key, earlier=witness.checkpoint)
        assert report.size > 0
    finally:
        site.kill()
    sound = subprocess.run(
        [sys.executable, "-m", "venire", "fsck", "--data", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sound.returncode == 0, sound.stdout + sound.stderr
