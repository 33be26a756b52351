from __future__ import annotations

import pytest

from tests.conformance.engines import ENGINES
from tests.conformance.tables import TABLES
from venire.kernel.clock import ManualClock


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=ENGINES)
async def storage(request, tmp_path, clock):
    engine = ENGINES[request.param](tmp_path, clock, TABLES)
    yield engine
    await engine.close()
