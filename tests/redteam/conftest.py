from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse


@pytest.fixture
def figure(record_property):
    """Says what came out: told at the end of a run (`tests/conftest.py`)."""
    return lambda text: record_property("figure", text)


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as opened:
        yield opened
