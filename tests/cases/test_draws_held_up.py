"""What changes between a draw that is written and its entry in the record: time, policy, pool."""

from __future__ import annotations

import pytest

from tests.cases.test_drawing import a_house, held_up, said, verifies, wait
from tests.cases.test_panel_rules import use
from tests.kit.beacons import Relay
from tests.kit.courthouse import THREAT
from venire.cases import steps
from venire.cases.policy import DEFAULT, load_policy
from venire.cases.public import note_policy
from venire.jury import freezing

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("stall_ms", [17_000, 60_000])
async def test_a_record_that_is_slow_leaves_no_draw_to_a_round_that_was_known(
    tmp_path, monkeypatch, stall_ms
):
    """However long it took: an entry that lands after its round must not be called fair."""
    async with a_house(tmp_path, Relay()) as house:
        real = house.court.sequencer.append

        async def append(key, entry):
            if b'"type":"draw"' in entry:
                house.site.clock.advance(stall_ms)
            return await real(key, entry)

        monkeypatch.setattr(house.court.sequencer, "append", append)
        author = await house.site.member("author")
        case = await house.case_on(await house.post(author, THREAT))
        await wait(house, 60_000, step_ms=5_000)
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["fallback"]) == ("weaker", "late")
        await verifies(house, case, tmp_path / "public")


async def test_a_policy_that_changes_before_a_draw_is_in_the_record_draws_it_by_the_new_one(
    tmp_path, monkeypatch
):
    async with a_house(tmp_path) as house:
        case = await held_up(house, monkeypatch)
        use(house, tmp_path, "three_of_five")
        await note_policy(house.court)
        await steps.advance(house.court, case.id)
        (draw,) = await said(house, "draw")
        assert draw["panel_rule"] == "three_of_five"
        assert draw["epoch"] == case.pending.opens.epoch + 1
        assert len(await house.summoned()) == 5
        await verifies(house, case, tmp_path / "public")


async def test_a_draw_whose_pool_is_two_freezes_old_is_drawn_again_and_one_freeze_is_let_pass(
    tmp_path, monkeypatch
):
    async with a_house(tmp_path) as house:
        case = await held_up(house, monkeypatch)
        first = case.pending.opens.epoch
        assert await house.court.pools.is_in_force(first)
        await freezing.freeze(
            house.world, house.court.sequencer, house.court.policy, frozen_by="clock"
        )
        assert await house.court.pools.is_in_force(first)
        newest = await freezing.freeze(
            house.world, house.court.sequencer, house.court.policy, frozen_by="clock"
        )
        assert not await house.court.pools.is_in_force(first)
        await steps.advance(house.court, case.id)
        (draw,) = await said(house, "draw")
        assert draw["epoch"] == newest.epoch
        await verifies(house, case, tmp_path / "public")


async def test_bounds_that_change_while_a_panel_sits_do_not_change_what_its_ballots_come_to(
    tmp_path,
):
    """An operator who knows the tally would else pick the bounds at which it is a verdict."""
    async with a_house(tmp_path) as house:
        author = await house.site.member("author")
        post = await house.post(author, THREAT)
        lower = tmp_path / "lower.toml"
        text = DEFAULT.read_text().replace("violates_at = 0.99\n", "violates_at = 0.6\n", 1)
        lower.write_text(text.replace("min_ballots = 3", "min_ballots = 1", 1))
        object.__setattr__(house.site.court, "policy", load_policy(lower))
        assert await house.vote("violates") == 4
        case = await house.case_on(post)
        assert case.round.numbers.violates_at == 0.99
        assert await house.post(await house.site.member("other"), f"{THREAT} Again.")
        assert await house.vote("violates") == 1
