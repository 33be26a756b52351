from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.telling_site import telling_subscriptions
from tests.kit.site import OpenSite, open_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    """A site that tells its members of what happens."""
    async with open_site(tmp_path, subscriptions=telling_subscriptions) as opened:
        yield opened
