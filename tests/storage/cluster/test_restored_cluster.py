"""A whole site out of one store onto a cluster: every table of the house, as the site had it."""

from __future__ import annotations

import os
import time

import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cli.calling import call, only_json
from tests.cluster.keyspace import open_again
from tests.continuity.restore_kit import Ground, marker, run
from venire.kernel.clock import SystemClock
from venire.storage.tables.every import ALL
from venire.storage.tables.people import MARKERS
from venire.storage.tables.record import HEADS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]
KEYSPACE = f"restored_{SystemClock().now_ms()}"
"""A new one each time: to drop a house of tables takes a node longer than to make it."""


def test_a_site_is_restored_from_a_store_onto_a_cluster(tmp_path, record_property):
    async def ship() -> Ground:
        ground = Ground(tmp_path / "ground")
        ground.storage._writer._connection.execute("PRAGMA synchronous = OFF")
        await ground.begin()
        await ground.record(3)
        for account in range(100, 120):
            for number in range(100):
                await ground.storage.put(MARKERS, marker(account, f"t{number}", number))
        await ground.ship(limit=500)
        await ground.snapshot()
        await ground.write(20)
        await ground.ship()
        await ground.close()
        return ground

    ground = run(ship())
    key = tmp_path / "offline.key"
    key.write_text(f"{ground.identity}\n")
    began = time.monotonic()
    done = only_json(call("restore", f"file://{ground.folder / 'first'}", "--identity", key,
                          "--data", tmp_path / "new", "--engine", "cql", "--json", "-",
                          "--cluster", f"{os.environ['VENIRE_CQL']}/{KEYSPACE}"))  # fmt: skip
    took_s = time.monotonic() - began
    assert done["complete"]
    rows = done["cluster"]["rows"]
    assert rows > 2_020
    record_property("figure", f"{rows} rows in {took_s:.1f} s, {len(ALL)} tables made")

    async def look() -> None:
        clock = SystemClock()
        storage = await open_again(clock, ALL, KEYSPACE)
        for account in range(100, 120):
            there = await storage.range(MARKERS, (account,), limit=200)
            assert {row.timeline for row in there} == {f"t{number}" for number in range(100)}
        assert len(await storage.range(MARKERS, (7,), limit=100)) == 20
        head = await storage.get(HEADS, (0,))
        assert head is not None
        assert head.size == 3
        await storage.close()

    run(look())
