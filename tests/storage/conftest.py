from __future__ import annotations

import pytest

from tests.storage.house import TABLES, House
from venire.storage.engines.sqlite import SqliteStorage


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
async def storage(house):
    opened: SqliteStorage = house.open(TABLES)
    yield opened
    await opened.close()
