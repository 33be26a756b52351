"""The fast lane under attack: by the author, by reporters, and by clocks that move."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.attacks import messages_to, people_of, points, report, seen_by_others
from tests.cases.desk import headers, live, messages, set_policy
from tests.kit.courthouse import MILD, THREAT
from venire.cases import (
    clocks,
    draw_facts,
    intake,
    pending_suspension,
    report_desk,
    steps,
    store,
    winding,
)
from venire.cases.model import Source, Subject
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.people import standing
from venire.storage.tables.clocks import PACKETS, PENDING

pytestmark = pytest.mark.anyio


async def said(house, author, post, source):
    subject = Subject("post", int(post), author.id)
    return await intake.note_source(house.world, house.court.policy, subject, source)


def lifting_after(house, hours):
    lifting = tuple(
        msgspec.structs.replace(one, hold_lifts_after_hours=hours)
        for one in house.court.policy.categories
    )
    set_policy(house, categories=lifting)


# the author


async def test_who_waits_for_an_outcome_hears_that_the_author_deleted_the_post(house):
    author, reporter, sari = await people_of(house, "author", "reporter", "sari")
    post = await house.post(author, f"@sari {THREAT}")
    await report(house, reporter, author, post, 1)
    assert (await author.delete(f"/api/v1/statuses/{post}")).status_code == 200
    await house.settle()
    assert "was deleted by its author" in (await messages_to(reporter))[0]
    assert "was deleted by its author" in (await messages_to(sari))[0]
    assert not any("was deleted" in text for text in await messages_to(author))
    assert not await report_desk.search(house.world, report_desk.Search(state="open"))


async def test_a_target_who_was_never_told_of_a_post_is_not_told_of_its_end(house):
    author, reporter, sari = await people_of(house, "author", "reporter", "sari")
    post = await house.post(author, f"@sari {MILD}")
    await report(house, reporter, author, post, 3)
    await author.delete(f"/api/v1/statuses/{post}")
    await house.settle()
    assert not any("was deleted by its author" in text for text in await messages_to(sari))
    assert "was deleted by its author" in (await messages_to(reporter))[0]


async def test_a_report_of_what_is_gone_already_is_answered_at_once(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    body = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [3]}
    filed = (await reporter.post("/api/v1/reports", json=body)).json()
    await author.delete(f"/api/v1/statuses/{post}")
    await house.settle()
    newest, receipt = await messages_to(reporter)
    assert "was deleted by its author" in newest
    assert filed["id"] in receipt
    assert (await report_desk.load(house.world, int(filed["id"]))).desk.state == "resolved"


async def test_a_threat_in_a_reply_without_a_name_is_aimed_at_whom_it_answers(house):
    author, sari = await people_of(house, "author", "sari")
    hers = await house.post(sari, MILD)
    post = await house.post(author, THREAT, in_reply_to_id=hers)
    assert not await seen_by_others(house, post)
    assert "is hidden" in (await messages_to(sari))[0]
    packets, _ = await house.site.storage.scan(PACKETS)
    assert [row.prepared_by for row in packets] == [0]


async def test_whoever_is_answered_does_not_judge_the_answer(house):
    author, target = await house.site.member("author"), house.jurors[0]
    hers = await house.post(target, MILD)
    post = await house.post(author, THREAT, in_reply_to_id=hers)
    assert target.id not in {juror.id for juror, _ in await house.summoned()}
    case = await house.case_on(post)
    facts = await draw_facts.facts_of(house.court, case, await house.court.pools.current())
    assert facts.targets == {target.id}


async def test_what_is_written_after_a_hold_has_ended_by_itself_is_held_anew(house):
    author = await house.site.member("author")
    lifting_after(house, 2)
    post = await house.post(author, THREAT)
    house.site.clock.advance(2 * HOUR_MS)
    await house.settle()
    assert await seen_by_others(house, post)
    house.site.clock.advance(MINUTE_MS)
    worse = f"{THREAT} I have the rope in my car already."
    assert (await author.put(f"/api/v1/statuses/{post}", json={"status": worse})).is_success
    await house.settle()
    assert not await seen_by_others(house, post)
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


async def test_a_stopped_author_finds_no_other_way_to_speak(house):
    author = await house.site.member("author")
    live(house)
    old = await house.post(author, MILD)
    post = await house.post(author, THREAT)
    tries = (
        ("POST", "/api/v1/statuses", {"status": "x"}),
        ("POST", "/api/v1/statuses", {"status": "x", "quoted_status_id": post}),
        ("POST", "/api/v1/statuses", {"status": "x", "scheduled_at": "2030-01-01T00:00:00Z"}),
        ("POST", f"/api/v1/statuses/{old}/reblog", {}),
        ("POST", f"/api/v1/statuses/{post}/reblog", {}),
        ("PUT", f"/api/v1/statuses/{old}", {"status": "x"}),
        ("PUT", f"/api/v1/statuses/{post}", {"status": "x"}),
    )
    for method, path, body in tries:
        answer = await house.site.client.request(method, path, headers=author.headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "posting_stopped"), path
    assert await seen_by_others(house, old)
    assert (await author.delete(f"/api/v1/statuses/{old}")).status_code == 200


async def test_an_author_who_leaves_while_held_is_judged_and_everybody_hears_of_it(house):
    author, reporter, sari = await people_of(house, "author", "reporter", "sari")
    live(house)
    post = await house.post(author, f"@sari {THREAT}")
    await report(house, reporter, author, post, 1)
    gone = await house.site.client.request(
        "DELETE",
        "/api/v1/accounts/self",
        headers=author.headers,
        json={"password": "correct horse"},
    )
    assert gone.status_code == 200
    await house.settle()
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"
    assert not (await standing.standing(house.world, author.id)).pending
    assert "removed" in (await messages_to(reporter))[0]
    assert "removed" in (await messages_to(sari))[0]


async def test_a_report_that_is_faster_than_the_detectors_spares_no_author(house):
    """Hidden for another reason first: it is the threat that stops its author, and is packed."""
    author, sari = await people_of(house, "author", "sari")
    live(house)
    made = await author.post("/api/v1/statuses", json={"status": f"@sari {THREAT}"})
    post, now_ms = made.json()["id"], house.world.now_ms()
    faster = Source(
        "report", f"{sari.id}:1", "privacy", now_ms, hold=True, account_id=sari.id, weight=0.5
    )
    await steps.advance(house.court, (await said(house, author, post, faster)).id)
    assert (await house.case_on(post)).held_by == "report"
    assert not await pending(house)
    await house.settle()
    assert (await standing.standing(house.world, author.id)).pending
    assert len(await pending(house)) == 1
    packets, _ = await house.site.storage.scan(PACKETS)
    assert len(packets) == 1
    await house.vote("keeps")
    assert not (await standing.standing(house.world, author.id)).pending
    stopped = [one["type"] for one in await headers(house) if one.get("measure") == "suspend"]
    assert stopped == ["measure", "lift"]


async def pending(house):
    rows, _ = await house.site.storage.scan(PENDING)
    return rows


async def test_whose_copy_is_looked_at_again_is_not_stopped_for_it(house):
    """Its origin was found within the rules: nothing says any more that it is a threat."""
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    copied = Source("bank", "origin:1", "incitement", case.opened_at_ms, inherits="origin")
    again = msgspec.structs.replace(case, inherits="", sources=("bank",), held_by="bank")
    first = msgspec.structs.replace(again, inherits="origin")
    policy = house.court.policy
    assert pending_suspension.is_severe(first, [copied], policy)
    assert not pending_suspension.is_severe(again, [copied], policy)


# reporters


async def test_nobody_reports_what_is_their_own(house):
    author = await house.site.member("author")
    post = await house.post(author, MILD)
    for posts in ([post], []):
        body = {"account_id": str(author.id), "status_ids": posts, "rule_ids": [3]}
        refused = await author.post("/api/v1/reports", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "self_report")
    await house.settle()
    assert await house.case_on(post) is None


async def test_a_report_of_a_repost_is_one_of_the_post_and_merges_with_the_others(house):
    author, booster, first, second = await people_of(house, "author", "booster", "first", "second")
    post = await house.post(author, MILD)
    boost = (await booster.post(f"/api/v1/statuses/{post}/reblog")).json()["id"]
    await house.settle()
    body = {"account_id": str(booster.id), "rule_ids": [3]}
    filed = await first.post("/api/v1/reports", json={**body, "status_ids": [boost]})
    assert filed.json()["target_account"]["id"] == str(author.id)
    assert filed.json()["status_ids"] == [post]
    await report(house, second, author, post, 3)
    case = await house.case_on(post)
    assert (case.report_count, case.author_id) == (2, author.id)
    assert await house.case_on(boost) is None
    own = await author.post("/api/v1/reports", json={**body, "status_ids": [boost]})
    assert (own.status_code, own.json()["code"]) == (422, "self_report")
    theirs = await house.post(booster, MILD)
    both = await first.post("/api/v1/reports", json={**body, "status_ids": [boost, theirs]})
    assert (both.status_code, both.json()["code"]) == (422, "several_authors")
    another = {**body, "account_id": str(author.id), "status_ids": [boost]}
    assert (await first.post("/api/v1/reports", json=another)).status_code == 404


async def test_one_member_who_reports_everything_is_heard_a_hundred_times_a_day(house):
    author, crier = await people_of(house, "author", "crier")
    reporting = msgspec.structs.replace(house.court.policy.reporters, posts_a_day=5)
    set_policy(house, reporters=reporting)
    live(house)
    posts = [await house.post(author, f"{MILD} {number}") for number in range(6)]
    aimed = await house.post(author, f"@crier {MILD}")
    body = {"account_id": str(author.id), "rule_ids": [3]}

    async def file(*some):
        return await crier.post("/api/v1/reports", json={**body, "status_ids": some})

    assert (await file(*posts[:3])).status_code == 200
    refused = await file(*posts[3:])
    assert (refused.status_code, refused.json()["code"]) == (429, "reports_enough")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await file(*posts[3:5])).status_code == 200
    assert (await file(posts[5])).status_code == 429
    assert (await file(aimed)).status_code == 200
    house.site.clock.advance(DAY_MS)
    assert (await file(posts[5])).status_code == 200


# clocks


async def test_an_alarm_comes_before_a_deadline_that_was_drawn_near(house):
    moderator = await house.site.member("moderator", role="moderator")
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 7)
    house.site.clock.advance(45 * HOUR_MS)
    await house.settle()
    now_ms = house.world.now_ms()
    hurried = Source("notice", "1:1", "spam", now_ms, due_at_ms=now_ms + 3 * HOUR_MS)
    case = await said(house, author, post, hurried)
    assert case.due_at_ms == now_ms + 3 * HOUR_MS
    await house.settle()
    assert sum("has to be decided by" in text for text in await messages(moderator)) == 1
    house.site.clock.advance(3 * HOUR_MS)
    await house.settle()
    assert sum("should have been decided" in text for text in await messages(moderator)) == 1


async def test_a_site_that_was_down_over_a_deadline_does_what_is_overdue_once_and_in_order(house):
    """Started after three days: the hold ends, then the panel does, then the bench is asked."""
    moderator = await house.site.member("moderator", role="moderator")
    author = await house.site.member("author")
    lifting_after(house, 48)
    live(house)
    post = await house.post(author, THREAT)
    asked = len(await house.summoned())
    before = len(await headers(house))
    told = len(await messages(moderator))
    house.site.clock.advance(3 * DAY_MS)
    await house.settle()
    case = await house.case_on(post)
    assert (case.hold, case.round.kind, case.round.state) == ("lifted", "bench", "voting")
    since = (await headers(house))[before:]
    kinds = [(one["type"], one.get("measure") or one.get("verdict")) for one in since]
    assert kinds.count(("lift", None)) == 1
    assert kinds.count(("lift", "suspend")) == 1
    assert kinds.count(("verdict", "hung")) == 1
    assert sum(len(one["indices"]) for one in since if one["type"] == "timeout") == asked
    assert kinds.index(("lift", None)) < kinds.index(("verdict", "hung"))
    assert kinds.index(("timeout", None)) < kinds.index(("verdict", "hung"))
    assert len(await messages(moderator)) == told + 1
    assert await seen_by_others(house, post)
    assert not (await standing.standing(house.world, author.id)).pending
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"
    assert await points(house, author) == 10


@pytest.mark.parametrize("days", [2, 10])
async def test_alarms_come_again_when_the_clock_was_ahead_and_was_put_back(house, days):
    moderator = await house.site.member("moderator", role="moderator")
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 7)
    house.site.clock.advance(2 * DAY_MS + days * DAY_MS)
    await house.settle()
    early = len(await messages(moderator))
    assert early == 1
    house.site.clock.advance(-2 * DAY_MS - days * DAY_MS)
    await winding.wind(house.court)
    await house.settle()
    case = await house.case_on(post)
    assert case.alarms == 0
    assert len(await messages(moderator)) == early
    for _ in range(37):
        house.site.clock.advance(2 * HOUR_MS)
        await house.settle()
    assert len(await messages(moderator)) == early + 2


async def test_a_case_that_was_opened_ahead_of_time_is_judged_within_its_clock_all_the_same(house):
    author = await house.site.member("author")
    live(house)
    house.site.clock.advance(9 * DAY_MS)
    post = await house.post(author, THREAT)
    house.site.clock.advance(-9 * DAY_MS)
    started_ms = house.world.now_ms()
    assert await winding.wind(house.court) == 1
    case = await house.case_on(post)
    assert case.due_at_ms == started_ms + DAY_MS
    assert case.held_at_ms == started_ms
    seats = await store.seats(house.world.storage, case.id)
    assert {seat.deadline_ms for seat in seats} == {started_ms + 2 * HOUR_MS}
    house.site.clock.advance(2 * HOUR_MS)
    await house.settle()
    later = await store.seats(house.world.storage, case.id)
    gone = {seat.juror_id for seat in later if seat.state == "timed_out"}
    assert gone == {seat.juror_id for seat in seats}
    house.site.clock.advance(DAY_MS)
    await house.settle()
    assert (await house.case_on(post)).round.kind == "bench"
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


async def test_where_the_clock_was_not_put_back_nothing_is_brought_back(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    before = await house.case_on(post)
    house.site.clock.advance(HOUR_MS)
    assert await winding.wind(house.court) == 0
    assert await house.case_on(post) == before
    assert winding.brought_back(before, house.court.policy, house.world.now_ms()) == before
    assert clocks.stage_at(before, house.court.policy, house.world.now_ms()) == 0
