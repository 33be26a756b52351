"""What a cluster hears of the journal of the folder that it was filled from."""

from __future__ import annotations

import contextlib

import apsw
import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.continuity.restore_kit import Ground, marker
from venire.events import CaseChanged
from venire.server.cluster_restoring import _tell_again
from venire.storage.engines.cql_replay import CqlReplay
from venire.storage.engines.sqlite_upkeep import FACTS
from venire.storage.tables.every import ALL
from venire.storage.tables.people import MARKERS
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio


class Heard:
    """A cluster that notes what it is brought."""

    def __init__(self) -> None:
        self._commits = self._journal = self
        self.stamps = None
        self.drafts = []
        self.at = 0

    async def plain(self, draft):
        self.drafts.append(draft)

    async def guarded(self, draft, *_):
        self.drafts.append(draft)

    async def position(self, _name):
        return self.at

    async def advance(self, _name, place):
        self.at = place


async def test_what_is_told_again_brings_no_row_back_that_was_erased_meanwhile(tmp_path):
    ground = Ground(tmp_path)
    row = Put(MARKERS, marker(7, "home", 1))
    await ground.storage.commit(MARKERS.aggregate_of(row.row), [row], [CaseChanged(1)])
    await ground.close()
    cluster = Heard()
    with contextlib.closing(apsw.Connection(str(ground.data / FACTS))) as connection:
        # As a restore takes out what was erased after its moment.
        connection.execute("DELETE FROM markers")
        replay = CqlReplay(cluster, ground.clock, ALL)
        again = await _tell_again(connection, replay, lambda _name: lambda *_: None)
    assert again == len(cluster.drafts) == 1
    assert cluster.drafts[0].told is not None
    assert [draft.writes for draft in cluster.drafts] == [()]
