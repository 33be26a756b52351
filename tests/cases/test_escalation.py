"""What happens before a clock runs out and after: through the whole house, and clocks that jump."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.desk import headers, messages, set_policy
from tests.kit.courthouse import MILD, THREAT
from venire.cases import clocks, escalation, rules, steps, store
from venire.cases.clock_policy import ClockPolicy, SourceClock
from venire.cases.model import Case
from venire.jury import actions as jury
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.storage.tables.outbox import TIMERS

pytestmark = pytest.mark.anyio

T = 1_767_225_600_000


async def reported(house, *, rule=3, text=MILD):
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    post = await house.post(author, text)
    filed = await reporter.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [rule]},
    )
    filed.raise_for_status()
    await house.settle()
    return author, reporter, post


async def test_at_half_time_half_as_many_again_are_asked(house):
    set_policy(house, clocks=ClockPolicy(sources=(SourceClock("report", 2),)))
    await reported(house)
    before = {juror.id for juror, _ in await house.summoned()}
    (case,) = [case for case in await cases(house) if case.state == "judging"]
    half_ms = (case.due_at_ms - case.opened_at_ms) // 2
    mark = clocks.next_mark_ms(case, house.court.policy, case.opened_at_ms)
    assert mark == case.opened_at_ms + half_ms
    await until(house, mark - 1)
    assert {juror.id for juror, _ in await house.summoned()} == before
    await until(house, mark)
    after = {juror.id for juror, _ in await house.summoned()}
    assert len(after) == -(-len(before) * 3 // 2)


async def cases(house):
    found, _ = await store.every_case(house.site.storage, None, 100)
    return found


async def until(house, at_ms, *, step_ms=HOUR_MS):
    """Live through the time up to a moment, hour by hour."""
    while (left_ms := at_ms - house.site.clock.now_ms()) > 0:
        house.site.clock.advance(min(step_ms, left_ms))
        await house.settle()


async def test_moderators_hear_before_a_clock_runs_out_and_again_when_it_has(house):
    moderator = await house.site.member("moderator", role="moderator")
    _, _, post = await reported(house, rule=7)
    case = await house.case_on(post)
    assert case.waits_for == "moderator"
    told = len(await messages(moderator))
    hours = (case.due_at_ms - case.opened_at_ms) // HOUR_MS
    await until(house, case.opened_at_ms + int(0.8 * hours * HOUR_MS) - 1)
    assert len(await messages(moderator)) == told
    await until(house, case.opened_at_ms + int(0.8 * hours * HOUR_MS))
    (newest, *_) = await messages(moderator)
    assert len(await messages(moderator)) == told + 1
    assert "has to be decided by" in newest
    assert f"/moderation/cases/{case.public_id}" in newest
    await until(house, case.due_at_ms)
    (newest, *_) = await messages(moderator)
    assert "should have been decided by" in newest
    await until(house, case.due_at_ms + 4 * HOUR_MS)
    assert len(await messages(moderator)) == told + 3


async def test_nobody_is_told_of_a_case_that_was_decided_in_time(house):
    moderator = await house.site.member("moderator", role="moderator")
    author = await house.site.member("author")
    await house.post(author, THREAT)
    await house.vote("keeps")
    told = await messages(moderator)
    await until(house, house.site.clock.now_ms() + 3 * DAY_MS, step_ms=6 * HOUR_MS)
    assert await messages(moderator) == told


async def test_owner_and_deputy_hear_it_too_and_the_author_never_does(house):
    owner = await house.site.member("owner")
    set_policy(house, clocks=ClockPolicy(owner="owner", deputy="author"))
    author, _, post = await reported(house, rule=7)
    case = await house.case_on(post)
    await until(house, case.due_at_ms, step_ms=6 * HOUR_MS)
    assert any("should have been decided" in text for text in await messages(owner))
    assert not any("should have been decided" in text for text in await messages(author))


async def test_of_a_flood_one_case_is_named_and_the_list_of_the_others(house):
    moderator = await house.site.member("moderator", role="moderator")
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    for number in range(4):
        post = await house.post(author, f"{MILD} {number}")
        await reporter.post(
            "/api/v1/reports",
            json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [7]},
        )
        await house.settle()
    told = len(await messages(moderator))
    await until(house, house.site.clock.now_ms() + 58 * HOUR_MS, step_ms=58 * HOUR_MS)
    assert len(await messages(moderator)) == told + 1


async def test_a_told_alarm_is_not_told_again_after_a_crash(house):
    moderator = await house.site.member("moderator", role="moderator")
    _, _, post = await reported(house, rule=7)
    case = await house.case_on(post)
    house.site.clock.advance(case.due_at_ms - house.site.clock.now_ms())
    # The timer fires, and dies before it is removed: it fires again.
    await escalation.on_clock(house.court, str(case.id))
    await escalation.on_clock(house.court, str(case.id))
    await house.settle()
    late = [text for text in await messages(moderator) if "should have been" in text]
    assert len(late) == 1


async def test_a_clock_that_jumps_a_day_forward_loses_no_case_and_no_alarm(house):
    moderator = await house.site.member("moderator", role="moderator")
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    house.site.clock.advance(30 * HOUR_MS)
    await house.settle()
    assert any("should have been" in text for text in await messages(moderator))
    case = await house.case_on(post)
    assert (case.hold, case.round.kind) == ("held", "bench")
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


@pytest.mark.parametrize("back", [HOUR_MS, DAY_MS])
async def test_a_clock_that_is_put_back_loses_no_seat_no_ballot_and_no_case(house, back):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    house.site.clock.advance(-back)
    await house.settle()
    cast = await juror.post(f"{path}/ballot", json={"vote": "violates"})
    assert cast.status_code == 200
    await house.settle()
    await house.vote("violates")
    case = await house.case_on(post)
    assert (case.state, case.measure) == ("decided", "remove")


async def test_a_clock_that_jumps_there_and_back_still_ends_every_case(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    house.site.clock.advance(DAY_MS + HOUR_MS)
    await house.settle()
    house.site.clock.advance(-DAY_MS)
    await house.settle()
    await until(house, house.site.clock.now_ms() + 6 * HOUR_MS)
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


async def test_a_case_that_nobody_can_judge_is_looked_at_again_soon_after_such_a_jump(house):
    for juror in await jury.bench(house.world):
        await jury.opt_out(house.world, juror.account_id)
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    house.site.clock.advance(2 * DAY_MS)
    await house.settle()
    await until(house, house.site.clock.now_ms() + 3 * HOUR_MS)
    case = await house.case_on(post)
    assert case.round.kind == "bench"
    house.site.clock.advance(-DAY_MS)
    await steps.advance(house.court, case.id)
    rows, _ = await house.site.storage.scan(TIMERS)
    soon = house.site.clock.now_ms() + 5 * MINUTE_MS
    assert any(row.kind == "case" and row.due_at_ms <= soon for row in rows)


async def test_a_hold_that_nobody_judges_ends_by_itself_and_the_case_goes_on(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    shipped = house.court.policy
    lifting = tuple(
        msgspec.structs.replace(one, hold_lifts_after_hours=30) for one in shipped.categories
    )
    set_policy(house, categories=lifting)
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    await until(house, case.held_at_ms + 30 * HOUR_MS - 1, step_ms=3 * HOUR_MS)
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 404
    await until(house, case.held_at_ms + 30 * HOUR_MS)
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 200
    case = await house.case_on(post)
    assert (case.hold, case.state, case.verdict) == ("lifted", "judging", None)
    newest = (await author.get("/api/v1/statements")).json()[0]
    assert (newest["kind"], newest["decided_by"], newest["points"]) == ("lift", None, 0)
    assert any("nobody has judged it in time" in text for text in await messages(author))
    await house.vote("violates")
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 404
    figures = (await stranger.get("/api/v1/judgement/figures")).json()
    assert figures["lifted"] == {"clock": 1}
    assert figures["false_holds"] == 0


async def test_without_a_bench_an_admin_judges_in_its_place_and_the_record_says_so(house):
    admin = await house.site.member("admin", role="admin")
    house.jurors.append(admin)
    for juror in await jury.bench(house.world):
        await jury.opt_out(house.world, juror.account_id)
    set_policy(house, jury=msgspec.structs.replace(house.court.policy.jury, preset="small"))
    _, _, post = await reported(house, rule=4)
    case = await house.case_on(post)
    assert case.round.kind == "bench"
    assert [juror.id for juror, _ in await house.summoned()] == [admin.id]
    await house.vote("violates")
    case = await house.case_on(post)
    assert (case.state, case.judged_by, case.measure) == ("decided", "admin", "remove")
    assert "admin" in [one.get("judged_by") for one in await headers(house)]


async def test_a_large_site_asks_an_admin_only_when_time_runs_short(house):
    admin = await house.site.member("admin", role="admin")
    house.jurors.append(admin)
    for juror in await jury.bench(house.world):
        await jury.opt_out(house.world, juror.account_id)
    _, _, post = await reported(house, rule=4)
    assert not await house.summoned()
    case = await house.case_on(post)
    await until(house, case.opened_at_ms + 12 * HOUR_MS + 6 * MINUTE_MS, step_ms=2 * HOUR_MS)
    assert [juror.id for juror, _ in await house.summoned()] == [admin.id]


async def test_an_admin_who_has_acted_on_a_case_does_not_judge_it(house):
    case = Case(1, "a" * 32, "post", 7, 5, T, T, "v", ("privacy",), ("report",))
    step = rules.Step("moderator_action", "k:0:moderator", T, measure="hold", actor_id=9)
    assert rules.apply(case, step).acted == (9,)
    assert house
