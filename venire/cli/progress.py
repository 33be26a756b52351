"""Progress on standard error: a bar at a terminal, a line a stage elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<38}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


@contextlib.contextmanager
def bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """One bar; the function given is told how many of how many are done."""
    with _progress() as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class Stages:
    """Stages one after the other; each is finished when the next begins."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._progress = _progress()
        self._task: TaskID | None = None
        self._began = time.monotonic()
        self._name = ""

    def __enter__(self) -> Self:
        if not self._quiet:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        if not self._quiet:
            self._progress.stop()

    def stage(self, name: str, total: int | None) -> None:
        """A new stage has begun."""
        self._end()
        self._name, self._began = name, time.monotonic()
        if not self._quiet:
            self._task = self._progress.add_task(name, total=total)

    def step(self, count: int = 1) -> None:
        """The stage went on."""
        if self._task is not None and count:
            self._progress.advance(self._task, count)

    def note(self, text: str) -> None:
        """Something to say."""
        if not self._quiet:
            self._progress.console.print(f"  {text}", style="dim", highlight=False)

    def _end(self) -> None:
        if not self._name:
            return
        took = time.monotonic() - self._began
        if self._task is not None:
            done = self._progress.tasks[self._task].completed
            self._progress.update(self._task, total=done or 1, completed=done or 1)
            self._task = None
        if not self._quiet and not sys.stderr.isatty():
            sys.stderr.write(f"{self._name}: {took:.1f} s\n")
            sys.stderr.flush()
        self._name = ""
