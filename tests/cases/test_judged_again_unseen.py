"""What the bench is asked a second time looks like what it is asked a first time."""

from __future__ import annotations

import pytest

from tests.cases.asking import all_cases, set_policy
from tests.cases.test_gold import _seen
from tests.cases.test_nights import a_verdict, night_falls
from tests.kit.courthouse import THREAT, open_courthouse
from venire.cases import nights

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=40) as opened:
        set_policy(opened, gold_share=0.0, again_share=1.0)
        yield opened


async def _waits_for_the_bench(house, public_id):
    """The bench's seat in a case, and all that a stranger is told of the case."""
    (found,) = [
        (juror, summons)
        for juror, summons in await house.summoned()
        if summons["bench"] and summons["case"] == public_id
    ]
    told = (await found[0].get(f"/api/v1/cases/{public_id}")).json()
    return found, {key: told[key] for key in told if key not in {"case", "opened_hour"}}


@pytest.mark.parametrize("vote", ["violates", "keeps"])
async def test_a_threat_that_is_judged_again_looks_like_one_on_which_a_panel_hung(house, vote):
    judged = await a_verdict(house, "author", vote)
    assert judged.state == "decided"
    assert await nights.run(house.court, await night_falls(house))
    await house.settle()
    (again,) = await all_cases(house, "again")
    seat, told = await _waits_for_the_bench(house, again.public_id)
    numbers, shape = await _seen(house, *seat)
    post = await house.post(await house.site.member("other"), f"{THREAT} Once more.")
    for turn in range(15):
        juror, summons = next(one for one in await house.summoned() if not one[1]["bench"])
        path = f"/api/v1/jury/summons/{summons['id']}"
        await juror.post(f"{path}/accept")
        cast = await juror.post(f"{path}/ballot", json={"vote": ("violates", "keeps")[turn % 2]})
        cast.raise_for_status()
        await house.settle()
    hung = await house.case_on(post)
    assert (hung.hung, hung.round.kind, hung.hold) == (True, "bench", "held")
    other_seat, other_told = await _waits_for_the_bench(house, hung.public_id)
    other_numbers, other_shape = await _seen(house, *other_seat)
    assert shape == other_shape
    same = ("ballots_left", "to_accept", "to_vote", "round", "rule")
    assert [numbers[name] for name in same] == [other_numbers[name] for name in same]
    assert told == other_told
