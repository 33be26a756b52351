"""A site of the drill's own: started on a free port, stopped by its own pid."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from venire.kernel.errors import Unavailable

_READY_S = 60.0


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_command(*arguments: str) -> str:
    """Run a `venire` command and return what it printed; Unavailable with its error if it fails."""
    done = subprocess.run(  # noqa: S603 - our own program, arguments of our own
        [sys.executable, "-m", "venire", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable("command_failed", done.stderr.strip()[-2000:], command=arguments[0])
    return done.stdout


def create_account(folder: Path, name: str, role: str, profile: str) -> dict[str, str]:
    """Make an account on a data folder; the JSON of `venire account create`."""
    printed = run_command(
        "account",
        "create",
        name,
        "--email",
        f"{name}@drill.invalid",
        "--role",
        role,
        "--data",
        str(folder),
        "--profile",
        profile,
        "--json",
        "-",
    )
    made: dict[str, str] = json.loads(printed)
    return made


@contextlib.contextmanager
def running_site(
    folder: Path, *, profile: str = "acceptance", port: int | None = None
) -> Iterator[str]:
    """Serve a data folder in a process of its own while the block runs; yields the base URL."""
    with started_site(folder, profile=profile, port=port) as (url, _):
        yield url


@contextlib.contextmanager
def started_site(
    folder: Path,
    *,
    profile: str = "acceptance",
    port: int | None = None,
    workers: int = 0,
    base_url: str = "",
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same, and its process, for those who measure it or end it; `workers` 0: as usual.

    `base_url`: what the site believes to be called, where it is not the address it is reached at.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    log = (folder / "server.log").open("ab")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "venire",
            "run",
            "--data",
            str(folder),
            "--port",
            str(port),
            "--profile",
            profile,
            *(["--workers", str(workers)] if workers else []),
        ],
        stdout=log,
        stderr=log,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "VENIRE_BASE_URL": base_url or url},
    )
    try:
        _wait_ready(process, url, folder)
        yield url, process
    except Exception:
        # The folder may be gone in a moment: what the server had to say is said now.
        sys.stderr.write(_last_words(process, folder))
        raise
    finally:
        stop(process)
        log.close()


def _last_words(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Whether the server still ran, and the end of its log."""
    state = "runs" if process.poll() is None else f"ended with {process.returncode}"
    tail = (folder / "server.log").read_text(errors="replace")[-3000:]
    return f"the server {state}; the end of its log:\n{tail}\n"


def _wait_ready(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return
        time.sleep(0.1)
    tail = (folder / "server.log").read_text(errors="replace")[-2000:]
    raise Unavailable("site_did_not_start", tail)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to finish; after 15 seconds end it."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
