"""A site whose stores hold a snapshot and the journal after it."""

from __future__ import annotations

import pytest

from tests.continuity.moving_kit import Running
from tests.continuity.restore_kit import Ground


@pytest.fixture
async def ground(tmp_path):
    """A site with a snapshot in its middle, shipped to two stores."""
    made = Ground(tmp_path, ("first", "second"))
    await made.begin()
    await made.write(20)
    await made.record(3)
    await made.ship()
    await made.snapshot()
    await made.write(17)
    await made.record(2)
    await made.ship()
    yield made
    await made.close()


@pytest.fixture
async def site(tmp_path):
    """A site that runs, ships and is written to."""
    made = Running(tmp_path)
    await made.start()
    yield made
    await made.stop()
