from __future__ import annotations

import pytest

from tests.flows.desk import open_desk


@pytest.fixture
async def desk(tmp_path):
    async with open_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
async def desk_with_jury(tmp_path):
    async with open_desk(tmp_path, jurors=12) as opened:
        yield opened
