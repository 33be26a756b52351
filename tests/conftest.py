"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture
def anyio_backend() -> str:
    """The house runs on asyncio."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sockets, to this machine alone, for tests marked `loopback`; for nobody else."""
    for item in items:
        if item.get_closest_marker("loopback"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))
            item.add_marker(pytest.mark.enable_socket)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Name what is left out where the data is not beside the checkout."""
    if item.get_closest_marker("shared_data") and not SHARED.is_dir():
        pytest.skip("the data folder is not beside this checkout")
