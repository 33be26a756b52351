"""Appeals that come twice, late, from nobody, or whose ground goes: each has its stated outcome."""

from __future__ import annotations

import pytest

from tests.cases.appealing import appeal, headers, kept, removed, seen_by
from tests.cases.attacks import messages_to, people_of, report
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.kernel.clock import DAY_MS
from venire.people import departures

pytestmark = pytest.mark.anyio


@pytest.fixture
async def court(tmp_path):
    async with open_courthouse(tmp_path, jurors=18) as opened:
        yield opened


async def test_an_appeal_comes_once_in_time_with_a_reason_and_from_a_party(court):
    author, stranger = await people_of(court, "author", "stranger")
    post, statement = await removed(court, author)
    path = f"/api/v1/statements/{statement}/appeal"
    case = (await court.case_on(post)).public_id
    for reason in ("", " ", "x" * 2_001):
        refused = await appeal(court, author, path, reason)
        assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")
    refused = await appeal(court, stranger, path)
    assert (refused.status_code, refused.json()["code"]) == (404, "record_not_found")
    refused = await appeal(court, stranger, f"/api/v1/cases/{case}/appeal")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_party")
    assert (await appeal(court, author, path)).status_code == 200
    again = await appeal(court, author, path)
    assert (again.status_code, again.json()["code"]) == (409, "appealed_already")
    await court.vote("violates")
    again = await appeal(court, author, path)
    assert (again.status_code, again.json()["code"]) == (409, "appealed_already")


async def test_an_appeal_is_possible_for_six_months_and_not_a_day_more(court):
    first, second = await people_of(court, "first", "second")
    _, in_time = await removed(court, first)
    _, late = await removed(court, second, "Hang the mayor from the bridge tonight, all of you.")
    court.site.clock.advance(184 * DAY_MS)
    assert (await appeal(court, first, f"/api/v1/statements/{in_time}/appeal")).status_code == 200
    court.site.clock.advance(3 * DAY_MS)
    refused = await appeal(court, second, f"/api/v1/statements/{late}/appeal")
    assert (refused.status_code, refused.json()["code"]) == (410, "appeal_time_over")


async def test_nothing_is_appealed_that_was_not_decided_against_one(court):
    author, reporter = await people_of(court, "author", "reporter")
    await court.post(author, THREAT)
    statement = (await author.get("/api/v1/statements")).json()[0]["id"]
    refused = await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    assert (refused.status_code, refused.json()["code"]) == (409, "before_the_jury")
    await court.vote("violates")
    post = await court.post(author, MILD)
    await report(court, reporter, author, post, 1)
    case = (await court.case_on(post)).public_id
    refused = await appeal(court, reporter, f"/api/v1/cases/{case}/appeal")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_decided_yet")
    await court.vote("violates")
    refused = await appeal(court, reporter, f"/api/v1/cases/{case}/appeal")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_appeal")


async def test_a_withdrawn_appeal_leaves_the_decision_and_frees_its_jurors(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    path = f"/api/v1/statements/{statement}/appeal"
    await appeal(court, author, path)
    assert await court.summoned()
    gone = await author.delete(path)
    assert gone.status_code == 200
    await court.settle()
    assert not await court.summoned()
    case = await court.case_on(post)
    assert (case.state, case.verdict, case.judged_by) == ("decided", "violates", "panel")
    state = (await author.get(path)).json()
    assert (state["state"], state["code"]) == ("withdrawn", "withdrawn")
    again = await appeal(court, author, path)
    assert again.json()["code"] == "appealed_already"
    none = await author.delete(path)
    assert (none.status_code, none.json()["code"]) == (404, "no_appeal_runs")


async def test_a_post_deleted_while_an_appeal_looks_at_it_ends_the_appeal(court):
    author, reporter = await people_of(court, "author", "reporter")
    post, case = await kept(court, author, reporter)
    path = f"/api/v1/cases/{case}/appeal"
    await appeal(court, reporter, path)
    assert (await author.delete(f"/api/v1/statuses/{post}")).status_code == 200
    await court.settle()
    assert not await court.summoned()
    assert await court.case_on(post) is None
    state = (await reporter.get(path)).json()
    assert (state["state"], state["code"]) == ("moot", "subject_deleted")
    assert any("deleted" in text for text in await messages_to(reporter))
    assert [one["outcome"] for one in await headers(court) if one["type"] == "appeal"][-1] == "moot"


async def test_a_post_edited_while_an_appeal_looks_at_it_is_judged_by_both_its_wordings(court):
    author, reporter = await people_of(court, "author", "reporter")
    post, case = await kept(court, author, reporter)
    await appeal(court, reporter, f"/api/v1/cases/{case}/appeal")
    edited = await author.put(f"/api/v1/statuses/{post}", json={"status": "Something else."})
    assert edited.status_code == 200
    await court.settle()
    juror, summons = (await court.summoned())[0]
    shown = await seen_by(juror, summons, "violates")
    assert (shown["text"], shown["earlier"]) == ("Something else.", [MILD])
    await court.vote("violates")
    assert (await court.case_on(post)).measure == "remove"


async def test_who_appeals_and_leaves_withdraws(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    await departures.leave(court.world, author.id)
    await court.settle()
    case = await court.case_on(post)
    assert (case.appeal, case.state, case.measure) == (None, "decided", "remove")
    assert not await court.summoned()
