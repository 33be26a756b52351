"""A plugin of pytest's: which counterpart each test needed, what became of it, what was left out.

Loaded by the program alone (`-p tests.counterparts.tally`); writes JSON to the file named by
`VENIRE_COUNTERPARTS_TALLY`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

WHERE = "VENIRE_COUNTERPARTS_TALLY"
_PART = "counterpart"


def needed(item: pytest.Item) -> list[str]:
    """The counterparts that a test names in its marks."""
    return [name for mark in item.iter_markers("vendors") for name in mark.args]


class Tally:
    """Counts by counterpart; tests that were left out, by name."""

    def __init__(self) -> None:
        self.passed: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self.left_out: dict[str, list[str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Note at a report what its test needed."""
        report = yield
        report.user_properties.extend((_PART, name) for name in needed(item))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: where its body passed, or where any part failed or was skipped."""
        into = self.passed if report.when == "call" and report.passed else None
        if not report.passed:
            into = self.failed
        if into is not None:
            for kind, name in report.user_properties:
                if kind == _PART:
                    into[str(name)] = into.get(str(name), 0) + 1

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Name what is left out for want of a counterpart."""
        for item in items:
            if names := needed(item):
                self.left_out[item.nodeid] = names

    def pytest_sessionfinish(self) -> None:
        """Hand the counts over."""
        told = {"passed": self.passed, "failed": self.failed, "left_out": self.left_out}
        if where := os.environ.get(WHERE):
            Path(where).write_text(json.dumps(told), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Count in this run."""
    config.pluginmanager.register(Tally(), "counterparts-tally")
