"""Ids go on above the last one that was given, whatever the clock says at the next start."""

from __future__ import annotations

import pytest

from venire.events import AccountCreated
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.outbox import TABLES

pytestmark = pytest.mark.anyio


async def test_a_clock_set_back_between_two_starts_gives_no_old_id_again(tmp_path):
    clock = ManualClock()
    ids = Ids(clock)
    storage = SqliteStorage(tmp_path, clock, ids, TABLES)
    assert storage.newest_event_id() == 0
    await storage.commit("account:1", [], [AccountCreated(1), AccountCreated(2)])
    given = ids.next()
    newest = storage.newest_event_id()
    assert 0 < newest < given
    await storage.close()
    clock.advance(-3_600_000)
    again = Ids(clock)
    storage = SqliteStorage(tmp_path, clock, again, TABLES)
    again.raise_floor(storage.newest_event_id())
    assert again.next() > newest
    await storage.close()
