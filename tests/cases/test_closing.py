"""A decided case is over when its appeal time is: once, at no cost to others, and undoable."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.appealing import appeal, headers, kept, removed
from tests.cases.attacks import act, people_of, points, report, seen_by_others
from tests.cases.sample_cases import POLICY
from tests.cases.test_appeals_killed import until_it_lives
from tests.cases.test_appeals_rules import CASES
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import appeals, closing, rules, steps, store
from venire.cases.model import Step
from venire.kernel.clock import DAY_MS
from venire.storage.tables.outbox import TIMERS

SIX_MONTHS = 6 * 31 * DAY_MS


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=18) as opened:
        yield opened


async def later(house, by_ms):
    house.site.clock.advance(by_ms)
    await house.settle()


async def case_of(house, public_id):
    return await store.case_by_public_id(house.site.storage, public_id)


@given(CASES, st.integers(0, 400 * DAY_MS))
def test_a_case_is_over_exactly_when_nobody_may_appeal_any_more(case, passed):
    now_ms = 1_000 + passed
    over = now_ms >= appeals.until_ms(POLICY, case.measured_at_ms)
    assert closing.is_due(case, POLICY, now_ms) == over
    closed = rules.apply(case, Step("close", "k:4:close", now_ms))
    assert (closed.state, closed.verdict, closed.measure) == ("closed", case.verdict, case.measure)
    assert closed.struck == case.struck
    assert not closing.is_due(closed, POLICY, now_ms)
    limited = msgspec.structs.replace(case, limits=(("silence", "k:1:moderator"),))
    assert not closing.is_due(limited, POLICY, now_ms), "it has to be ended by someone"
    for state in ("open", "judging"):
        running = msgspec.structs.replace(case, state=state)
        assert not closing.is_due(running, POLICY, now_ms)


@pytest.mark.anyio
async def test_what_was_removed_closes_after_six_months_and_stays_removed(house):
    author = await house.site.member("author")
    post, statement = await removed(house, author)
    decided = await house.case_on(post)
    said = await headers(house)
    await later(house, SIX_MONTHS - 10_000)
    assert (await house.case_on(post)).state == "decided"
    await later(house, 20_000)
    closed = await case_of(house, decided.public_id)
    assert (closed.state, closed.verdict, closed.measure) == ("closed", "violates", "remove")
    refused = await appeal(house, author, f"/api/v1/statements/{statement}/appeal")
    assert (refused.status_code, refused.json()["code"]) == (410, "appeal_time_over")
    assert not await seen_by_others(house, post)
    assert [one for one in await headers(house) if one["type"] != "epoch"] == [
        one for one in said if one["type"] != "epoch"
    ]
    # Told again, by whatever is left of timers and events: nothing more.
    await steps.advance(house.court, closed.id)
    assert (await case_of(house, decided.public_id)).version == closed.version
    due = await house.site.storage.range(TIMERS, (0,), limit=500)
    assert [row for row in due if row.kind == "case" and row.key == str(closed.id)] == []


@pytest.mark.anyio
async def test_a_person_may_still_undo_what_stands_on_a_case_that_is_over(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post, _ = await removed(house, author)
    decided = await house.case_on(post)
    await later(house, SIX_MONTHS + 1)
    assert (await act(house, moderator, post, "remove")).json()["code"] == "case_closed"
    assert (await act(house, moderator, post, "keep")).is_success
    assert await seen_by_others(house, post)
    assert await points(house, author) == 0
    undone = await case_of(house, decided.public_id)
    assert (undone.state, undone.verdict, undone.measure) == ("closed", "keeps", "none")
    # Nothing stands any more: what is said of it from now on is a case of its own.
    assert await house.case_on(post) is None


@pytest.mark.anyio
async def test_what_was_kept_is_a_case_of_its_own_when_it_is_reported_after_that(house):
    author, reporter, other = await people_of(house, "author", "reporter", "other")
    post, public_id = await kept(house, author, reporter)
    await report(house, other, author, post, 3)
    assert (await house.case_on(post)).public_id == public_id, "kept stays kept for six months"
    await later(house, SIX_MONTHS + 1)
    assert (await case_of(house, public_id)).state == "closed"
    assert await house.case_on(post) is None
    late = await appeal(house, reporter, f"/api/v1/cases/{public_id}/appeal")
    assert (late.status_code, late.json()["code"]) == (410, "appeal_time_over")
    await report(house, other, author, post, 3)
    anew = await house.case_on(post)
    assert anew.public_id != public_id
    assert anew.state in {"open", "judging"}
    assert (await case_of(house, public_id)).state == "closed"


@pytest.mark.anyio
async def test_an_appeal_that_runs_when_the_time_ends_is_heard_to_its_end(house):
    author = await house.site.member("author")
    post, statement = await removed(house, author)
    await later(house, SIX_MONTHS - 60_000)
    assert (await appeal(house, author, f"/api/v1/statements/{statement}/appeal")).is_success
    await later(house, 120_000)
    assert (await house.case_on(post)).state == "judging"
    await house.vote("violates")
    after = await house.case_on(post)
    assert (after.state, after.verdict, after.measure) == ("closed", "violates", "remove")


@pytest.mark.anyio
async def test_an_appeal_that_wins_starts_the_time_of_the_new_decision(house):
    author, reporter = await people_of(house, "author", "reporter")
    post, public_id = await kept(house, author, reporter)
    await later(house, SIX_MONTHS - 60_000)
    assert (await appeal(house, reporter, f"/api/v1/cases/{public_id}/appeal")).is_success
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"
    await later(house, SIX_MONTHS - 10_000)
    assert (await house.case_on(post)).state == "decided"
    assert (await appeal(house, author, f"/api/v1/cases/{public_id}/appeal")).is_success
    await house.vote("violates")
    await later(house, 20_000)
    assert (await house.case_on(post)).state == "closed"


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(4))
async def test_killed_at_every_write_it_closes_once(house, seed):
    author = await house.site.member("author")
    post, _ = await removed(house, author)
    case = await house.case_on(post)
    house.site.clock.advance(SIX_MONTHS + 1)

    async def closing_it():
        await steps.advance(house.court, case.id)

    await until_it_lives(house, closing_it, seed)
    after = await case_of(house, case.public_id)
    assert (after.state, after.pending, after.steps) == ("closed", None, case.steps + 1)
    await house.settle()
    assert (await case_of(house, case.public_id)).version == after.version
    assert not await seen_by_others(house, post)


@pytest.mark.anyio
async def test_an_account_that_is_limited_stays_open_to_whoever_ends_that(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    await house.post(author, MILD)
    path = f"/api/v1/admin/accounts/{author.id}/action"
    assert (await moderator.post(path, json={"type": "silence"})).is_success
    await house.settle()
    await later(house, 2 * SIX_MONTHS)
    case = await store.case_of_subject(house.site.storage, "account", author.id)
    assert case.state == "decided"
    lifted = await moderator.post(f"/api/v1/admin/accounts/{author.id}/unsilence")
    assert lifted.is_success, lifted.text
    await house.settle()
    await later(house, SIX_MONTHS + 1)
    assert (await case_of(house, case.public_id)).state == "closed"
    assert await store.case_of_subject(house.site.storage, "account", author.id) is None
