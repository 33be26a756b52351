"""A site of the fourth schema version comes forward: everything about vendors is added to it."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from tests.server.older_folder import made_older, sign_in
from venire.server.settings import Settings
from venire.server.upgrading import upgrade
from venire.storage.released_tables import OF_VERSION_1, OF_VERSION_2, OF_VERSION_4
from venire.storage.tables.every import ALL

_CAME_LATER = sorted(
    table.name
    for table in ALL
    if table.name not in OF_VERSION_1 | OF_VERSION_2 | OF_VERSION_4 and not table.rebuildable
)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A folder with every table of later versions taken out of it again."""
    return made_older(tmp_path / "data", 4, (f"DROP TABLE {name}" for name in _CAME_LATER))


def test_every_table_of_vendors_is_added_and_nothing_is_lost(settings):
    assert {"vendor_states", "ship_states", "memberships", "factors", "beacons"} <= set(_CAME_LATER)
    done = upgrade(settings)
    assert (done.found, done.version) == (4, 5)
    connection = apsw.Connection(str(settings.folder / "venire.db"))
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()}
    connection.close()
    assert set(_CAME_LATER) <= there
    assert asyncio.run(sign_in(settings)) == "ayu"
