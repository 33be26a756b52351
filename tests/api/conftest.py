from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.site import OpenSite, open_site


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    async with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
async def strict_site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    """As people meet it: limits on, e-mail to be confirmed, no password grant."""
    async with open_site(tmp_path, acceptance=False) as opened:
        yield opened
