"""Child processes that can do one thing only."""

from __future__ import annotations

import os
import sys
import tempfile

import anyio
import pytest

from venire.kernel.confinement import child_environment, run_confined

pytestmark = pytest.mark.anyio

CONFINED = """
import ctypes, os, resource, socket, subprocess, sys
from venire.kernel.confinement import deny_calls, limit_process
limit_process(memory_bytes=400 << 20, cpu_seconds=5, open_files=40, file_bytes=1000)
denied = deny_calls()
failed = []
for name, attempt in (
    ("socket", lambda: socket.socket(socket.AF_INET)),
    ("unix socket", lambda: socket.socket(socket.AF_UNIX)),
    ("pair", lambda: socket.socketpair()),
    ("kill", lambda: os.kill(os.getppid(), 0)),
    ("memory", lambda: bytearray(1 << 30)),
    ("file", lambda: os.write(int(sys.argv[1]), bytes(5000)) == 5000 or 1 / 0),
):
    try:
        attempt()
    except (OSError, MemoryError, ZeroDivisionError):
        failed.append(name)
script = "import socket\\ntry:\\n    socket.socket()\\nexcept OSError:\\n    print('denied')"
below = subprocess.run([sys.executable, "-c", script], stdout=-1, check=True).stdout.decode()
print(denied, ",".join(failed), below.strip())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's: elsewhere limits remain")
async def test_a_confined_process_and_its_children_call_nobody_and_write_little():
    with tempfile.TemporaryFile() as file:
        done = await anyio.run_process(
            [sys.executable, "-c", CONFINED, str(file.fileno())],
            env=child_environment(),
            pass_fds=[file.fileno()],
            check=False,
        )
        assert os.fstat(file.fileno()).st_size == 1_000
    said = done.stdout.decode().strip()
    assert said == "True socket,unix socket,pair,kill,memory,file denied", done.stderr.decode()


async def test_what_is_given_and_said_goes_through_pipes_or_files():
    module = "base64"
    assert (
        await run_confined(module, ["-e"], given=b"abc", seconds=20, answer_bytes=99) == b"YWJj\n"
    )
    with tempfile.TemporaryFile() as file:
        file.write(b"abc")
        file.flush()
        file.seek(0)
        said = await run_confined(module, ["-e"], given=file.fileno(), seconds=20, answer_bytes=99)
    assert said == b"YWJj\n"


async def test_a_child_that_says_too_much_has_said_nothing():
    given = bytes(4 << 20)
    for _ in range(3):
        assert await run_confined("base64", ["-e"], given=given, seconds=20, answer_bytes=99) == b""


async def test_a_child_that_takes_too_long_is_killed_with_what_it_started():
    with pytest.raises(TimeoutError):
        await run_confined("this", given=b"", seconds=0.001, answer_bytes=99)


def test_a_child_is_told_no_secret(monkeypatch):
    monkeypatch.setenv("VENIRE_SECRET", "hush")
    assert "hush" not in child_environment().values()
