"""Five hundred accounts report one benign post: what it hides, what it costs, how it ends."""

from __future__ import annotations

import pytest

from tests.cases.attacks import kinds_in_record, messages_to, points, seen_by_others
from tests.kit.courthouse import MILD
from venire.cases import store
from venire.people import actions as people

pytestmark = pytest.mark.anyio

BRIGADE = 500


@pytest.fixture
def quick_passwords(monkeypatch):
    """One hash for all: nobody here signs in, and five hundred take half of the time."""
    hashed: list[bytes] = []
    real = people.hash_password

    async def once(world, password):
        if not hashed:
            hashed.append(await real(world, password))
        return hashed[0]

    monkeypatch.setattr(people, "hash_password", once)


async def reported_by(house, members, author, post):
    for member in members:
        filed = await member.post(
            "/api/v1/reports",
            json={"account_id": str(author.id), "status_ids": [post], "rule_ids": ["3"]},
        )
        assert filed.status_code == 200


async def test_five_hundred_reports_hide_nothing_and_cost_one_panel(house, quick_passwords, figure):
    author = await house.site.member("author")
    brigade = [await house.site.member(f"brigade_{number}") for number in range(BRIGADE)]
    post = await house.post(author, MILD)
    before = len(await kinds_in_record(house))

    for start in range(0, BRIGADE, 100):
        await reported_by(house, brigade[start : start + 100], author, post)
        await house.settle()
        assert await seen_by_others(house, post)
    case = await house.case_on(post)
    assert (case.report_count, case.contested, case.hold) == (BRIGADE, True, "none")
    summoned = await house.summoned()
    assert len(summoned) == 5

    ballots = await house.vote("keeps")
    entries = len(await kinds_in_record(house)) - before
    case = await house.case_on(post)
    figure(f"{BRIGADE} reports: 0 hidden, 1 case, {ballots} ballots, {entries} entries")
    assert ballots == 5
    assert entries <= 4, "draw, chance, seat, verdict: what one report costs"
    assert (case.verdict, case.measure, case.hold) == ("keeps", "none", "none")
    assert await seen_by_others(house, post)
    assert await points(house, author) == 0
    assert not await messages_to(author)
    told = [await messages_to(one) for one in (brigade[0], brigade[250], brigade[-1])]
    assert [len(each) for each in told] == [2, 2, 2]


async def test_what_a_jury_kept_is_not_reported_into_a_second_panel(house, quick_passwords):
    author = await house.site.member("author")
    brigade = [await house.site.member(f"brigade_{number}") for number in range(60)]
    post = await house.post(author, MILD)
    await reported_by(house, brigade[:20], author, post)
    await house.settle()
    await house.vote("keeps")
    kept = await house.case_on(post)
    before = await kinds_in_record(house)

    await reported_by(house, brigade[20:], author, post)
    await house.settle()
    case = await house.case_on(post)
    assert (case.id, case.state, case.measure) == (kept.id, "decided", "none")
    assert case.report_count == 60
    assert not await house.summoned()
    assert await kinds_in_record(house) == before
    assert await seen_by_others(house, post)


async def test_a_brigade_that_follows_rule_after_rule_still_has_one_case(house, quick_passwords):
    """Each report names another rule of the panel's: the case grows graver, not more numerous."""
    author = await house.site.member("author")
    brigade = [await house.site.member(f"brigade_{number}") for number in range(30)]
    post = await house.post(author, MILD)
    panel_rules = [c.rule for c in house.court.policy.categories if c.judges == "panel"]
    for number, member in enumerate(brigade):
        rule = panel_rules[number % len(panel_rules)]
        await member.post(
            "/api/v1/reports",
            json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [str(rule)]},
        )
    await house.settle()
    case = await house.case_on(post)
    assert (case.report_count, case.hold, case.round.number) == (30, "none", 1)
    said = await store.sources(house.world.storage, case.id)
    assert len(said) == 30
    assert await house.vote("keeps") == 5
    assert await seen_by_others(house, post)
