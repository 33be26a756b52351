"""A site that has just been started: what it holds, and what the first reads cost."""

from __future__ import annotations

import statistics
import time

import msgspec

from venire.cli.benchmarks.load import Call
from venire.cli.benchmarks.target import Target
from venire.cli.benchmarks.wire import open_wire
from venire.kernel.errors import Unavailable

_READS = 12
_REST_S = 0.03


class FirstReads(msgspec.Struct):
    """The first home read of several members after a start, one at a time.

    `first_ms` is the very first one, which warms what all need; CPU of the whole tree.
    """

    first_cpu_ms: float
    median_cpu_ms: float
    most_cpu_ms: float
    median_wall_ms: float
    reads: int


def first_reads(target: Target) -> FirstReads:
    """Read homes that nobody has read since the start."""
    if target.meter is None:
        raise Unavailable("nothing_to_measure", "the CPU of this site is not known")
    target.meter.rest()
    cpu, wall = [], []
    with open_wire(target.url) as wire:
        for member in target.seeded.members[-_READS:]:
            before = target.meter.cpu_s()
            answer = wire.ask(Call("/api/v1/timelines/home?limit=20", token=member.token))
            wall.append((time.perf_counter() - answer.sent_at) * 1e3)
            if len(msgspec.json.decode(answer.well)) == 0:
                raise Unavailable("home_is_empty", "a seeded home has nothing in it")
            # The kernel books a thread's time when it stops running.
            time.sleep(_REST_S)
            cpu.append((target.meter.cpu_s() - before) * 1e3)
    return FirstReads(
        first_cpu_ms=cpu[0],
        median_cpu_ms=statistics.median(cpu),
        most_cpu_ms=max(cpu),
        median_wall_ms=statistics.median(wall),
        reads=len(cpu),
    )
