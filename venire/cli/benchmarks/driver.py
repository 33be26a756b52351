"""The load generator as its caller sees it: a process that is handed plans."""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from venire.cli.benchmarks.load import Call, Outcome, Plan
from venire.kernel.errors import Invalid, Unavailable


class Driver:
    """A running generator. One plan at a time: `start` and `result`, or `run` for both."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def start(self, plan: Plan) -> None:
        """Hand over a plan; it begins at once."""
        assert self._process.stdin is not None  # noqa: S101 - it was opened with a pipe
        self._process.stdin.write(msgspec.json.encode(plan) + b"\n")
        self._process.stdin.flush()

    def finished(self, wait_s: float = 0.0) -> bool:
        """Whether the outcome is there."""
        assert self._process.stdout is not None  # noqa: S101 - it was opened with a pipe
        return bool(select.select([self._process.stdout], [], [], wait_s)[0])

    def result(self) -> Outcome:
        """Wait for the outcome. Unavailable `generator_died`."""
        assert self._process.stdout is not None  # noqa: S101 - it was opened with a pipe
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable("generator_died", "the load generator ended; see its error above")
        return msgspec.json.decode(line, type=Outcome)

    def run(self, plan: Plan) -> Outcome:
        """Drive a plan to its end."""
        self.start(plan)
        return self.result()


@contextlib.contextmanager
def open_driver() -> Iterator[Driver]:
    """A generator for as long as the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "venire.cli.benchmarks.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield Driver(process)
        finally:
            assert process.stdin is not None  # noqa: S101 - it was opened with a pipe
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def plan_for(url: str, calls: list[Call], **more: object) -> Plan:
    """A plan against a site's address. Invalid `address_not_plain` for anything but http."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise Invalid(
            "address_not_plain",
            "load is driven over plain http, without what a proxy would add: http://HOST[:PORT]",
            address=url,
        )
    known = {"host": parts.hostname, "port": parts.port or 80, "calls": calls, **more}
    return msgspec.convert(known, Plan, from_attributes=True)
