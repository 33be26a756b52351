"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture
def anyio_backend() -> str:
    """The house runs on asyncio."""
    return "asyncio"


@pytest.fixture
def loopback() -> None:
    """Sockets, to this machine alone."""
    enable_socket()
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the loopback for tests marked so; name what is left out where the data is not there."""
    if item.get_closest_marker("loopback"):
        enable_socket()
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"])
    if item.get_closest_marker("shared_data") and not SHARED.is_dir():
        pytest.skip("the data folder is not beside this checkout")
