from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.site import Member, OpenSite, open_site


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


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Courthouse]:
    """A whole house: cases, record, subscribers."""
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def admin(house: Courthouse) -> Member:
    return await house.site.member("boss", "admin")


@pytest.fixture
async def moderator(house: Courthouse) -> Member:
    return await house.site.member("mona", "moderator")


@pytest.fixture
async def bob(house: Courthouse) -> Member:
    return await house.site.member("bob")
