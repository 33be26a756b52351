"""The figures of a run as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from venire.cli.benchmarks import ceiling
from venire.cli.benchmarks.operations import OPERATIONS
from venire.cli.benchmarks.rounds import Cell, Cells
from venire.cli.benchmarks.target import OURS, PEER

_HEAD = ("operation", "site", "rps", "p50 ms", "p99 ms", "CPU ms", "x bare", "PSS MB", "RSS MB")


def _number(value: float | None, digits: int = 1) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.{digits}f}"  # noqa: PLR2004 - four digits


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows under each other, words to the left and figures to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place < 2 else text.rjust(width)  # noqa: PLR2004 - two of words
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def times_bare(cells: Cells, operation: str, cell: Cell) -> float | None:
    """CPU of an operation as a multiple of what the bare ceiling used for such an answer."""
    named = {one.name: one.ceiling for one in OPERATIONS}
    bare = cells.get(named.get(operation, ""), {}).get(ceiling.NAME)
    if bare is None or not bare.cpu_ms or cell.cpu_ms is None:
        return None
    return cell.cpu_ms / bare.cpu_ms


def operations_table(cells: Cells) -> str:
    """One line an operation and site, ours first."""
    titles = {one.name: one.title for one in OPERATIONS}
    rows: list[tuple[str, ...]] = [_HEAD]
    remarks = []
    for operation, by_site in cells.items():
        for site in (OURS, PEER, ceiling.NAME):
            cell = by_site.get(site)
            if cell is None:
                continue
            rows.append(
                (
                    titles.get(operation, f"bare {operation}"),
                    site,
                    _number(cell.rps, 0),
                    _number(cell.p50_ms),
                    _number(cell.p99_ms),
                    _number(cell.cpu_ms, 3),
                    _number(times_bare(cells, operation, cell)),
                    _number(cell.pss_mb, 0),
                    _number(cell.rss_mb, 0),
                )
            )
            if cell.failures:
                remarks.append(
                    f"{operation} on {site}: {cell.failures} of {cell.requests} answers failed:"
                    f" {cell.failed[0]}"
                )
    return "\n".join([columns(rows), *remarks])


def whole(result: Mapping[str, Any]) -> str:
    """All figures of a run."""
    parts = [operations_table(msgspec.convert(result["operations"], Cells))]
    rows = [("measure", "site", "figure"), *_delivery(result), *_started(result)]
    if len(rows) > 1:
        parts.append(columns(rows))
    return "\n\n".join(part for part in parts if part)


def _delivery(result: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for site, found in result["delivery"].items():
        sent, seen, behind = found["sustained"], found["visible"], found["reads_in_backlog"]
        to = f"{sent['followers']} followers"
        yield f"posts a second, drained, to {to}", site, _number(sent["posts_per_s"], 0)
        yield f"CPU ms a post, all of it, to {to}", site, _number(sent["cpu_ms_per_post"], 2)
        yield "visible to the last follower, ms", site, _number(seen["median_ms"])
        yield "  the slowest of the trials, ms", site, _number(seen["most_ms"])
        yield "reads behind a backlog, rps", site, _number(behind["rps"], 0)
        yield "  of the idle rate, %", site, _number(behind["share_of_idle"] * 100, 0)
        yield "  drained after, s", site, _number(behind["drained_after_s"])
    for site, told in result["sockets"].items():
        if told is not None:
            yield (
                f"to the last of {told['sockets']:,} sockets, ms",
                site,
                _number(told["median_ms"]),
            )
            yield "  the slowest of the events, ms", site, _number(told["most_ms"])


def _started(result: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    started, after = result["started"], result["after"]
    first = started["first_reads"]
    if first is not None:
        yield "first home read after a start, CPU ms", OURS, _number(first["first_cpu_ms"], 2)
        yield "  first read of a member, median", OURS, _number(first["median_cpu_ms"], 2)
    yield "memory (PSS), idle / after, MB", OURS, _both(started, after, "pss_mb")
    yield "memory (RSS), idle / after, MB", OURS, _both(started, after, "rss_mb")
    yield "idle CPU, % of a core", OURS, _number(started["idle_cores"] * 100, 2)


def _both(started: Mapping[str, Any], after: Mapping[str, Any], name: str) -> str:
    return f"{_number(started['memory'][name], 0)} / {_number(after['memory'][name], 0)}"
