from __future__ import annotations

import pytest

from tests.posts.town import Town


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def town(tmp_path):
    opened = Town(tmp_path)
    yield opened
    await opened.storage.close()
