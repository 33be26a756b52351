"""Every preset of `venire init`, as it is written: cases of each kind run to their end by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.appealing import appeal, headers, removed, seen_by
from tests.cases.attacks import act, report, seen_by_others
from tests.cli.calling import call, only_json
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.cases.policy import CATEGORIES, load_policy
from venire.cases.public import note_policy
from venire.cli.founding.presets import LARGE, PRESETS, SMALL
from venire.kernel.clock import HOUR_MS, SECOND_MS
from venire.server.settings import load_settings

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

LAST_RESORT = {SMALL: "admin", LARGE: "bench"}
"""Who decides what no panel can: a village has no bench, unless somebody sits on one unpaid."""
PRIVACY, SPAM = 4, 7


@pytest.fixture(scope="module", params=sorted(PRESETS))
def preset(request):
    return request.param


@pytest.fixture(scope="module")
def policy(preset, tmp_path_factory):
    """The policy of a site that was made by one line with this preset."""
    folder = tmp_path_factory.mktemp(preset) / "data"
    only_json(
        call(
            "init", "--data", folder, "--yes", "--domain", "localhost", "--tls", "none",
            "--preset", preset, "--admin", "ayu", "--admin-email", "ayu@mail.test", "--json", "-",
        )
    )  # fmt: skip
    named = load_settings({"data": str(folder)}, {}).policy
    return load_policy(folder / Path(named)) if named else load_policy()


@pytest.fixture
async def house(preset, policy, tmp_path):
    async with open_courthouse(tmp_path) as opened:
        object.__setattr__(opened.court, "policy", policy)
        await note_policy(opened.court)
        opened.site.clock.advance(9 * HOUR_MS)
        await opened.seat_pool(30, bench=0 if preset == SMALL else 1)
        opened.jurors.append(await opened.site.member("mayor", role="admin"))
        yield opened


def test_a_preset_has_its_own_jury_every_category_and_nobody_to_pay_in_a_village(preset, policy):
    assert policy.jury.preset == preset
    assert {one.name for one in policy.categories} == set(CATEGORIES)
    assert (policy.pay.rate == 0) is (preset == SMALL)
    assert policy.category("child_safety").judges == "named_person"


async def test_a_threat_is_held_removed_and_put_back_by_an_appeal(house, preset):
    author = await house.site.member("author")
    post, statement = await removed(house, author)
    case = await house.case_on(post)
    assert (case.judged_by, case.measure) == ("panel", "remove")
    assert case.decided_at_ms < case.due_at_ms
    answer = await appeal(house, author, f"/api/v1/statements/{statement}/appeal")
    assert answer.status_code == 200
    drawn = [one for one in await headers(house) if one["type"] == "draw"]
    assert [one["judged_by"] for one in drawn] == ["panel", "appeal"]
    assert [one["rules"] for one in drawn] == [house.court.policy.version] * 2
    assert drawn[1]["seats"] == 11
    assert all(one.get("small_pool", False) is (preset == SMALL) for one in drawn)
    assert await house.vote("keeps") == 11
    assert await seen_by_others(house, post)


async def test_what_a_panel_cannot_decide_goes_to_whom_the_preset_has(house, preset):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    # One after another: ballots of the same moment have no order of their own.
    for vote in ["violates", "keeps"] * 8:
        juror, summons = (await house.summoned())[0]
        await seen_by(juror, summons, vote)
        house.site.clock.advance(SECOND_MS)
        await house.settle()
    case = await house.case_on(post)
    assert (case.hung, case.judged_by, case.state) == (True, LAST_RESORT[preset], "decided")


async def test_private_data_is_hidden_at_once_and_judged_by_no_panel(house, preset):
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, PRIVACY)
    assert not await seen_by_others(house, post)
    assert len(await house.summoned()) == 1
    await house.vote("keeps")
    case = await house.case_on(post)
    assert (case.judged_by, case.state) == (LAST_RESORT[preset], "decided")
    assert await seen_by_others(house, post)


async def test_spam_is_for_a_moderator(house):
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, SPAM)
    assert (await house.case_on(post)).waits_for == "moderator"
    assert not await house.summoned()
    moderator = await house.site.member("moderator", role="moderator")
    assert (await act(house, moderator, post, "remove", "spam")).status_code == 200
    case = await house.case_on(post)
    assert (case.judged_by, case.measure) == ("moderator", "remove")
