"""Several processes of one site: who answers, who is started again, and how they all end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from venire.cli.drills.site import free_port
from venire.server.processes import Bell

pytestmark = [pytest.mark.loopback]


@contextlib.contextmanager
def started(folder: Path, *flags: str, port: int | None = None, profile: str = "acceptance"):
    """A site of two processes; its first process, its port and its log. All is ended at the end."""
    port = port or free_port()
    log = folder.parent / f"{folder.name}-{port}.log"
    given = ("--data", str(folder), "--port", str(port), "--profile", profile, "--workers", "2")
    command = [sys.executable, "-m", "venire", "run", *given, *flags]
    with log.open("wb") as sink:
        first = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        yield first, port, log
    finally:
        helpers = helpers_of(first.pid)
        first.kill()
        first.wait()
        for helper in helpers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(helper, signal.SIGKILL)


def helpers_of(pid: int) -> list[int]:
    """The processes of the site that this one started: those that listen."""
    with contextlib.suppress(FileNotFoundError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if listens(int(child))]
    return []


def listens(pid: int) -> bool:
    """Whether a process has taken up its work: it holds the site's data."""
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if link.readlink().name == "venire.db":
                    return True
    return False


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def get(port: int, path: str = "/health") -> httpx.Response | None:
    """Ask over a connection of its own: the kernel chooses who answers."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=5)
    return None


def answers(port: int) -> bool:
    answer = get(port)
    return answer is not None and answer.is_success


def eventually(check, *, within_s: float = 30.0):
    until = time.monotonic() + within_s
    while not (found := check()):
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)
    return found


def who_answers(port: int, times: int = 40) -> Counter[int]:
    """How many of some connections each process takes, by the inode of nothing but the kernel."""
    taken: Counter[int] = Counter()
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as mine:
            mine.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in mine.recv(1_000)
            taken[holder_of(mine.getsockname()[1], port)] += 1
    return taken


def holder_of(client: int, port: int) -> int:
    """The process at the other end of a connection."""
    wanted = f"0100007F:{port:04X} 0100007F:{client:04X} 01"
    for line in Path("/proc/net/tcp").read_text().splitlines():
        if wanted in line:
            inode = line.split()[9]
            break
    else:
        raise AssertionError("no such connection")
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                for link in (process / "fd").iterdir():
                    if str(link.readlink()) == f"socket:[{inode}]":
                        return int(process.name)
    raise AssertionError("nobody holds it")


def test_both_answer_and_all_end_when_the_first_is_told(tmp_path):
    with started(tmp_path / "data") as (first, port, log):
        eventually(lambda: answers(port))
        (helper,) = eventually(lambda: helpers_of(first.pid))
        eventually(lambda: set(who_answers(port)) == {first.pid, helper})
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        assert not alive(helper)
        assert not answers(port)
        assert "Traceback" not in log.read_text()
        assert log.read_text().count("record key") == 1


def test_a_helper_that_is_killed_is_started_again_and_nobody_waits(tmp_path):
    with started(tmp_path / "data") as (first, port, _):
        eventually(lambda: answers(port))
        (helper,) = eventually(lambda: helpers_of(first.pid))
        os.kill(helper, signal.SIGKILL)
        eventually(lambda: not alive(helper))
        assert answers(port)
        (again,) = eventually(lambda: helpers_of(first.pid))
        assert again != helper
        eventually(lambda: set(who_answers(port)) == {first.pid, again})
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        assert not alive(again)


def test_when_the_first_is_killed_the_kernel_ends_its_helpers(tmp_path):
    folder = tmp_path / "data"
    with started(folder) as (first, port, _):
        eventually(lambda: answers(port))
        (helper,) = eventually(lambda: helpers_of(first.pid))
        first.kill()
        first.wait()
        eventually(lambda: not alive(helper), within_s=5)
        assert not answers(port)
    # What was open is whole: the next start finds it so.
    with sqlite3.connect(folder / "venire.db") as file:
        assert file.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    with started(folder, port=port) as (first, port, _):
        eventually(lambda: answers(port))


def test_a_refusal_at_the_start_is_told_once(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "write.lock").mkdir()
    with started(folder) as (first, _, log):
        assert first.wait(20) == 1
        said = log.read_text()
    assert said.count("error: ") == 1, said
    assert "Traceback" not in said


def test_a_second_site_on_the_port_is_refused_and_the_first_goes_on(tmp_path):
    with started(tmp_path / "one") as (first, port, _):
        eventually(lambda: answers(port))
        with started(tmp_path / "two", port=port) as (second, _, log):
            assert second.wait(20) == 1
            assert log.read_text().startswith("error: address_in_use")
        assert answers(port)
        assert first.poll() is None


def test_what_one_process_takes_the_other_shows(tmp_path):
    with started(tmp_path / "data") as (first, port, _):
        eventually(lambda: answers(port))
        (helper,) = eventually(lambda: helpers_of(first.pid))
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, trust_env=False, timeout=10) as client:
            app = client.post(
                "/api/v1/apps",
                json={
                    "client_name": "t",
                    "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
                    "scopes": "read write",
                },
            ).json()
            keys = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
            granted = {**keys, "grant_type": "client_credentials", "scope": "read write"}
            token = client.post("/oauth/token", json=granted).json()["access_token"]
            member = client.post(
                "/api/v1/accounts",
                headers={"Authorization": f"Bearer {token}"},
                json={
                    "username": "ani",
                    "email": "ani@mail.test",
                    "password": "long enough",
                    "agreement": True,
                    "locale": "en",
                },
            ).json()["access_token"]
        headers = {"Authorization": f"Bearer {member}"}
        askers = Counter[int]()
        for n in range(24):
            # Each over a connection of its own: written here, read there, at once.
            made = httpx.post(
                f"{base}/api/v1/statuses", json={"status": str(n)}, headers=headers, trust_env=False
            ).json()
            path = f"{base}/api/v1/statuses/{made['id']}"
            shown = httpx.get(path, headers=headers, trust_env=False).json()
            assert shown["content"] == f"<p>{n}</p>"
            kept = httpx.post(f"{path}/bookmark", headers=headers, trust_env=False).json()
            assert kept["bookmarked"] is True
            assert httpx.get(path, headers=headers, trust_env=False).json()["bookmarked"] is True
        askers = who_answers(port)
        assert set(askers) == {first.pid, helper}


def test_a_limit_is_counted_across_the_processes(tmp_path):
    with started(tmp_path / "data", profile="default") as (first, port, log):
        eventually(lambda: answers(port))
        eventually(lambda: helpers_of(first.pid))
        left = []
        for _ in range(40):
            answer = get(port, "/api/v1/instance/rules")
            assert answer is not None, log.read_text()
            left.append(int(answer.headers["x-ratelimit-remaining"]))
    assert left == list(range(left[0], left[0] - 40, -1))


@pytest.mark.anyio
async def test_a_bell_rings_and_calls_the_others_and_one_of_both_is_heard_as_both():
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(3)]
    first, second, third = (
        Bell(mine, [there for near, there in pairs if near is not mine]) for mine, _ in pairs
    )
    heard: dict[int, list[str]] = {2: [], 3: []}
    for number, bell in ((2, second), (3, third)):
        bell.listen()
        bell.on_ring(lambda number=number: heard[number].append("ring"))
    third.on_call(lambda: heard[3].append("call"))
    first.ring()
    first.ring()
    await asyncio.sleep(0.1)
    assert heard == {2: ["ring"], 3: ["ring"]}
    first.ring()
    first.call()
    await asyncio.sleep(0.1)
    assert heard == {2: ["ring"] * 2, 3: ["ring", "ring", "call"]}
    first.ring()
    await asyncio.sleep(0.1)
    assert heard == {2: ["ring"] * 3, 3: ["ring", "ring", "call", "ring"]}
    second.close()
    third.close()
    for end in (end for pair in pairs for end in pair):
        end.close()
