"""Every operation on every site in turn, round after round: what a machine does besides is shared.

Figures of a cell are medians over the rounds; the rounds themselves are kept.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import msgspec

from venire.cli.benchmarks import ceiling
from venire.cli.benchmarks.driver import Driver, plan_for
from venire.cli.benchmarks.load import Outcome
from venire.cli.benchmarks.measure import Meter
from venire.cli.benchmarks.operations import Operation, Turn
from venire.cli.benchmarks.shape import Stages
from venire.cli.benchmarks.target import Target


class Cell(msgspec.Struct):
    """One operation on one site. CPU per request counts the whole tree of processes.

    `cpu_ms` is None for a peer whose processes are not known; `generator_ms` is what the load
    generator itself used for a request. `cores`: how much of the machine the site had.
    """

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float | None
    cores: float | None
    requests: int
    failures: int
    mean_bytes: float
    generator_ms: float
    rss_mb: float | None = None
    pss_mb: float | None = None
    failed: list[str] = []
    rounds: list[dict[str, float | None]] = []


class Load(msgspec.Struct, frozen=True):
    """How long and how hard."""

    seconds: float = 3.0
    rounds: int = 2
    connections: int = 32


Cells = dict[str, dict[str, Cell]]
"""By operation, then by site."""


def drive_operations(
    driver: Driver,
    targets: Sequence[Target],
    operations: Sequence[Operation],
    load: Load,
    stages: Stages,
    bare: tuple[str, Meter] | None,
) -> Cells:
    """All rounds; the ceiling is one more site, with the answers it has."""
    runs: dict[str, dict[str, list[Cell]]] = {}
    for number in range(load.rounds):
        for operation in operations:
            stages.stage(f"{operation.title}, round {number + 1}", None)
            for target in targets:
                cell = drive_once(driver, target, operation, load, number)
                runs.setdefault(operation.name, {}).setdefault(target.name, []).append(cell)
        for name in _bare_answers(operations) if bare else ():
            assert bare is not None  # noqa: S101 - said in the line above
            cell = _drive_bare(driver, bare, name, load)
            runs.setdefault(name, {}).setdefault(ceiling.NAME, []).append(cell)
    return {
        operation: {site: median_cell(cells) for site, cells in by_site.items()}
        for operation, by_site in runs.items()
    }


def _bare_answers(operations: Sequence[Operation]) -> list[str]:
    return [name for name in ceiling.CALLS if any(name == one.ceiling for one in operations)]


def drive_once(
    driver: Driver, target: Target, operation: Operation, load: Load, number: int
) -> Cell:
    """One round of one operation. What it leaves to be done is done before the next begins."""
    calls = operation.calls(target.seeded, Turn(number))
    # Once through first: warm is what is measured.
    if operation.warm:
        target.drive(driver, calls[:200], seconds=0, connections=load.connections)
    before = target.meter.cpu_s() if target.meter else 0.0
    outcome = target.drive(
        driver,
        calls,
        seconds=load.seconds,
        connections=load.connections,
        # Everyone has at least as many posts at home, and notifications, as they have followers.
        entries=min(operation.entries, target.seeded.shape.follows),
    )
    cpu = target.meter.cpu_s() - before if target.meter else None
    cell = cell_of(outcome, cpu, target.meter)
    if not operation.warm:
        target.settle()
    return cell


def _drive_bare(driver: Driver, bare: tuple[str, Meter], name: str, load: Load) -> Cell:
    url, meter = bare
    before = meter.cpu_s()
    outcome = driver.run(
        plan_for(
            url,
            ceiling.CALLS[name],
            seconds=min(load.seconds, 2.0),
            connections=load.connections,
        )
    )
    return cell_of(outcome, meter.cpu_s() - before, meter)


def cell_of(outcome: Outcome, cpu_s: float | None, meter: Meter | None) -> Cell:
    """The figures of one run."""
    requests = max(outcome.requests, 1)
    memory = meter.memory() if meter else None
    return Cell(
        rps=outcome.rate,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        cpu_ms=None if cpu_s is None else cpu_s / requests * 1e3,
        cores=None if cpu_s is None or not outcome.seconds else cpu_s / outcome.seconds,
        requests=outcome.requests,
        failures=outcome.failures,
        mean_bytes=outcome.mean_bytes,
        generator_ms=outcome.cpu_s / requests * 1e3,
        rss_mb=memory.rss / 1e6 if memory else None,
        pss_mb=memory.pss / 1e6 if memory else None,
        failed=outcome.failed,
    )


_FIGURES = ("rps", "p50_ms", "p99_ms", "cpu_ms", "cores", "mean_bytes", "generator_ms")
_FIGURES_OF_MEMORY = ("rss_mb", "pss_mb")


def median_cell(cells: Sequence[Cell]) -> Cell:
    """The medians of several runs; their counts are added up."""
    middle: dict[str, float | None] = {}
    for name in (*_FIGURES, *_FIGURES_OF_MEMORY):
        values = [value for cell in cells if (value := getattr(cell, name)) is not None]
        middle[name] = statistics.median(values) if values else None
    rounds = [{name: getattr(cell, name) for name in _FIGURES} for cell in cells]
    return msgspec.structs.replace(
        cells[0],
        **middle,
        requests=sum(cell.requests for cell in cells),
        failures=sum(cell.failures for cell in cells),
        failed=[words for cell in cells for words in cell.failed][:5],
        rounds=rounds,
    )


def idle_cores(meter: Meter, span_s: float = 2.0) -> float:
    """How much of a core a site uses with nobody asking for anything."""
    before, at = meter.cpu_s(), time.monotonic()
    time.sleep(span_s)
    return (meter.cpu_s() - before) / (time.monotonic() - at)


def memory_figures(meter: Meter) -> dict[str, float]:
    """What a site holds now, in megabytes."""
    memory = meter.memory()
    return {"pss_mb": memory.pss / 1e6, "rss_mb": memory.rss / 1e6}
