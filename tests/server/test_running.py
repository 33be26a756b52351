"""`venire run` as a process: what it says, whom it answers, who leads, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from tests.kit.courthouse import MILD, THREAT
from venire.cases import store as cases
from venire.cli.drills.site import free_port
from venire.people import actions as people
from venire.posts import actions as posts
from venire.posts.model import Draft
from venire.server.settings import Settings
from venire.server.wiring import open_house
from venire.server.workers import leading
from venire.storage.tables.outbox import PARKED


@contextlib.contextmanager
def started(folder, *, port=None, command=("-m", "venire", "run")):
    """A site in a process of its own, ended at the end; its process, port and log."""
    port = port or free_port()
    log = folder.parent / f"{port}.log"
    flags = ("--data", str(folder), "--port", str(port), "--profile", "acceptance")
    with log.open("wb") as sink:
        process = subprocess.Popen([sys.executable, *command, *flags], stdout=sink, stderr=sink)
    try:
        yield process, port, log
    finally:
        process.kill()
        process.wait()


def answers(port, host="127.0.0.1"):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://{host}:{port}/health", trust_env=False).is_success
    return False


def eventually(check, *, within_s=20.0):
    until = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


@pytest.mark.loopback
def test_it_says_where_it_is_with_its_key_and_ends_when_told(tmp_path):
    folder = tmp_path / "data"
    with started(folder) as (process, port, log):
        eventually(lambda: answers(port))
        assert answers(port, "[::1]") or not socket.has_ipv6
        said = log.read_text()
        assert said.startswith("WARNING: acceptance profile.")
        assert f"http://localhost:{port}" in said
        assert (folder / "record.pub").read_text().strip() in said
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert "Traceback" not in log.read_text()


@pytest.mark.loopback
def test_a_port_in_use_is_said_in_a_line_and_nothing_is_made(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(tmp_path / "data", port=port) as (process, _, log):
            assert process.wait(20) == 1
            code, said = log.read_text().splitlines()
    assert code == "error: address_in_use"
    assert f"127.0.0.1 port {port}" in said
    assert "--port" in said
    assert not (tmp_path / "data").exists()


DYING = """
import sys

from venire.server import workers


async def die(_court):
    await workers.asyncio.sleep(1)
    raise RuntimeError("canary")


workers._keep_epochs = die
from venire.cli.main import main

main(["run", *sys.argv[1:]])
"""


@pytest.mark.loopback
def test_a_site_whose_workers_have_died_stops_and_says_why(tmp_path):
    with started(tmp_path / "data", command=("-c", DYING)) as (process, port, log):
        eventually(lambda: answers(port))
        # Not by a signal: a service manager would take that for an orderly end.
        assert process.wait(20) == 1
        said = log.read_text()
    assert "error: workers_died" in said
    assert "workers_died" in said
    assert "canary" in said


def acceptance(folder) -> Settings:
    return Settings(data=str(folder), profile="acceptance")


@pytest.mark.anyio
async def test_of_two_processes_one_leads_until_it_ends(tmp_path):
    settings = acceptance(tmp_path / "data")
    async with open_house(settings) as first:
        async with open_house(settings) as second:
            assert first.leader.acquire()
            assert not second.leader.acquire()
            assert first.leader.acquire()
            first.leader.release()
            assert second.leader.acquire()
            assert not first.leader.acquire()
            assert first.world.ids.next() != second.world.ids.next()
        assert first.leader.acquire()


def untold():
    raise AssertionError("the workers died")


@pytest.mark.anyio
async def test_what_one_process_takes_the_leading_one_judges_and_then_its_heir(tmp_path):
    settings = acceptance(tmp_path / "data")

    async def case_on(house, text):
        author = await people.create_account(
            house.world, f"author_{house.world.ids.next()}", f"{len(text)}@mail.test", "long enough"
        )
        post = await posts.publish(house.world, int(author.id), Draft(text=text))
        async with asyncio.timeout(20):
            while True:
                case = await cases.case_of_subject(house.storage, "post", post.id)
                if case is not None and case.hold == "held":
                    return case
                await asyncio.sleep(0.05)

    async with open_house(settings) as heir:
        assert not await heir.pulse.drained()
        async with open_house(settings) as leader, leading(leader, untold):
            # Whoever leads has heard everything, and the other has nothing to say about it.
            assert (await case_on(leader, f"{THREAT} At once.")).held_by == "detector"
            async with leading(heir, untold):
                assert (await case_on(heir, THREAT)).held_by == "detector"
                assert heir.pulse.relay is None
                assert not await heir.pulse.drained()
        async with leading(heir, untold):
            assert await case_on(heir, f"{THREAT} {MILD}")
            assert heir.pulse.relay is not None
        rows, _ = await heir.storage.scan(PARKED)
        assert not rows
