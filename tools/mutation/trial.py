"""One mutant before the tests that should notice it: in a child process, from memory.

The files of the checkout are never touched. A child is forked from a process that has the tools
loaded and nothing of the house; it finds the mutated module in place of the real one, and is
killed when it takes too long.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from tools.mutation.config import Target

_MEMORY = 4 << 30
_OPTIONS = (
    "-q",
    "-x",
    "--tb=no",
    "--assert=plain",
    "--timeout=0",
    "-p",
    "no:cacheprovider",
    *("-p", "_hypothesis_pytestplugin"),
    *("-p", "anyio.pytest_plugin"),
    *("-p", "pytest_socket"),
    *("-p", "pytest_timeout"),
)
"""Of the plugins only those that a target's tests need: to load all of them takes ten times as long
as the tests."""
_LOADED = (
    "_hypothesis_pytestplugin",
    "_pytest.assertion",
    "_pytest.terminal",
    "anyio.pytest_plugin",
    "anyio._backends._asyncio",
    "hypothesis.strategies",
    "hypothesis.internal.conjecture.engine",
    "msgspec",
    "numpy.random",
    "pytest_socket",
    "pytest_timeout",
)
_PASSED, _FAILED, _BROKEN_OFF = 0, 1, 2
TIME_LIMIT = "the time limit"


class Outcome(NamedTuple):
    """`killed` says by which test, or how else; empty when the mutant survived."""

    killed: str
    seconds: float
    durations: dict[str, float]


class Served(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and gives it another source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The spec of that module alone."""
        del path, target
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """The usual module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the other source in it."""
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)  # noqa: S102 - its point


class _Watcher:
    """Puts the quickest tests first, and notes what failed and how long each took."""

    def __init__(self, known: dict[str, float]) -> None:
        self.known, self.failed = known, ""
        self.durations: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        taken = self.durations.get(report.nodeid, 0.0) + report.duration
        self.durations[report.nodeid] = taken
        if report.failed and not self.failed:
            self.failed = report.nodeid


def load_tools() -> None:
    """Everything that a child needs and that knows nothing of the house, loaded once."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in _LOADED:
        importlib.import_module(name)
    import hypothesis

    checks = list(hypothesis.HealthCheck)
    # No shrinking: that a mutant is noticed is all that is asked. The same examples each time.
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=checks,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutation")


class Trial:
    """A child at work. `poll` gives its outcome once there is one."""

    def __init__(
        self,
        served: Served | None,
        target: Target,
        *,
        known: dict[str, float],
        limit: float,
    ) -> None:
        self.started, self.limit, self.tests = time.monotonic(), limit, target.tests
        reading, writing = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _child(writing, served, target, known)
        os.close(writing)
        self.reading = reading
        self.said = b""

    def poll(self, wait: float) -> Outcome | None:
        """The outcome, or None after `wait` seconds without one."""
        ready, _, _ = select.select([self.reading], [], [], wait)
        if ready:
            part = os.read(self.reading, 1 << 16)
            self.said += part
            return None if part else self._ended()
        if time.monotonic() - self.started > self.limit:
            os.kill(self.pid, signal.SIGKILL)
            return self._ended(TIME_LIMIT)
        return None

    def _ended(self, why: str = "") -> Outcome:
        os.waitpid(self.pid, 0)
        os.close(self.reading)
        seconds = time.monotonic() - self.started
        if why or not self.said:
            return Outcome(why or "the process died", seconds, {})
        told = json.loads(self.said)
        if told["code"] == _PASSED:
            return Outcome("", seconds, told["durations"])
        if told["code"] in {_FAILED, _BROKEN_OFF}:
            return Outcome(told["failed"] or "it cannot be imported", seconds, {})
        raise SystemExit(
            f"{' '.join(self.tests)}: cannot be run (pytest ended with {told['code']})"
        )


def _child(writing: int, served: Served | None, target: Target, known: dict[str, float]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    if served is not None:
        sys.meta_path.insert(0, served)
    sys.dont_write_bytecode = True
    watcher = _Watcher(known)
    told: dict[str, Any] = {"code": _BROKEN_OFF}
    with contextlib.suppress(BaseException):
        options = _OPTIONS if target.conftest else (*_OPTIONS, "--noconftest")
        told["code"] = int(pytest.main([*options, *target.tests], plugins=[watcher]))
    told |= {"failed": watcher.failed, "durations": watcher.durations}
    with contextlib.suppress(BaseException):
        os.write(writing, json.dumps(told).encode())
    # Nothing of the parent's may be flushed or cleaned up a second time.
    os._exit(0)


def run_all(
    work: Sequence[Callable[[], Trial]], *, jobs: int, done: Callable[[int, Outcome], None]
) -> None:
    """Start each trial, `jobs` at a time, and tell each outcome with its place in `work`."""
    running: dict[int, Trial] = {}
    onward = iter(range(len(work)))
    while True:
        while len(running) < jobs and (place := next(onward, None)) is not None:
            running[place] = work[place]()
        if not running:
            return
        for place, trial in list(running.items()):
            outcome = trial.poll(0.02)
            if outcome is not None:
                del running[place]
                done(place, outcome)
