"""A world of storage and a clock that moves when told; no site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.blank import open_storage
from venire.kernel.chance import SeededChance
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.world import Site, World


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def world(tmp_path: Path, clock: ManualClock) -> AsyncIterator[World]:
    ids = Ids(clock, node=0)
    storage = open_storage(tmp_path, clock, ids)
    site = Site("venire.test", "http://venire.test", acceptance=True)
    yield World(storage, clock, SeededChance("continuity"), ids, site)
    await storage.close()
