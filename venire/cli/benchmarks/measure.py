"""What a tree of processes uses, as the kernel counts it: CPU time and memory.

CPU time is the sum of `/proc/PID/task/TID/schedstat` over every thread of every process of the
tree: exact to the nanosecond where a clock tick would round a request of 300 us to nothing.
Memory is `smaps_rollup`: PSS shares what processes share, RSS counts it in each.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Memory(NamedTuple):
    """Of a whole tree, in bytes."""

    pss: int
    rss: int


def tree(pid: int) -> list[int]:
    """A process and all that descend from it, as they are now."""
    children: dict[int, list[int]] = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            # The name of a program may hold spaces and brackets: fields count from the last one.
            with contextlib.suppress(OSError):
                after = (folder / "stat").read_text().rpartition(")")[2].split()
                children[int(after[1])].append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children[one]
    return found


class Meter:
    """The CPU time of one tree; a thread that ended counts as it was last seen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._seen: dict[tuple[int, str], int] = {}

    def cpu_s(self) -> float:
        """Seconds that the tree has run for so far."""
        for pid in tree(self.pid):
            with contextlib.suppress(OSError):
                for task in (_PROC / str(pid) / "task").iterdir():
                    with contextlib.suppress(OSError):
                        ran = int((task / "schedstat").read_text().split()[0])
                        self._seen[pid, task.name] = ran
        return sum(self._seen.values()) / 1e9

    def memory(self) -> Memory:
        """What the tree holds now."""
        pss = rss = 0
        for pid in tree(self.pid):
            with contextlib.suppress(OSError):
                for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        pss += int(line.split()[1]) * 1024
                    elif line.startswith("Rss:"):
                        rss += int(line.split()[1]) * 1024
        return Memory(pss, rss)

    def rest(self, *, share: float = 0.1, span_s: float = 0.5, patience_s: float = 60.0) -> float:
        """Wait until the tree uses less than `share` of a core over a span; the seconds waited."""
        began = time.monotonic()
        while time.monotonic() - began < patience_s:
            before, at = self.cpu_s(), time.monotonic()
            time.sleep(span_s)
            if (self.cpu_s() - before) / (time.monotonic() - at) < share:
                break
        return time.monotonic() - began
