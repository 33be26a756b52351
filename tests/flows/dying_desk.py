"""A desk whose site is killed again and again, and what its folder says afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections import Counter

import httpx
import msgspec

from tests.flows.test_killed_and_started_again import Site, ready
from venire.cases.model import Statement
from venire.cli.drills import people
from venire.cli.drills.people import Member, answer, call
from venire.cli.drills.site import create_account, free_port
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.record.entry import decode_entry
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.cases import STATEMENTS
from venire.storage.tables.every import ALL
from venire.storage.tables.people import STRIKES
from venire.storage.tables.record import ENTRIES

AUTHORS, POSTS_EACH = 2, 14
MOST_KILLS = 4
WORDS = [
    *("amber", "basil", "cedar", "delta", "ember", "fable", "glacier", "harvest", "island"),
    *("jasmine", "kettle", "lantern", "meadow", "nutmeg", "orchard", "pebble", "quartz"),
    *("ribbon", "saffron", "timber", "umbrella", "velvet", "walnut", "yonder", "zephyr"),
    *("anchor", "bridge", "candle", "dolphin", "engine", "feather", "garden", "helmet"),
    *("iceberg", "jungle", "kitchen", "ladder", "mirror", "needle", "ocean", "paddle"),
]


@contextlib.asynccontextmanager
async def opened(site):
    async with people.open_client(site.url) as client:
        await ready(client)
        yield client


class Desk:
    """A site that dies again and again, its staff, its authors and what they wrote."""

    def __init__(self, folder, luck):
        self.folder, self.luck = folder, luck
        made = create_account(folder, "operator", "admin", "acceptance")
        self.admin = Member("operator", made["id"], made["access_token"])
        second = create_account(folder, "approver", "admin", "acceptance")
        self.approver = Member("approver", second["id"], second["access_token"])
        self.site = Site(folder, free_port())
        self.authors: list[Member] = []
        self.posts: dict[str, Member] = {}
        self.urls: dict[str, str] = {}
        self.kills = 0

    async def write(self, text):
        async with opened(self.site) as client:
            app = await people.app_token(client)
            names = [f"author_{n}" for n in range(AUTHORS)]
            members = await people.sign_up(client, app, names, lambda _: None)
            for name in names:
                who = members[name]
                author = Member(name, await people.whoami(client, who), who.token)
                self.authors.append(author)
                for number in range(POSTS_EACH):
                    # No two alike: what looks like a removed post would be held as its copy.
                    words = " ".join(self.luck.sample(WORDS, 12))
                    said = {"status": f"{words} {text.format(n=f'{name}-{number}')}"}
                    made = await answer(client, "POST", "/api/v1/statuses", author, json=said)
                    self.posts[made["id"]] = author
                    self.urls[made["id"]] = made["url"]
            await drained(client, self.admin)

    async def until(self, path, wanted, begin=None, *, dies=True):
        """Kill and start the site until what stands at `path` is as `wanted`.

        `begin`: the request that sets it going, sent again until it has been taken. `dies` is
        whether the site dies before it is done; else it has to come to its end undisturbed.
        """
        begun = begin is None
        for _ in range(MOST_KILLS + 60):
            async with opened(self.site) as client:
                if not begun:
                    with contextlib.suppress(httpx.TransportError):
                        sent = asyncio.create_task(begin(client))
                        if dies and (not self.kills or self.luck.random() < 0.5):
                            await asyncio.sleep(self.luck.uniform(0.0, 0.05))
                            self.die()
                        taken = await sent
                        # Taken before it could be said, or taken now.
                        begun = taken.is_success or taken.status_code == 409
                    if self.site.process is None:
                        self.site.start()
                        continue
                shown = await answer(client, "GET", path, self.admin)
                if wanted(shown):
                    await drained(client, self.admin)
                    return shown
                if dies and self.kills < MOST_KILLS:
                    await asyncio.sleep(self.luck.uniform(0.02, 0.35))
                    self.die()
                else:
                    await asyncio.sleep(0.2)
            if self.site.process is None:
                self.site.start()
        raise AssertionError(f"{path} never came to its end: {shown}")

    def die(self):
        self.site.kill()
        self.site.process = None
        self.kills += 1

    async def shown_to_others(self):
        async with opened(self.site) as client:
            found = [await call(client, "GET", f"/api/v1/statuses/{post}") for post in self.posts]
            return sum(one.is_success for one in found)

    async def mentions(self):
        """How many messages of the site each author has."""
        told = Counter()
        async with opened(self.site) as client:
            for author in self.authors:
                path = "/api/v1/notifications?limit=80&types[]=mention"
                shown = await answer(client, "GET", path, author)
                texts = [one["status"]["content"] for one in shown]
                told[author.id] = len(texts)
                assert len(texts) == len(set(texts)), "the same was said twice"
        return told


async def drained(client, admin):
    for _ in range(600):
        if (await answer(client, "GET", "/api/v1/admin/health", admin))["drained"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the site does not catch up")


@contextlib.asynccontextmanager
async def storage_of(folder):
    clock = SystemClock()
    storage = SqliteStorage(folder, clock, Ids(clock), ALL)
    try:
        yield storage
    finally:
        await storage.close()


async def rows(storage, table):
    found, cursor = [], None
    while True:
        page, cursor = await storage.scan(table, cursor)
        found += page
        if cursor is None:
            return found


async def kept(folder):
    """What the folder says of itself: headers, statements by kind and post, points that stand."""
    async with storage_of(folder) as storage:
        headers = [decode_entry(row.entry).header for row in await rows(storage, ENTRIES)]
        said = [
            msgspec.json.decode(row.body, type=Statement) for row in await rows(storage, STATEMENTS)
        ]
        points = sum(row.points for row in await rows(storage, STRIKES) if not row.undone)
    return headers, Counter((one.kind, one.post_id) for one in said), points


def is_sound(folder):
    found = subprocess.run(
        [sys.executable, "-m", "venire", "fsck", "--data", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
