from __future__ import annotations

import pytest

from tests.cluster.keyspace import open_again, open_empty
from tests.conformance.tables import TABLES
from venire.kernel.clock import SystemClock

KEYSPACE = "faults"


@pytest.fixture
async def storage():
    opened = await open_empty(SystemClock(), TABLES, KEYSPACE)
    yield opened
    await opened.close()


@pytest.fixture
async def other(storage):
    """A second process of the same site."""
    opened = await open_again(SystemClock(), TABLES, KEYSPACE, node=1)
    yield opened
    await opened.close()
