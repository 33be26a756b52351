"""`kill -9` between a ballot and its pay, again and again: each valid ballot is paid once."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.flows.test_killed_and_started_again import (
    THREATS,
    Site,
    Witness,
    keep_voting,
    ready,
    set_up,
)
from venire.cli.drills import people
from venire.cli.drills.people import Member, answer, call
from venire.cli.drills.site import create_account, free_port
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.cases import SEATS
from venire.storage.tables.every import ALL
from venire.storage.tables.service import PROMISES, SERVED
from venire.storage.tables.treasury import LEDGER_ENTRIES

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(240)]

ROUNDS = 5
RATE = 25


async def appoint(site, admin, jurors):
    async with people.open_client(site.url) as client:
        for juror in jurors:
            me = await answer(client, "GET", "/api/v1/accounts/verify_credentials", juror)
            body = {"account_id": me["id"], "paid": True}
            await answer(client, "POST", "/api/v1/admin/jurors", admin, json=body)


async def one_round(site, authors, jurors, witness, luck):
    async with people.open_client(site.url) as client:
        await ready(client)
        for _ in range(3):
            text = luck.choice(THREATS).format(n=luck.randrange(10**9))
            author = luck.choice(authors)
            await call(client, "POST", "/api/v1/statuses", author, json={"status": text})
        voting = asyncio.create_task(keep_voting(client, jurors, witness))
        await asyncio.sleep(luck.uniform(0.3, 1.2))
        site.kill()
        voting.cancel()
        await asyncio.gather(voting, return_exceptions=True)


async def at_rest(site, admin, jurors):
    """Everybody votes until nothing is open; what each juror's statement says then."""
    async with people.open_client(site.url) as client:
        await ready(client)
        witness = Witness()
        voting = asyncio.create_task(keep_voting(client, jurors, witness))
        for _ in range(400):
            health = await answer(client, "GET", "/api/v1/admin/health", admin)
            calm = not health["open_cases"] or set(health["waiting"]) <= {"bench"}
            if calm and health["drained"]:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(f"cases stand still: {health}")
        voting.cancel()
        await asyncio.gather(voting, return_exceptions=True)
        for _ in range(200):
            if (await answer(client, "GET", "/api/v1/admin/health", admin))["drained"]:
                break
            await asyncio.sleep(0.05)
        found = [await answer(client, "GET", "/api/v1/jury/statements", one) for one in jurors]
        return witness, found


async def rows_of(folder):
    clock = SystemClock()
    storage = SqliteStorage(folder, clock, Ids(clock), ALL)
    found = {}
    for table in (SEATS, SERVED, PROMISES, LEDGER_ENTRIES):
        cursor, rows = None, []
        while True:
            page, cursor = await storage.scan(table, cursor)
            rows += page
            if cursor is None:
                break
        found[table.name] = rows
    await storage.close()
    return found


def test_every_valid_ballot_is_paid_once_however_often_the_site_dies(tmp_path):
    luck = random.Random(3)
    folder = tmp_path / "data"
    made = create_account(folder, "operator", "admin", "acceptance")
    admin = Member("operator", made["id"], made["access_token"])
    site, witness = Site(folder, free_port()), Witness()
    site.start()
    try:
        authors, jurors = asyncio.run(set_up(site, admin))
        asyncio.run(appoint(site, admin, jurors))
        for _ in range(ROUNDS):
            asyncio.run(one_round(site, authors, jurors, witness, luck))
            site.start()
        more, statements = asyncio.run(at_rest(site, admin, jurors))
    finally:
        site.kill()
    assert witness.ballots, "nobody had voted before the site was killed: nothing was tried"
    rows = asyncio.run(rows_of(folder))
    cast = {(s.case_id, s.round, s.juror_id) for s in rows["seats"] if s.state == "voted"}
    assert len(cast) >= len({path for path, _ in (*witness.ballots, *more.ballots)}) > 5
    served = {(row.case_id, row.round, row.juror_id) for row in rows["served_ballots"]}
    assert served == cast
    promised = {(p.case_id, p.round, p.juror_id) for p in rows["pay_promises"]}
    assert cast <= promised
    keys = sorted(row.key for row in rows["ledger_entries"])
    assert keys == sorted("ballot:{}:{}:{}".format(*seat) for seat in cast)
    owed = sum(one["owed"] for one in statements)
    assert owed == RATE * len(cast)
    for one in statements:
        months = one["months"]
        assert one["owed"] == sum(month["earned"] for month in months)
        assert sum(month["ballots"] for month in months) * RATE == one["owed"]
