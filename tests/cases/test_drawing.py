"""A draw from its exclusions to its last seat: by the beacon, and by the operator's seed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.kit.beacons import (
    OF_ANOTHER_CHAIN,
    QUICKNET,
    RANDOMNESS_1000,
    WRITTEN_MS,
    Ahead,
    Late,
    Lying,
    Relay,
    Several,
    Silent,
)
from tests.kit.courthouse import THREAT, open_courthouse
from tests.kit.published import headers_of, publish
from venire.cases import steps
from venire.cli.main import main
from venire.kernel.clock import MINUTE_MS

pytestmark = pytest.mark.anyio

INDEPENDENT = Path(__file__).parent.parent / "jury" / "independent_draw.py"


@contextlib.asynccontextmanager
async def a_house(folder, relay=None, *, jurors=12, begins_ms=WRITTEN_MS):
    async with open_courthouse(
        folder, jurors=jurors, randomness=relay, begins_ms=begins_ms
    ) as house:
        if relay is not None:
            relay.clock = house.site.clock
        yield house


async def a_threat(house, name="author"):
    author = await house.site.member(name)
    post = await house.post(author, THREAT)
    return await house.case_on(post)


async def wait(house, ms, *, step_ms=MINUTE_MS):
    """Let time pass, and everyone look as it does."""
    while ms > 0:
        house.site.clock.advance(min(ms, step_ms))
        ms -= step_ms
        await house.settle()
        await asyncio.sleep(0)
        await house.settle()


async def now_of(house, case):
    return await house.case_on(str(case.subject_id))


async def said(house, kind):
    return [header for header in await headers_of(house) if header["type"] == kind]


def by_command(folder, case):
    return CliRunner().invoke(main, ["verify", "draw", case.public_id, "--data", str(folder)])


def independently(folder, case):
    return subprocess.run(
        [sys.executable, "-I", str(INDEPENDENT), str(folder), case.public_id],
        capture_output=True,
        text=True,
        check=False,
    )


async def verifies(house, case, folder):
    """Both programs find every draw of the case right, and agree on what they found."""
    await publish(house, folder)
    ours, theirs = by_command(folder, case), independently(folder, case)
    assert ours.exit_code == 0, ours.stderr
    assert theirs.returncode == 0, theirs.stdout
    return ours.stdout, theirs.stdout


async def test_a_panel_waits_for_a_round_that_nobody_knew_and_the_hold_does_not(tmp_path):
    async with a_house(tmp_path, Relay()) as house:
        case = await a_threat(house)
        assert (case.hold, case.round.state, case.round.beacon_round) == ("held", "drawing", 1000)
        assert await house.summoned() == []
        await wait(house, 36_000, step_ms=3_000)
        assert (await now_of(house, case)).round.state == "drawing"
        await wait(house, 4_000, step_ms=1_000)
        known = (await now_of(house, case)).round
        assert (known.state, known.randomness) == ("voting", RANDOMNESS_1000)
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["signature"]) == ("beacon", QUICKNET[1000])
        assert len(await house.summoned()) == 3
        ours, theirs = await verifies(house, case, tmp_path / "public")
        assert "drand quicknet, round 1000" in ours
        assert "round 1: beacon, 12 members" in theirs
        assert await house.vote("violates") == 4


async def test_by_the_operators_seed_declines_and_timeouts_are_in_the_record_too(tmp_path):
    async with a_house(tmp_path) as house:
        case = await a_threat(house)
        (first, summons), *_ = await house.summoned()
        (await first.post(f"/api/v1/jury/summons/{summons['id']}/decline")).raise_for_status()
        await house.settle()
        await wait(house, 121 * MINUTE_MS, step_ms=MINUTE_MS)
        ours, theirs = await verifies(house, case, tmp_path / "public")
        assert "WEAKER" in ours
        assert "declined" in ours
        assert "timed out" in ours
        assert "round 1: weaker" in theirs
        assert len(await said(house, "decline")) == 1


async def test_who_declined_last_is_in_the_record_when_the_verdict_is(tmp_path):
    async with a_house(tmp_path) as house:
        case = await a_threat(house)
        waiting = await house.summoned()
        assert len(waiting) == 3
        for juror, summons in waiting[:2]:
            await juror.post(f"/api/v1/jury/summons/{summons['id']}/accept")
            path = f"/api/v1/jury/summons/{summons['id']}/ballot"
            (await juror.post(path, json={"vote": "keeps"})).raise_for_status()
        juror, summons = waiting[2]
        (await juror.post(f"/api/v1/jury/summons/{summons['id']}/decline")).raise_for_status()
        await house.settle()
        assert await house.vote("keeps") == 1
        (declined,) = await said(house, "decline")
        kinds = [header["type"] for header in await headers_of(house)]
        assert kinds.index("decline") < kinds.index("verdict")
        assert len(declined["indices"]) == 1
        await verifies(house, case, tmp_path / "public")


@pytest.mark.parametrize(
    ("relay", "reason"),
    [
        (Silent(), "silent"),
        (Lying(QUICKNET[1001]), "invalid"),
        (Lying(OF_ANOTHER_CHAIN), "invalid"),
        (Lying("00" * 48), "invalid"),
        (Lying("no signature at all, but as long as one would be: " + "x" * 46), "invalid"),
        (Ahead(), "clock"),
    ],
    ids=["silent", "another round", "another chain", "no point", "no hex", "our clock is behind"],
)
async def test_without_the_beacon_the_committed_seed_orders_the_panel_and_the_record_says_why(
    tmp_path, relay, reason
):
    async with a_house(tmp_path, relay) as house:
        case = await a_threat(house)
        await wait(house, 12 * MINUTE_MS)
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["fallback"]) == ("weaker", reason)
        assert "signature" not in chance
        ours, theirs = await verifies(house, case, tmp_path / "public")
        assert "!!  fallback" in ours
        assert "weaker" in theirs
        assert len(await house.summoned()) == 3


async def test_a_silent_beacon_is_asked_for_ten_minutes_and_not_without_a_pause(tmp_path):
    relay = Silent()
    async with a_house(tmp_path, relay) as house:
        case = await a_threat(house)
        await wait(house, 9 * MINUTE_MS, step_ms=1_000)
        assert (await now_of(house, case)).round.state == "drawing"
        assert 20 < len(relay.asked) < 80
        await wait(house, 3 * MINUTE_MS)
        assert (await now_of(house, case)).round.state == "voting"


async def test_a_relay_that_is_late_is_waited_for(tmp_path):
    async with a_house(tmp_path, Late()) as house:
        case = await a_threat(house)
        await wait(house, 60_000, step_ms=1_000)
        assert (await now_of(house, case)).round.state == "drawing"
        await wait(house, 3 * MINUTE_MS, step_ms=5_000)
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["randomness"]) == ("beacon", RANDOMNESS_1000)
        await verifies(house, case, tmp_path / "public")


async def test_one_honest_relay_is_enough_beside_one_that_lies(tmp_path):
    async with a_house(tmp_path, Several(Lying(QUICKNET[1002]), Silent(), Relay())) as house:
        await a_threat(house)
        await wait(house, 45_000, step_ms=1_000)
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["randomness"]) == ("beacon", RANDOMNESS_1000)


@pytest.mark.parametrize("later_ms", [38_000, 3_600_000])
async def test_killed_between_its_entry_and_its_round_a_draw_goes_on_where_it_was(
    tmp_path, later_ms
):
    async with a_house(tmp_path, Relay()) as house:
        case = await a_threat(house)
        assert case.round.state == "drawing"
        drawn = await said(house, "draw")
    relay = Relay()
    async with a_house(tmp_path, relay, jurors=0, begins_ms=WRITTEN_MS + later_ms) as house:
        await wait(house, 10_000, step_ms=1_000)
        assert await said(house, "draw") == drawn
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["randomness"]) == ("beacon", RANDOMNESS_1000)
        await verifies(house, case, tmp_path / "public")


class Full(Exception):  # noqa: N818
    """No entry gets into the record."""


async def held_up(house, monkeypatch):
    """A case whose draw is written and not in the record: nothing gets into it."""
    real = house.court.sequencer.append

    async def append(key, entry):
        if b'"type":"draw"' in entry:
            raise Full
        return await real(key, entry)

    monkeypatch.setattr(house.court.sequencer, "append", append)
    author = await house.site.member("author")
    made = await author.post("/api/v1/statuses", json={"status": THREAT})
    with contextlib.suppress(AssertionError):
        await house.settle()
    case = await house.case_on(made.json()["id"])
    assert case.pending.type == "draw"
    monkeypatch.setattr(house.court.sequencer, "append", real)
    return case


async def test_a_draw_that_comes_into_the_record_too_late_is_drawn_again(tmp_path, monkeypatch):
    async with a_house(tmp_path, Relay()) as house:
        case = await held_up(house, monkeypatch)
        first = case.pending.opens
        house.site.clock.advance(7_000)
        await steps.advance(house.court, case.id)
        (draw,) = await said(house, "draw")
        assert draw["beacon_round"] == first.beacon_round + 3
        assert draw["epoch"] == first.epoch + 1
        await wait(house, 45_000, step_ms=1_000)
        (chance,) = await said(house, "chance")
        assert chance["signature"] == QUICKNET[1003]
        await verifies(house, case, tmp_path / "public")


async def test_a_clock_that_is_put_back_does_not_leave_a_panel_undrawn(tmp_path):
    async with a_house(tmp_path, Relay()) as house:
        case = await a_threat(house)
        house.site.clock.advance(-3_600_000)
        await steps.advance(house.court, case.id)
        (chance,) = await said(house, "chance")
        assert (chance["strength"], chance["fallback"]) == ("weaker", "clock")


async def test_an_empty_pool_is_not_drawn_from_and_the_bench_takes_the_case(tmp_path):
    async with a_house(tmp_path, Relay(), jurors=0) as house:
        case = await a_threat(house)
        assert case.round.kind == "bench"
        assert await said(house, "draw") == []


async def test_each_draw_has_pseudonyms_of_its_own_and_more_are_written_when_they_run_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("venire.jury.sheets.sheets_for", lambda _, promised: min(3, promised))
    async with a_house(tmp_path, jurors=6) as house:
        cases = [await a_threat(house, f"author_{number}") for number in range(5)]
        drawn = await said(house, "draw")
        assert len({header["epoch"] for header in drawn}) == len(drawn) == 5
        assert len({header["root"] for header in drawn}) == 5
        pools = await said(house, "epoch")
        assert [pool["frozen_by"] for pool in pools] == ["clock", "clock", "draw"]
        assert pools[1]["root"] == pools[2]["root"]
        for case in cases:
            await verifies(house, case, tmp_path / "public")


@pytest.mark.parametrize("times", [1, 2])
async def test_told_twice_at_once_a_draw_is_made_once(tmp_path, times):
    async with a_house(tmp_path, Relay()) as house:
        case = await a_threat(house)
        await asyncio.gather(*[steps.advance(house.court, case.id) for _ in range(4 * times)])
        assert len(await said(house, "draw")) == 1
        await wait(house, 45_000, step_ms=1_000)
        await asyncio.gather(*[steps.advance(house.court, case.id) for _ in range(4 * times)])
        assert len(await said(house, "chance")) == 1
