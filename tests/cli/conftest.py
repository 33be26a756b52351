from __future__ import annotations

import asyncio

import pytest

from venire.jury import freezing
from venire.server.settings import Settings
from venire.server.wiring import open_house


@pytest.fixture
def folder(tmp_path):
    """A site's data folder, with a pool in its record and nobody in the pool."""
    made = tmp_path / "data"

    async def begin():
        async with open_house(Settings(data=str(made))) as house:
            house.court.sequencer.start()
            for _ in range(3):
                await freezing.freeze(
                    house.world, house.court.sequencer, house.court.policy, frozen_by="clock"
                )

    asyncio.run(begin())
    return made
