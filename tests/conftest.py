"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
USUAL_S = 120.0
"""What a test may take that does not ask for more."""


# httpx imports it at every request to see whether trio runs: to look for it on every path each time
# is a seventh of what a request costs within a test.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]


@pytest.fixture
def anyio_backend() -> str:
    """The house runs on asyncio."""
    return "asyncio"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sockets, to this machine alone, for tests marked `loopback`; a node for `cluster`, or not.

    Tests marked `vendors` run where every counterpart that they name does. The order is random, but
    for the long ones: begun last, they would leave the other processes nothing to do.
    """
    if "VENIRE_CQL" not in os.environ:
        left_out = [item for item in items if item.get_closest_marker("cluster")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("cluster")]
    absent = [item for item in items if not _has_counterparts(item)]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if _has_counterparts(item)]
    for item in items:
        if item.get_closest_marker("loopback") or item.get_closest_marker("vendors"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))
            item.add_marker(pytest.mark.enable_socket)
    items.sort(key=lambda item: not _is_long(item))


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: no collection of garbage need look through it.

    Ten thousand tests made forty thousand collections, a sixteenth of all their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _is_long(item: pytest.Item) -> bool:
    """Whether it starts sites and kills them, or has been given more than the usual time."""
    given = item.get_closest_marker("timeout")
    return item.path.parent.name == "flows" or (given is not None and given.args[0] > USUAL_S)


def _has_counterparts(item: pytest.Item) -> bool:
    needed = [name for mark in item.iter_markers("vendors") for name in mark.args]
    return all(f"VENIRE_COUNTERPART_{name.upper()}" in os.environ for name in needed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the figures of the red team, and what is left out where there is no node."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"{report.location[2]}: {text}")
    if "VENIRE_CQL" not in os.environ:
        terminalreporter.write_line("left out: tests marked cluster (run them: make test-cluster)")
    if "VENIRE_COUNTERPARTS" not in os.environ:
        terminalreporter.write_line("left out: tests marked vendors (run them: make test-vendors)")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Name what is left out where the data is not beside the checkout."""
    if item.get_closest_marker("shared_data") and not SHARED.is_dir():
        pytest.skip("the data folder is not beside this checkout")
