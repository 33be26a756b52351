"""A whole site out of one store onto a cluster: every table of the house, as the site had it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cli.calling import call, only_json
from tests.cluster.keyspace import contact, open_again
from tests.continuity.restore_kit import Ground, marker, run
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Unavailable
from venire.storage.engines.cql_driver import CqlDriver
from venire.storage.tables.every import ALL
from venire.storage.tables.people import MARKERS
from venire.storage.tables.record import HEADS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]
KEYSPACE = f"restored_{SystemClock().now_ms()}"
"""A new one each time: to drop a house of tables takes a node longer than to make it."""


def shipped(folder: Path, accounts: range) -> Ground:
    """A site of which a store has everything."""

    async def ship() -> Ground:
        ground = Ground(folder)
        ground.storage._writer._connection.execute("PRAGMA synchronous = OFF")
        await ground.begin()
        await ground.record(3)
        for account in accounts:
            for number in range(100):
                await ground.storage.put(MARKERS, marker(account, f"t{number}", number))
        await ground.ship(limit=500)
        await ground.snapshot()
        await ground.write(20)
        await ground.ship()
        await ground.close()
        return ground

    return run(ship())


async def check_whole(keyspace: str, accounts: range) -> None:
    """All that the site had is in the keyspace, and the verbs see it."""
    storage = await open_again(SystemClock(), ALL, keyspace)
    for account in accounts:
        there = await storage.range(MARKERS, (account,), limit=200)
        assert {row.timeline for row in there} == {f"t{number}" for number in range(100)}
    assert len(await storage.range(MARKERS, (7,), limit=100)) == 20
    head = await storage.get(HEADS, (0,))
    assert head is not None
    assert head.size == 3
    await storage.close()


def test_a_site_is_restored_onto_a_cluster_though_it_is_killed_on_the_way(
    tmp_path, record_property
):
    accounts = range(100, 120)
    ground = shipped(tmp_path / "ground", accounts)
    key = tmp_path / "offline.key"
    key.write_text(f"{ground.identity}\n")
    data, began = tmp_path / "new", time.monotonic()
    cluster = ("--engine", "cql", "--cluster", f"{os.environ['VENIRE_CQL']}/{KEYSPACE}")
    source = (f"file://{ground.folder / 'first'}", "--identity", str(key))
    command = [sys.executable, "-m", "venire", "restore", "--data", str(data), *cluster]
    assert only_json(call("restore", *cluster, "--prepare", "--json", "-"))["prepared"]
    made_s = time.monotonic() - began
    with subprocess.Popen([*command, *source], stdout=subprocess.DEVNULL) as first:
        run(_rows_there(KEYSPACE))
        first.kill()
    again = only_json(call("restore", "--data", data, *cluster, "--json", "-"))
    took_s = time.monotonic() - began
    rows = again["cluster"]["rows"]
    assert rows > 2_020
    record_property("figure", f"{len(ALL)} tables in {made_s:.1f} s, {rows} rows in"
                    f" {took_s - made_s:.1f} s, killed once")  # fmt: skip
    run(check_whole(KEYSPACE, accounts))
    refused = call("restore", "--data", data, *cluster)
    assert refused.exit_code != 0
    assert "keyspace_not_empty" in refused.output


async def _rows_there(keyspace: str) -> None:
    """Until the first rows of a keyspace have come."""
    driver = await CqlDriver.connect(contact("none"))
    while True:
        with contextlib.suppress(Unavailable):
            await driver.use(keyspace)
            if await driver.execute('SELECT "account_id" FROM "markers" LIMIT 1'):
                break
        await asyncio.sleep(0.1)
    await driver.close()
