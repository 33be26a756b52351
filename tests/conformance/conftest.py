from __future__ import annotations

import pytest

from tests.conformance.engines import ENGINES, ON_A_CLUSTER
from tests.conformance.tables import TABLES
from venire.kernel.clock import ManualClock


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return ManualClock()


def each_engine(*, without=()):
    """The names of the engines, those on a cluster marked so."""
    return [
        pytest.param(name, marks=[pytest.mark.cluster] if name in ON_A_CLUSTER else [])
        for name in ENGINES
        if name not in without
    ]


@pytest.fixture(params=each_engine())
async def storage(request, tmp_path, clock):
    engine = await ENGINES[request.param](tmp_path, clock, TABLES)
    yield engine
    await engine.close()
