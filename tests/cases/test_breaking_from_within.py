"""What moderators, notices, clocks and crashes would do to break the house."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.attacks import (
    act,
    kinds_in_record,
    messages_to,
    noticed,
    people_of,
    points,
    report,
    seen_by_others,
)
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.cases import draws, effects, rules, steps
from venire.cases.model import Case, Round, Source, Step
from venire.cases.policy import DEFAULT, load_policy
from venire.events import CaseStepped
from venire.jury import actions as jury
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.kernel.errors import Invalid

pytestmark = pytest.mark.anyio


@pytest.fixture
async def empty_house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


# a moderator


async def test_keep_undoes_a_removal_with_its_points_and_its_place_in_the_bank(house):
    author, copier = await people_of(house, "author", "copier")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await act(house, moderator, post, "remove")
    early = await house.post(copier, MILD.upper())
    assert (await house.case_on(early)).measure == "remove"
    assert await points(house, author) == 10
    await act(house, moderator, post, "keep")
    assert await seen_by_others(house, post)
    assert await points(house, author) == 0
    late = await house.post(copier, MILD + "!")
    assert await house.case_on(late) is None
    await act(house, moderator, post, "remove")
    assert await points(house, author) == 10


async def test_the_same_action_again_changes_nothing(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await act(house, moderator, post, "remove")
    for action in ("remove", "hold"):
        again = await act(house, moderator, post, action)
        assert (again.status_code, again.json()["code"]) == (409, "nothing_to_change")
    assert await points(house, author) == 10


async def test_a_removal_told_late_costs_its_points_once(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await act(house, moderator, post, "hold", settle=False)
    case = await house.case_on(post)
    await steps.advance(house.court, case.id)
    done = await act(house, moderator, post, "remove", settle=False)
    assert done.status_code == 200
    await steps.advance(house.court, case.id)
    await house.settle()
    assert await points(house, author) == 10
    assert (await house.case_on(post)).measure == "remove"
    kinds = [one["kind"] for one in (await author.get("/api/v1/statements")).json()]
    assert kinds == ["measure", "hold"]


async def test_a_hold_on_a_post_that_was_kept_hides_it_and_is_judged(house):
    author, reporter = await people_of(house, "author", "reporter")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    await house.vote("keeps")
    assert (await act(house, moderator, post, "hold", "harassment")).status_code == 200
    assert not await seen_by_others(house, post)
    assert (await house.case_on(post)).state == "judging"
    await house.vote("keeps")
    assert await seen_by_others(house, post)
    assert (await house.case_on(post)).hold == "lifted"


async def test_a_moderator_does_not_judge_a_post_of_their_own(house):
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(moderator, THREAT)
    answer = await act(house, moderator, post, "keep")
    assert (answer.status_code, answer.json()["code"]) == (403, "own_case")
    assert (await house.case_on(post)).hold == "held"


async def test_an_author_whose_post_was_never_hidden_does_not_hear_of_a_report(house):
    author, reporter = await people_of(house, "author", "reporter")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    await act(house, moderator, post, "keep", "harassment")
    assert not await messages_to(author)
    assert not (await author.get("/api/v1/statements")).json()


async def test_a_moderators_removal_summons_nobody(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await house.site.settle()
    source = Source("moderator", "1", "incitement", house.world.now_ms())
    case = rules.open_case(
        case_id=1,
        public_id="c",
        subject_kind="post",
        subject_id=int(post),
        author_id=author.id,
        source=source,
        policy=house.court.policy,
        now_ms=house.world.now_ms(),
    )
    assert rules.what_next(case, house.court.policy, seats_wanted=0, seats_open=0) == "wait"
    await act(house, moderator, post, "remove")
    assert "draw" not in await kinds_in_record(house)


# what would wait for ever


async def test_a_case_finds_a_bench_that_is_appointed_days_later(empty_house):
    house = empty_house
    author, judge = await people_of(house, "author", "judge")
    post = await house.post(author, THREAT)
    assert (await house.case_on(post)).waits_for == "bench"
    for _ in range(4):
        house.site.clock.advance(HOUR_MS)
        await house.settle()
    await jury.appoint(house.world, judge.id, bench=True, paid=False)
    house.jurors.append(judge)
    house.site.clock.advance(6 * MINUTE_MS)
    await house.settle()
    assert await house.vote("violates") == 1
    assert (await house.case_on(post)).measure == "remove"


async def test_a_verdict_takes_effect_though_the_clock_went_back(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    house.site.clock.advance(-MINUTE_MS)
    await house.vote("keeps")
    assert (await house.case_on(post)).hold == "lifted"
    assert await seen_by_others(house, post)


async def test_a_step_told_again_long_after_changes_nothing(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    for action in ("remove", "keep"):
        await act(house, moderator, post, action)
    case = await house.case_on(post)
    told = await house.site.storage.tail(0, 10_000)
    for envelope in told:
        if isinstance(envelope.event, CaseStepped) and envelope.event.step == "measure":
            await effects.on_case_stepped(house.court, envelope)
    assert await house.case_on(post) == case
    assert await seen_by_others(house, post)
    assert await points(house, author) == 0
    assert len(house.court.detectors.bank) == 0


async def test_a_step_whose_telling_was_lost_is_finished_by_the_clock(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 7)
    case = await house.case_on(post)
    await steps.intend(house.court, case, Step("keep", "lost:0:keep", house.world.now_ms()), [])
    await house.settle()
    assert (await house.case_on(post)).pending is not None
    house.site.clock.advance(73 * HOUR_MS)
    await house.settle()
    assert (await house.case_on(post)).pending is None


def test_a_panel_that_is_over_its_clock_goes_to_the_bench():
    current = Round(number=1, kind="panel", state="voting", opened_at_ms=0)
    case = Case(
        id=1,
        public_id="c",
        subject_kind="post",
        subject_id=1,
        author_id=1,
        opened_at_ms=0,
        due_at_ms=1,
        policy_version="",
        categories=("incitement",),
        sources=("report",),
        state="judging",
        round=current,
    )
    policy = load_policy()
    assert rules.what_next(case, policy, seats_wanted=3, seats_open=0) == "seat"
    late = rules.what_next(case, policy, seats_wanted=3, seats_open=0, overdue=True)
    assert late == "verdict"
    still = rules.what_next(case, policy, seats_wanted=3, seats_open=1, overdue=True)
    assert still == "wait"


async def test_a_draw_too_long_for_one_commit_goes_to_the_bench(house, monkeypatch):
    monkeypatch.setattr(draws, "EXCLUDED_AT_MOST", 0)
    author = await house.site.member("author")
    await house.jurors[0].post(f"/api/v1/accounts/{author.id}/follow")
    post = await house.post(author, THREAT)
    assert (await house.case_on(post)).round.kind == "bench"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_ballots = 21", "max_ballots = 40"),
        ('measure = "remove"', 'measure = "age_restrict"'),
    ],
)
def test_a_policy_that_the_house_cannot_carry_out_is_refused(tmp_path, old, new):
    changed = tmp_path / "policy.toml"
    changed.write_text(DEFAULT.read_text().replace(old, new, 1))
    with pytest.raises(Invalid):
        load_policy(changed)


# an outside body


async def test_what_the_bench_keeps_against_a_notice_is_disputed_until_it_is_released(house):
    author = await house.site.member("author")
    operator = await house.site.member("operator", role="admin")
    post = await house.post(author, MILD)
    ref = await noticed(house, operator, post, "ref-1")
    assert (await house.case_on(post)).hold == "held"
    await house.vote("keeps")
    case = await house.case_on(post)
    assert (case.disputed, case.waits_for, case.hold) == (True, "operator", "held")
    item = (await operator.get(f"/api/v1/notices/{ref}")).json()["items"][0]
    assert item["state"] == "disputed"
    released = await operator.post(
        f"/api/v1/notices/{ref}/items/1/release", json={"reason": "it is a weather report"}
    )
    assert released.status_code == 200
    await house.settle()
    assert await seen_by_others(house, post)
    item = (await operator.get(f"/api/v1/notices/{ref}")).json()["items"][0]
    assert item["state"] == "disputed"


def test_a_notice_whose_budget_is_spent_reopens_a_case_and_hides_nothing():
    policy = load_policy()
    kept = Case(
        id=1,
        public_id="c",
        subject_kind="post",
        subject_id=1,
        author_id=1,
        opened_at_ms=0,
        due_at_ms=1,
        policy_version="",
        categories=("incitement",),
        sources=("report",),
        state="decided",
        verdict="keeps",
        measured_at_ms=5,
        round=Round(number=1, kind="panel", state="voting", opened_at_ms=0),
    )
    again = rules.merge(kept, Source("notice", "1:1", "incitement", 10), policy)
    assert (again.state, again.hold, again.hold_wanted) == ("judging", "none", "")
    assert again.due_at_ms > 10
    asked = rules.merge(kept, Source("notice", "1:1", "incitement", 10, hold=True), policy)
    assert asked.hold_wanted == "notice"
    # The panel that a moderator ended must not go on where it stood: the bench looks at it.
    held = msgspec.structs.replace(asked, hold="held", hold_wanted="")
    assert rules.what_next(held, policy, seats_wanted=2, seats_open=0) == "draw"
    assert rules.next_round(held, policy, 10).kind == "bench"
