from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as opened:
        yield opened
