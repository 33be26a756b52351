"""Texts counted: receipts in any order, alarms, alerts, and two processes at once."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.kit.site import open_site
from tests.people.test_codes import NUMBER, Town
from venire.events import TextsAlarmed
from venire.kernel.clock import DAY_MS
from venire.kernel.ids import Ids
from venire.kernel.messages import TextReport
from venire.people import codes, phones, texts
from venire.people import text_counts as counts
from venire.people.phone_rules import TextPolicy
from venire.people.texts import Phones
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(tmp_path):
    async with open_site(tmp_path) as site:
        yield Town(site)


async def test_receipts_twice_late_and_in_another_order_count_once(town):
    sari = await town.someone("sari")
    await town.ask(sari)
    key = town.carrier.texts[-1].key
    for state in ("delivered", "sent", "delivered", "failed", "sent", "delivered"):
        await texts.note_reports(town.world, [TextReport(key, state)])
    (day,) = (await texts.figures(town.world, town.desk))["days"]
    assert (day["delivered"], day["failed"], day["unknown"]) == (1, 0, 0)
    await town.ask(sari, "+6281234567891")
    other = town.carrier.texts[-1].key
    await texts.note_reports(town.world, [TextReport(other, "failed")] * 3)
    (day,) = (await texts.figures(town.world, town.desk))["days"]
    assert (day["delivered"], day["failed"]) == (1, 1)
    # The vendor that was asked next has delivered it after all.
    await texts.note_reports(town.world, [TextReport(other, "delivered")])
    (day,) = (await texts.figures(town.world, town.desk))["days"]
    assert (day["delivered"], day["failed"]) == (2, 0)


async def test_receipts_of_texts_that_nobody_sent_are_an_alarm(town):
    reports = [TextReport(f"{n:032x}", "delivered") for n in range(10)]
    await texts.note_reports(town.world, [*reports, TextReport("x" * 500, "failed")])
    (day,) = (await texts.figures(town.world, town.desk))["days"]
    assert (day["dial"], day["unknown"], day["alarms"]) == (0, 11, ["receipts_unknown"])


async def test_an_alarm_is_told_once_a_day_however_often_it_is_seen(town):
    told = []
    for _ in range(3):
        reports = [TextReport(f"{n:032x}", "delivered") for n in range(10)]
        await texts.note_reports(town.world, reports)
        told = [one.event for one in await town.world.storage.tail(0, 10_000)]
    alarms = [one for one in told if isinstance(one, TextsAlarmed)]
    assert alarms == [TextsAlarmed(0, "receipts_unknown")]
    town.site.clock.advance(DAY_MS)
    await texts.note_reports(town.world, [TextReport(f"{n:032x}", "sent") for n in range(10)])
    told = [one.event for one in await town.world.storage.tail(0, 10_000)]
    assert len([one for one in told if isinstance(one, TextsAlarmed)]) == 2


async def test_alerts_that_nobody_answers_close_no_prefix_and_go_out_once(town):
    sari = await town.someone("sari")
    await phones.give(town.world, sari.account_id, NUMBER, "ID")
    for number in range(40):
        said = await texts.tell(
            town.world, town.desk, sari.account_id, "x", about=f"a {number}", language="en"
        )
        assert said == ""
    again = await texts.tell(
        town.world, town.desk, sari.account_id, "x", about="a 1", language="en"
    )
    assert (again, len(town.carrier.texts)) == ("", 40)
    (day,) = (await texts.figures(town.world, town.desk))["days"]
    assert (day["sent"], day["alerts"], day["alarms"]) == (0, 40, [])
    await town.ask(sari, "+6281234567891")


async def test_two_processes_spend_no_more_than_one_budget(town, tmp_path):
    """Two engines on one folder, as two processes of a site have them."""
    ids = Ids(town.site.clock, node=1)
    other = SqliteStorage(tmp_path, town.site.clock, ids, ALL)
    beside = dataclasses.replace(town.world, storage=other, ids=ids)
    desk = Phones(town.carrier, TextPolicy(("ID",), per_day=400, cost=10, budget=70))
    askers = [await town.someone(f"member_{n}", f"198.51.{n}.1") for n in range(16)]
    said = await asyncio.gather(
        *(
            codes.ask(town.world if n % 2 else beside, desk, one, f"+62812{n:02d}561111")
            for n, one in enumerate(askers)
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in said) == 7
    assert len(town.carrier.texts) == 7
    assert await counts.spent_this_hour(town.world) == 70
    await other.close()
