"""A program that runs beside the tests: started on loopback, waited for, ended by its own pid."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.counterparts.installing import MissingError

ADDRESS = "127.0.0.1"
READY_S = 60.0
_END_S = 10.0
_LEFT_OUT = ("AWS_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "PYTHON")
"""What of our own environment would change what a program does."""


class Process:
    """A running program. `name` is for what is said of it; its output goes to `log`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = folder / f"{name}.log"
        plain = {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}
        with self.log.open("ab") as log:
            try:
                self._running = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=folder,
                    env={**plain, **(environment or {})},
                    # A Ctrl-C is for the tests; whoever started this ends it afterwards.
                    start_new_session=True,
                )
            except OSError as error:
                raise MissingError(f"{name} did not start: {error.strerror}") from error

    @property
    def pid(self) -> int:
        """Its process id, which leads a session of its own."""
        return self._running.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs. It is not reaped by asking: until `stop` its number stays ours."""
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
        return False

    def wait_for(self, port: int, seconds: float = READY_S) -> None:
        """Wait until it listens. Raises MissingError with its last words where it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.alive:
            with contextlib.suppress(OSError), socket.create_connection((ADDRESS, port), 1):
                return
            time.sleep(0.05)
        last = " / ".join(self.log.read_text("utf-8", "replace").strip().splitlines()[-3:])
        state = "does not listen" if self.alive else "has ended"
        self.stop()
        raise MissingError(f"{self.name} {state}: {last[-400:]}")

    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """`kill -9`, as a host that fails."""
        if self._running.returncode is None:
            self._send(signal.SIGKILL)
            self._running.wait()

    def stop(self) -> None:
        """End it, and what it started."""
        if self._running.returncode is not None:
            return
        self._send(signal.SIGCONT)
        self._send(signal.SIGTERM)
        until = time.monotonic() + _END_S
        while self.alive and time.monotonic() < until:
            time.sleep(0.02)
        # What is left in its session, which nobody else is ever in.
        self.kill()

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def free_port() -> int:
    """A port of loopback that nobody listens on now, for TCP and for UDP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind((ADDRESS, 0))
            port = int(stream.getsockname()[1])
            with contextlib.suppress(OSError):
                datagram.bind((ADDRESS, port))
                return port
