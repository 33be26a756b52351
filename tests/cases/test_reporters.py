"""Reporters are weighed by how often they are right; who is never right is heard later."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.attacks import messages_to, people_of, report
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import reporter_rules, reporters, rules
from venire.cases.model import Case, Round, Source
from venire.cases.policy import load_policy
from venire.cases.reporter_rules import RIGHT, UNFOUNDED, WRONG, Reported
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.storage.tables.appeals import REPORT_OUTCOMES, ReportOutcomeRow

POLICY = load_policy()
OUTCOMES = st.lists(
    st.builds(Reported, st.sampled_from([RIGHT, WRONG, UNFOUNDED]), st.integers(1, 1_000)),
    max_size=100,
)


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=14) as opened:
        yield opened


# rules


@given(OUTCOMES)
def test_accuracy_is_a_share_and_shrunk_towards_the_prior(outcomes):
    found = reporter_rules.accuracy(outcomes, POLICY.reporters)
    assert 0 < found < 1
    if not outcomes:
        assert found == POLICY.reporters.prior


@given(OUTCOMES, st.integers(1, 1_000))
def test_one_more_report_that_was_right_never_lowers_the_accuracy(outcomes, at_ms):
    before = reporter_rules.accuracy(outcomes, POLICY.reporters)
    after = reporter_rules.accuracy([*outcomes, Reported(RIGHT, at_ms)], POLICY.reporters)
    assert after >= before
    worse = reporter_rules.accuracy([*outcomes, Reported(WRONG, at_ms)], POLICY.reporters)
    assert worse <= before


@given(OUTCOMES, st.integers(0, 1_000))
def test_nobody_is_suspended_who_was_not_warned_or_was_mostly_right(outcomes, counted_from_ms):
    late = [one for one in outcomes if one.at_ms > counted_from_ms]
    bad = sum(one.outcome == UNFOUNDED for one in late)
    for state in ("clear", "warned"):
        turn = reporter_rules.turn(
            state,
            outcomes,
            POLICY.reporters,
            counted_from_ms=counted_from_ms,
            since_ms=0,
            now_ms=1_000,
        )
        if state == "clear":
            assert turn != "suspend"
        if turn in {"warn", "suspend"}:
            assert bad * 2 >= len(late)
            assert bad >= POLICY.reporters.suspend_at


def test_only_a_panel_of_which_not_one_saw_a_violation_makes_a_report_unfounded():
    case = Case(
        id=1,
        public_id="a" * 32,
        subject_kind="post",
        subject_id=2,
        author_id=3,
        opened_at_ms=1,
        due_at_ms=2,
        policy_version="1",
        categories=("harassment",),
        sources=("report",),
        state="decided",
        verdict="keeps",
        judged_by="panel",
        round=Round(1, "panel", "verdict", 1, recorded=True, keeps=5),
    )
    assert reporter_rules.outcome_of(case) == UNFOUNDED
    one_saw = msgspec.structs.replace(case.round, violates=1)
    others = (
        {"round": one_saw},
        {"sources": ("report", "detector")},
        {"judged_by": "moderator"},
        {"judged_by": "bench", "round": msgspec.structs.replace(case.round, kind="bench")},
    )
    for change in others:
        assert reporter_rules.outcome_of(msgspec.structs.replace(case, **change)) == WRONG
    won = msgspec.structs.replace(case, verdict="violates")
    assert reporter_rules.outcome_of(won) == RIGHT
    assert not reporter_rules.outcome_of(msgspec.structs.replace(case, state="judging"))


def opened_by(weight):
    source = Source("report", "1:1", "harassment", 1_000, account_id=1, weight=weight)
    return rules.open_case(
        case_id=1,
        public_id="a" * 32,
        subject_kind="post",
        subject_id=5,
        author_id=7,
        source=source,
        policy=POLICY,
        now_ms=1_000,
    )


@given(st.floats(0.01, 0.99))
def test_a_light_report_waits_for_a_second_but_never_for_long_and_never_hides(weight):
    case = opened_by(weight)
    light = weight < POLICY.reporters.panel_at
    assert reporter_rules.waits_for_a_second(case, 1_001) == light
    until = 1_000 + POLICY.reporters.second_hours * HOUR_MS
    assert not reporter_rules.waits_for_a_second(case, until)
    assert not case.hold_wanted
    second = Source("report", "2:2", "harassment", 2_000, account_id=2, weight=0.39)
    more = rules.merge(case, second, POLICY)
    if weight > 0.05:
        assert not reporter_rules.waits_for_a_second(more, 2_001)


def test_who_never_reported_before_is_heard_at_once():
    assert not reporter_rules.waits_for_a_second(opened_by(POLICY.reporters.prior), 1_001)
    assert not reporter_rules.waits_for_a_second(opened_by(None), 1_001)


def test_the_queue_puts_persons_first_and_the_seldom_right_last_oldest_first():
    waits = [opened_by(weight) for weight in (0.1, 0.9, 0.9, 0.9)]
    numbered = [
        msgspec.structs.replace(case, id=number, waits_for=waits_for)
        for number, (case, waits_for) in enumerate(
            zip(waits, ("moderator", "ballots", "moderator", "moderator"), strict=True)
        )
    ]
    assert [case.id for case in reporter_rules.in_order(numbered, POLICY)] == [2, 3, 0, 1]


def test_what_some_panel_took_for_a_violation_was_no_idle_report():
    case = opened_by(0.5)
    kept = msgspec.structs.replace(
        case,
        state="decided",
        verdict="keeps",
        judged_by="appeal",
        round=Round(2, "appeal", "verdict", 1, recorded=True, keeps=11),
    )
    assert reporter_rules.outcome_of(kept) == UNFOUNDED
    struck = msgspec.structs.replace(kept, struck=("k:3:measure",))
    assert reporter_rules.outcome_of(struck) == WRONG
    assert reporter_rules.outcome_of(msgspec.structs.replace(kept, hung=True)) == WRONG


# through the API


async def was(house, member, outcome, times, *, first=1):
    """What is on file of earlier reports."""
    now_ms = house.world.now_ms()
    for number in range(first, first + times):
        row = ReportOutcomeRow(member.id, number, outcome, now_ms)
        await house.site.storage.put(REPORT_OUTCOMES, row, expires_at_ms=now_ms + DAY_MS)


@pytest.mark.anyio
async def test_a_report_of_who_is_seldom_right_waits_for_a_second_or_six_hours(house):
    author, crier, second = await people_of(house, "author", "crier", "second")
    await was(house, crier, WRONG, 20)
    post = await house.post(author, MILD)
    await report(house, crier, author, post, 3)
    assert not await house.summoned()
    assert (await house.case_on(post)).waits_for == "reports"
    other = await house.post(author, MILD + " Again.")
    await report(house, crier, author, other, 3)
    await report(house, second, author, other, 3)
    assert (await house.case_on(other)).round is not None
    house.site.clock.advance(6 * HOUR_MS + 1)
    await house.settle()
    assert (await house.case_on(post)).round is not None


@pytest.mark.anyio
async def test_what_is_aimed_at_oneself_is_heard_at_once_whoever_one_is(house):
    author, crier = await people_of(house, "author", "crier")
    await was(house, crier, WRONG, 50)
    post = await house.post(author, "@crier " + MILD)
    await report(house, crier, author, post, 3)
    assert (await house.case_on(post)).round is not None


@pytest.mark.anyio
async def test_unfounded_reports_bring_a_warning_then_a_suspension_with_statements(house):
    author, crier = await people_of(house, "author", "crier")
    house.site.clock.advance(DAY_MS)
    await was(house, crier, UNFOUNDED, 4)
    await unfounded(house, crier, author, "The first of these.")
    statement = (await crier.get("/api/v1/statements")).json()[0]
    assert (statement["kind"], statement["case"]) == ("reporting_warned", "")
    assert (await crier.get("/api/v1/reporting")).json()["state"] == "warned"
    refused = await crier.post(
        f"/api/v1/statements/{statement['id']}/appeal", json={"reason": "No!"}
    )
    assert refused.json()["code"] == "nothing_to_appeal"
    for number in range(3):
        house.site.clock.advance(DAY_MS)
        await unfounded(house, crier, author, f"And one more of these, {number}.")
    statement = (await crier.get("/api/v1/statements")).json()[0]
    assert statement["kind"] == "reporting_suspended"
    assert any("not taken until" in text for text in await messages_to(crier))
    post = await house.post(author, "Nothing at all.")
    filed = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [3]}
    refused = await crier.post("/api/v1/reports", json=filed)
    assert (refused.status_code, refused.json()["code"]) == (403, "reporting_suspended")
    aimed = await house.post(author, "@crier you again.")
    taken = await crier.post("/api/v1/reports", json={**filed, "status_ids": [aimed]})
    assert taken.status_code == 200
    house.site.clock.advance(31 * DAY_MS)
    assert (await crier.post("/api/v1/reports", json=filed)).status_code == 200


async def unfounded(house, reporter, author, text):
    post = await house.post(author, text)
    await report(house, reporter, author, post, 3)
    house.site.clock.advance(6 * HOUR_MS + 1)
    await house.settle()
    await house.vote("keeps")
    assert (await house.case_on(post)).verdict == "keeps"


async def suspended(house, author, crier):
    await was(house, crier, UNFOUNDED, 4)
    await unfounded(house, crier, author, "The first of these.")
    house.site.clock.advance(DAY_MS)
    await was(house, crier, UNFOUNDED, 2, first=10)
    await unfounded(house, crier, author, "The last of these.")
    statement = (await crier.get("/api/v1/statements")).json()[0]
    assert statement["kind"] == "reporting_suspended"
    return statement["id"]


@pytest.mark.anyio
async def test_a_suspended_reporter_appeals_and_a_person_answers(house):
    author, crier = await people_of(house, "author", "crier")
    moderator = await house.site.member("moderator", role="moderator")
    path = f"/api/v1/statements/{await suspended(house, author, crier)}/appeal"
    assert (await crier.get(path)).json()["may_appeal"]
    answer = await crier.post(path, json={"reason": "They were all about my brother."})
    assert (answer.status_code, answer.json()["state"]) == (200, "judging")
    again = await crier.post(path, json={"reason": "Once more."})
    assert (again.status_code, again.json()["code"]) == (409, "appealed_already")
    (waits,) = (await moderator.get("/api/v1/admin/reporters")).json()
    assert waits["account_id"] == str(crier.id)
    done = await moderator.post(
        f"/api/v1/admin/reporters/{crier.id}", json={"outcome": "won", "reason": "I see why."}
    )
    assert (done.status_code, done.json()["state"]) == (200, "clear")
    assert (await crier.get(path)).json()["state"] == "overturned"
    assert not (await moderator.get("/api/v1/admin/reporters")).json()
    none = await moderator.post(
        f"/api/v1/admin/reporters/{crier.id}", json={"outcome": "won", "reason": "Twice."}
    )
    assert (none.status_code, none.json()["code"]) == (404, "no_appeal_runs")
    await reporters.may_report(house.court, crier.id, aimed_at=False)


@pytest.mark.anyio
async def test_a_report_that_an_appeal_proves_right_ends_the_suspension_it_caused(house):
    author, crier = await people_of(house, "author", "crier")
    await suspended(house, author, crier)
    posts = (await house.site.client.get(f"/api/v1/accounts/{author.id}/statuses")).json()
    case = await house.case_on(posts[0]["id"])
    answer = await crier.post(
        f"/api/v1/cases/{case.public_id}/appeal", json={"reason": "He means me."}
    )
    assert answer.status_code == 200
    await house.settle()
    await house.vote("violates")
    assert (await house.case_on(posts[0]["id"])).measure == "remove"
    assert (await crier.get("/api/v1/reporting")).json()["state"] == "clear"
    assert any("taken again" in text for text in await messages_to(crier))
