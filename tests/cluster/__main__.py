"""`make test-cluster`: one real Cassandra node, the tests marked `cluster` on it, then its end.

`python -m tests.cluster [PYTEST ARGUMENTS]`. Where `VENIRE_CQL=HOST:PORT` is set, that cluster is
used as it is (a ScyllaDB, three nodes); the tests make and empty keyspaces of their own on it.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.cluster.jars import ROOT, VERSION, MissingError
from tests.cluster.keyspace import WHERE
from tests.cluster.node import Node, cpu_s

CANNOT_RUN = 3
_NOT_RUN = (
    "not run: a ring of several nodes, ScyllaDB, a loss of power (set VENIRE_CQL to a cluster of"
    " your own for the first two)"
)
# The driver leaves the sockets of its log to the garbage collector.
_QUIET = "ignore:unclosed:ResourceWarning"


def say(text: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run_tests(where: str, arguments: list[str]) -> int:
    """Run the tests marked `cluster`; pytest's closing line is the last it says."""
    command = [sys.executable, "-W", _QUIET, "-m", "pytest", "-W", _QUIET, "-m", "cluster"]
    named = any(not each.startswith("-") for each in arguments)
    rooms = [] if named else ["tests/conformance", "tests/storage"]
    # -v takes back the quiet of the settings by which the closing line would be left out.
    command += ["-v", "--no-header", "-rfEs", *rooms, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, WHERE: where}, check=False
    ).returncode


def on_own_node(arguments: list[str]) -> int:
    """Start a node, run the tests, stop the node by its own process id."""
    with tempfile.TemporaryDirectory(prefix="cql-node-") as folder:
        node = Node(Path(folder) / "node")
        began = time.monotonic()
        try:
            node.start()
        except MissingError as missing:
            say(f"not run: the tests marked cluster, all of them: {missing}")
            return CANNOT_RUN
        took_s = time.monotonic() - began
        spent_s = cpu_s(node.pid)
        say(f"Cassandra {VERSION}, pid {node.pid}, ready in {took_s:.0f} s, {spent_s:.0f} s of CPU")
        say(_NOT_RUN)
        try:
            return run_tests(f"{node.address}:{node.port}", arguments)
        finally:
            node.stop()


def main(arguments: list[str]) -> int:
    """Run what can be run, and name what cannot."""
    if importlib.util.find_spec("acsylla") is None:
        say("not run: the tests marked cluster, all of them: the driver is not installed")
        say("  (python -m pip install acsylla, or the extra `cluster` of this package)")
        return CANNOT_RUN
    where = os.environ.get(WHERE)
    return run_tests(where, arguments) if where else on_own_node(arguments)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)


if __name__ == "__main__":
    # A `kill` of this program must not leave the node behind.
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
