"""No juror takes one seat more than the dose of the day, however many at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest

from tests.kit.courthouse import THREAT, open_courthouse
from venire.cases import pace, store
from venire.cases.personal_data import personal_data
from venire.kernel.clock import MINUTE_MS, utc_day
from venire.storage.tables.service import DOSES

pytestmark = pytest.mark.anyio


def with_dose(house, dose):
    policy = house.court.policy
    panel = msgspec.structs.replace(policy.panel, dose=dose)
    object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, panel=panel))


@pytest.fixture
async def house(tmp_path):
    """Six cases, and eight jurors who were asked in each of them while the dose was still ten."""
    async with open_courthouse(tmp_path, jurors=8) as opened:
        for number in range(6):
            author = await opened.site.member(f"author_{number}")
            await opened.post(author, f"{THREAT} {number}")
        yield opened


async def summons_of(juror):
    waiting = (await juror.get("/api/v1/jury/summons")).json()
    return [f"/api/v1/jury/summons/{one['id']}" for one in waiting if not one["bench"]]


async def taken_today(house, juror):
    day = utc_day(house.site.clock.now_ms())
    rows = await store.service_on(house.site.storage, juror.id, day)
    return sum(row.state in {"seated", "voted"} for row in rows)


async def busiest(house):
    asked = Counter()
    for juror in house.jurors:
        asked[juror] = len(await summons_of(juror))
    return asked.most_common(1)[0]


@pytest.mark.parametrize("dose", [1, 2, 3])
async def test_who_takes_every_seat_at_once_gets_no_more_than_the_dose(house, dose):
    juror, offered = await busiest(house)
    assert offered > dose
    with_dose(house, dose)
    paths = await summons_of(juror)
    answers = await asyncio.gather(*(juror.post(f"{path}/accept") for path in paths))
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {200: dose, 429: offered - dose}
    assert await taken_today(house, juror) == dose
    await house.settle()
    # Whoever had to be refused gave the seat to another, and is not punished for it.
    assert len(await summons_of(juror)) == dose


async def test_a_seat_that_was_given_back_counts_no_more(house):
    juror, _ = await busiest(house)
    with_dose(house, 1)
    first, second, *_ = await summons_of(juror)
    assert (await juror.post(f"{first}/accept")).is_success
    assert (await juror.post(f"{first}/skip")).is_success
    assert (await juror.post(f"{second}/accept")).is_success
    assert await taken_today(house, juror) == 1


async def test_a_seat_asked_for_by_a_process_that_died_is_free_again_in_a_minute(house):
    juror, _ = await busiest(house)
    with_dose(house, 1)
    day = utc_day(house.site.clock.now_ms())
    rows = await store.service_on(house.site.storage, juror.id, day)
    one, two, *_ = [(row.case_id, row.round) for row in rows if row.state == "offered"]
    assert await pace.reserve(house.world, 1, juror.id, *one)
    assert await pace.reserve(house.world, 1, juror.id, *one), "asked again, it is the same seat"
    assert not await pace.reserve(house.world, 1, juror.id, *two)
    house.site.clock.advance(MINUTE_MS)
    assert await pace.reserve(house.world, 1, juror.id, *two)


async def test_what_a_juror_takes_is_in_no_file_of_theirs(house):
    juror, _ = await busiest(house)
    assert (await juror.post(f"{(await summons_of(juror))[0]}/accept")).is_success
    rows, _ = await house.site.storage.scan(DOSES)
    assert [row.juror_id for row in rows] == [juror.id]
    names = [name async for name, _ in personal_data(house.world, juror.id)]
    assert names
    assert not [name for name in names if "dose" in name or "juror" in name]
