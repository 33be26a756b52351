"""Reporters are weighed by how often they are right; who is never right is heard later."""

from __future__ import annotations

import pytest

from tests.cases.attacks import messages_to, people_of, report
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import reporters
from venire.cases.reporter_rules import UNFOUNDED, WRONG
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.storage.tables.appeals import REPORT_OUTCOMES, ReportOutcomeRow


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=14) as opened:
        yield opened


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
