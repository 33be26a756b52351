"""A site with members on it moves to another host, whose host then dies: nobody's post is lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import apsw
import httpx
import pytest
from pyrage.x25519 import Identity

from venire.cli.drills.site import create_account, free_port, run_command

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(240)]

WRITERS = 3


class Place:
    """A host: a folder, a port, and the process that serves."""

    def __init__(self, folder, name):
        self.folder = folder / name
        self.log = folder / f"{name}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def begin(self, *words):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "venire", *map(str, words)], stdout=log, stderr=log
            )

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def answers(self, within_s=90.0):
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/health", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text()[-3000:])


@pytest.fixture
def places(tmp_path):
    made = [Place(tmp_path, name) for name in ("old", "new", "third")]
    yield made
    for place in made:
        place.kill()


async def write_on(url, token, stop, kept, refused):
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        number = 0
        while not stop.is_set():
            number += 1
            answer = await client.post(
                "/api/v1/statuses",
                data={"status": f"a walk by the lake, number {number}"},
                headers={"Authorization": f"Bearer {token}"},
            )
            if answer.status_code == 200:
                kept.append(answer.json()["id"])
            else:
                refused.append((answer.status_code, answer.json()["code"], answer.headers))
                await asyncio.sleep(0.05)


async def move(old, new, tokens):
    """Members write while the site moves; what they were told."""
    stop, kept, refused = asyncio.Event(), [], []
    writing = [
        asyncio.create_task(write_on(old.url, token, stop, kept, refused)) for token in tokens
    ]
    while len(kept) < 20:  # noqa: ASYNC110 - the members have no event for that
        await asyncio.sleep(0.05)
    words = ("relocate", "--to", new.url, "--data", str(old.folder), "--json", "-")
    moved = json.loads(await asyncio.to_thread(run_command, *words))
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*writing)
    return moved, kept, refused


def all_there(place, ids):
    """In the new host's data; and the last few to be seen, within a stranger's limit."""
    connection = apsw.Connection(str(place.folder / "venire.db"), flags=apsw.SQLITE_OPEN_READONLY)
    there = {str(number) for (number,) in connection.execute("SELECT id FROM posts").fetchall()}
    connection.close()
    assert set(ids) - there == set()
    with httpx.Client(base_url=place.url, trust_env=False) as client:
        for each in ids[-10:]:
            assert client.get(f"/api/v1/statuses/{each}").status_code == 200, each


def wait_for(there, within_s=60.0):
    until_s = time.monotonic() + within_s
    while not there():
        assert time.monotonic() < until_s
        time.sleep(0.1)


def test_a_site_moves_under_its_members_and_is_restored_when_the_new_host_dies(tmp_path, places):
    old, new, third = places
    key = Identity.generate()
    (tmp_path / "offline.key").write_text(f"{key}\n")
    store = tmp_path / "store"
    old.begin("run", "--profile", "acceptance", "--data", old.folder, "--port", old.port)
    old.answers()
    tokens = [
        create_account(old.folder, f"member{n}", "member", "acceptance")["access_token"]
        for n in range(WRITERS)
    ]
    old.kill()
    (old.folder / "venire.toml").write_text(
        f'handle_domain = "village.example"\nbackup_recipients = ["{key.to_public()}"]\n\n'
        f'[[stores]]\nname = "first"\nurl = "file://{store}"\n'
    )
    old.begin("run", "--profile", "acceptance", "--data", old.folder, "--port", old.port)
    old.answers()
    wait_for(lambda: list(store.rglob("manifest.json")))
    names = called(old)
    assert names[0] == "acct:member0@village.example"

    source = (f"file://{store}", "--identity", tmp_path / "offline.key")
    new.begin("restore", *source, "--follow", "--base-url", new.url, "--port", new.port,
              "--data", new.folder)  # fmt: skip
    wait_for((store / "standby.json").exists)
    moved, kept, refused = asyncio.run(move(old, new, tokens))
    assert moved["generation"] == 2
    assert moved["frozen_s"] < 10
    assert {(status, code) for status, code, _ in refused} <= {
        (503, "site_moving"),
        (421, "site_moved"),
    }
    assert refused
    for status, _, headers in refused:
        assert status != 503 or headers["retry-after"]
    new.answers()
    all_there(new, kept)
    assert called(new) == names
    led = httpx.get(f"{old.url}/@member0?x=1", trust_env=False, follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (307, f"{new.url}/@member0?x=1")
    led_on_for_ever(old)
    dies_and_is_restored(new, third, kept, source)
    # Whatever happens to the settings, what was fixed at the first start came along.
    assert "village.example" in (third.folder / "names.toml").read_text()
    assert called(third) == names


def called(place):
    """The handle and the identity of a member, for whoever asks for her by her first handle."""
    asked = {"resource": "acct:member0@village.example"}
    said = httpx.get(f"{place.url}/.well-known/webfinger", params=asked, trust_env=False).json()
    return said["subject"], said["aliases"][1]


def led_on_for_ever(old):
    """The old host is started again: it says where the site is, and nothing else."""
    old.kill()
    old.begin("run", "--profile", "acceptance", "--data", old.folder, "--port", old.port)
    wait_for(lambda: _leads(old.url))


def dies_and_is_restored(new, third, kept, source):
    """What the new host shipped is enough for the next one."""
    run_command("account", "create", "later", "--email", "later@drill.invalid", "--data",
                str(new.folder))  # fmt: skip
    time.sleep(1)
    new.kill()
    done = json.loads(
        run_command("restore", *map(str, source), "--data", str(third.folder), "--json", "-")
    )
    assert done["complete"]
    assert done["generation"] > 2
    run_command("fsck", "--data", str(third.folder))
    third.begin("run", "--data", third.folder, "--port", third.port)
    third.answers()
    all_there(third, kept)
    assert httpx.get(f"{third.url}/@later", trust_env=False).status_code == 200


def _leads(url):
    try:
        answer = httpx.get(f"{url}/anything", trust_env=False, follow_redirects=False)
    except httpx.TransportError:
        return False
    return answer.status_code == 307
