"""`make test-vendors`: the real counterparts of vendors, the tests marked `vendors`, their end.

`python -m tests.counterparts [--only NAME,NAME] [PYTEST ARGUMENTS]`. What cannot be
had or started is named as not run, with the reason; nothing is skipped in silence.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from tests.counterparts.counterparts import COUNTERPARTS, PREFIX, Counterpart
from tests.counterparts.installing import ROOT, MissingError, lock_npm
from tests.counterparts.process import Process
from tests.counterparts.tally import WHERE

CANNOT_RUN = 3
RUNNING = "VENIRE_COUNTERPARTS"
_MARKED = "mark.vendors"
_END_S = 20.0
_NEVER = (
    "the vendors themselves (docs/vendors.md says how an operator checks each one live)",
    "Google's object store (fake-gcs-server speaks not the XML interface that obstore writes by)",
    "BTCPay Server, a bank, a GSM modem, the Tor network: nothing of them starts here",
    "drills on real chats: receivers of ours stand in, as the design has it",
    "drills on a bank: the schema of ISO 20022 reads the file, and a person says that it was paid",
    "drills on a processor's own webhooks: no mock sends any, so ours are signed as its are",
    "drills on a registrar: that it takes a name away is a host of names that denies it",
)


class State(NamedTuple):
    """What became of a counterpart: `reason` is empty where it runs."""

    counterpart: Counterpart
    reason: str
    took_s: float


def say(text: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Company:
    """The counterparts that run, and where tests find them. Ended as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[Process] = []
        self.variables: dict[str, str] = {RUNNING: "1"}
        self.states: list[State] = []

    def start(self, counterpart: Counterpart) -> None:
        """Start one, or note why not."""
        began = time.monotonic()
        reason = ""
        try:
            processes, told = counterpart.start(self._folder / counterpart.name, self.variables)
        except MissingError as missing:
            reason = str(missing)
        else:
            self._processes += processes
            self.variables |= {PREFIX + name: value for name, value in told.items()}
            for process in processes:
                say(f"{counterpart.name}: {counterpart.what}, pid {process.pid}")
        self.states.append(State(counterpart, reason, time.monotonic() - began))
        if reason:
            say(f"{counterpart.name}: NOT RUN: {reason}")

    def stop(self) -> None:
        """End them all, the last one first."""
        for process in reversed(self._processes):
            process.stop()


def marked() -> list[str]:
    """The files with tests of ours: to collect the thousands of others takes longer than these."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(file) for file in files if _MARKED in file.read_text(encoding="utf-8")]


def run_tests(company: Company, tally: Path, arguments: list[str]) -> int:
    """Run the tests marked `vendors`."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.counterparts.tally", "-m", "vendors"]
    named = any((ROOT / each.partition("::")[0]).exists() for each in arguments)
    command += ["-v", "--no-header", "-rfEs", *([] if named else marked()), *arguments]
    environment = {**os.environ, **company.variables, WHERE: str(tally)}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as running:
        try:
            return running.wait()
        except BaseException:
            # Tests start counterparts of their own: they get time to end them.
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(_END_S)
            running.kill()
            raise


def report(company: Company, tally: Path) -> None:
    """Say of each counterpart what was done with it; then everything that was not."""
    told: dict[str, dict[str, object]] = {"passed": {}, "failed": {}, "left_out": {}}
    if tally.is_file():
        told = json.loads(tally.read_text(encoding="utf-8"))
    passed, failed, left_out = told["passed"], told["failed"], told["left_out"]
    say("")
    for state in company.states:
        name = state.counterpart.name
        if state.reason:
            say(f"{name:<16} NOT RUN: {state.reason}")
            continue
        tests = f"{passed.get(name, 0)} passed, {failed.get(name, 0)} failed"
        if name not in passed and name not in failed:
            tests = "no test of this run uses it"
        say(f"{name:<16} ready in {state.took_s:.1f} s: {tests}")
    for test, names in sorted(left_out.items()):
        say(f"not run: {test}: it needs {', '.join(names)}")
    for each in _NEVER:
        say(f"not run: {each}")


def main(arguments: list[str]) -> int:
    """Run what can be run, and name what cannot."""
    if arguments[:1] == ["--lock"]:
        lock_npm()
        return 0
    wanted: set[str] = set()
    if arguments[:1] == ["--only"]:
        wanted = set(arguments[1].split(","))
        arguments = arguments[2:]
        if strange := wanted - {each.name for each in COUNTERPARTS}:
            say(f"no such counterpart: {', '.join(sorted(strange))}")
            return CANNOT_RUN
    with tempfile.TemporaryDirectory(prefix="counterparts-") as name:
        company = Company(Path(name))
        tally = Path(name) / "tally.json"
        try:
            for each in COUNTERPARTS:
                if not wanted or each.name in wanted:
                    company.start(each)
            if all(state.reason for state in company.states):
                say("not run: the tests marked vendors, all of them: no counterpart started")
                return CANNOT_RUN
            return run_tests(company, tally, arguments)
        finally:
            company.stop()
            report(company, tally)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)


if __name__ == "__main__":
    # A `kill` of this program must not leave its counterparts behind.
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
