"""The budget of a month is promised once: open seats hold their part of it back."""

from __future__ import annotations

import pytest

from tests.cases.test_pay import paid_house
from tests.kit.courthouse import THREAT
from venire.cases import found_conflicts, pay
from venire.kernel.clock import DAY_MS
from venire.storage.tables.service import OPEN_PROMISES
from venire.treasury import actions as treasury

pytestmark = pytest.mark.anyio


async def called(house, number=0):
    """Who is summoned to a case, and where each answers."""
    author = await house.site.member(f"author_{number}")
    post = await house.post(author, f"{THREAT} {number}")
    found = [
        (juror, f"/api/v1/jury/summons/{summons['id']}")
        for juror, summons in await house.summoned()
    ]
    assert len(found) >= 3
    return post, found


async def amounts(found):
    """What each is told in taking the seat."""
    return [(await juror.post(f"{path}/accept")).json()["pay"]["amount"] for juror, path in found]


async def spoken_for(house):
    return await pay.spoken_for(house.world, "EUR")


async def test_seats_taken_at_once_are_not_all_promised_the_same_last_money(tmp_path):
    async with paid_house(tmp_path, rate=25, budget=49) as house:
        _, found = await called(house)
        told = await amounts(found)
        assert sorted(told, reverse=True) == [25, *[0] * (len(found) - 1)]
        assert await spoken_for(house) == 25
        shown = (await found[-1][0].get("/api/v1/jury")).json()["pay"]
        assert (shown["budget_left"], shown["why"]) == (24, "budget_used_up")
        await house.vote("violates")
        await house.settle()
        assert await treasury.spent(house.world, "EUR", "2026-01") == 25
        assert await spoken_for(house) == 0


async def test_a_seat_given_back_or_run_out_holds_no_budget_back(tmp_path):
    async with paid_house(tmp_path, rate=25, budget=1_000) as house:
        _, found = await called(house)
        assert await amounts(found[:2]) == [25, 25]
        (juror, path), _ = found[:2]
        assert await spoken_for(house) == 50
        (await juror.post(f"{path}/decline")).raise_for_status()
        assert await spoken_for(house) == 25
        house.site.clock.advance(DAY_MS)
        await house.settle()
        assert await spoken_for(house) == 0


async def test_a_ballot_holds_its_part_back_until_it_is_earned_also_over_the_end_of_a_month(
    tmp_path,
):
    async with paid_house(tmp_path, rate=25, budget=1_000) as house:
        _, found = await called(house)
        await amounts(found[:1])
        (juror, path) = found[0]
        (await juror.post(f"{path}/ballot", json={"vote": "keeps"})).raise_for_status()
        assert await spoken_for(house) == 25
        house.site.clock.advance(31 * DAY_MS)
        assert await spoken_for(house) == 25
        house.site.clock.advance(32 * DAY_MS)
        assert await spoken_for(house) == 0


async def test_a_ballot_that_is_struck_holds_nothing_back(tmp_path):
    async with paid_house(tmp_path, rate=25, budget=1_000) as house:
        chief = await house.site.member("chief", "moderator")
        post, found = await called(house)
        await amounts(found[:1])
        (juror, path) = found[0]
        (await juror.post(f"{path}/ballot", json={"vote": "keeps"})).raise_for_status()
        case = await house.case_on(post)
        outcome = await found_conflicts.found_conflicted(
            house.court, case.public_id, juror.id, actor_id=chief.id, reason="his brother"
        )
        assert outcome == "struck"
        rows, _ = await house.site.storage.scan(OPEN_PROMISES)
        assert not rows
