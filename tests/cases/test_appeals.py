"""Both sides are heard: appeals by author and reporter, from the decision to its correction."""

from __future__ import annotations

import pytest

from tests.cases.appealing import appeal, headers, jurors_of, kept, removed, seen_by
from tests.cases.attacks import act, messages_to, people_of, points, report, seen_by_others
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.cases import store
from venire.cases.personal_data import personal_data
from venire.kernel.clock import HOUR_MS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def court(tmp_path):
    async with open_courthouse(tmp_path, jurors=18) as opened:
        yield opened


@pytest.fixture
async def village(tmp_path):
    # Of these five are asked by the first panel, and six are left.
    async with open_courthouse(tmp_path, jurors=11) as opened:
        yield opened


async def test_an_author_who_wins_has_everything_back_in_its_place(court):
    author, friend = await people_of(court, "author", "friend")
    post = await court.post(author, MILD)
    reply = await court.post(friend, "I was there too.", in_reply_to_id=post)
    await friend.post(f"/api/v1/statuses/{post}/favourite")
    moderator = await court.site.member("moderator", role="moderator")
    await act(court, moderator, post, "remove")
    assert await points(court, author) == 10
    statement = (await author.get("/api/v1/statements")).json()[0]["id"]
    answer = await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    assert (answer.status_code, answer.json()["state"]) == (200, "filed")
    assert not await seen_by_others(court, post)
    assert await court.vote("keeps") == 11
    shown = (await friend.get(f"/api/v1/statuses/{post}")).json()
    assert (shown["id"], shown["favourites_count"], shown["replies_count"]) == (post, 1, 1)
    context = (await friend.get(f"/api/v1/statuses/{post}/context")).json()
    assert [one["id"] for one in context["descendants"]] == [reply]
    assert await points(court, author) == 0
    newest = (await author.get("/api/v1/statements")).json()[0]
    assert (newest["kind"], newest["decided_by"], newest["points"]) == ("overturned", "appeal", 0)
    state = (await author.get(f"/api/v1/statements/{statement}/appeal")).json()
    assert (state["state"], state["may_appeal"]) == ("overturned", False)


async def test_an_appeal_is_heard_by_eleven_who_have_not_judged_the_case(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    first = await jurors_of(court, post)
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    summoned = {juror.id for juror, _ in await court.summoned()}
    assert len(summoned) == 11
    assert not summoned & first
    case = await court.case_on(post)
    assert (case.round.kind, case.round.number, case.round.seats) == ("appeal", 2, 11)
    drawn = [one for one in await headers(court) if one["type"] == "draw"][-1]
    assert (drawn["judged_by"], drawn["seats"], drawn["small_pool"]) == ("appeal", 11, False)
    assert drawn["round"] == 2


async def test_the_record_says_filed_then_overturned_and_corrects_the_very_entry(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    measured = [n for n, one in enumerate(await headers(court)) if one["type"] == "measure"][-1]
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    await court.vote("keeps")
    written = await headers(court)
    told = [one for one in written if one["type"] == "appeal"]
    assert [one["outcome"] for one in told] == ["filed", "overturned"]
    assert told[1]["appellant"] == "author"
    assert [one["type"] for one in written][-4:] == ["verdict", "appeal", "lift", "correction"]
    assert (written[-2]["cause"], written[-1]["reason"]) == ("appeal", "appeal_won")
    assert written[-1]["corrects"] == measured
    assert (await court.case_on(post)).measure == "none"


async def test_an_appeal_that_fails_leaves_everything_as_it_was_and_states_why(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    before = await court.case_on(post)
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    await court.vote("violates")
    case = await court.case_on(post)
    assert (case.state, case.verdict, case.measure) == ("decided", "violates", "remove")
    assert (case.measured_at_ms, case.judged_by) == (before.measured_at_ms, "appeal")
    assert await points(court, author) == 10
    newest = (await author.get("/api/v1/statements")).json()[0]
    assert (newest["kind"], newest["measure"], newest["points"]) == ("upheld", "remove", 0)
    assert any("the decision stands" in text for text in await messages_to(author))
    assert [one["outcome"] for one in await headers(court) if one["type"] == "appeal"] == [
        "filed",
        "upheld",
    ]


async def test_a_reporter_who_wins_has_the_measure_and_the_author_may_appeal_in_turn(court):
    author, reporter = await people_of(court, "author", "reporter")
    post, case = await kept(court, author, reporter)
    answer = await appeal(court, reporter, f"/api/v1/cases/{case}/appeal")
    assert (answer.status_code, answer.json()["party"]) == (200, "reporter")
    assert await seen_by_others(court, post)
    assert await court.vote("violates") == 11
    assert not await seen_by_others(court, post)
    assert await points(court, author) == 4
    statement = (await author.get("/api/v1/statements")).json()[0]
    assert (statement["kind"], statement["decided_by"]) == ("measure", "appeal")
    state = (await author.get(f"/api/v1/statements/{statement['id']}/appeal")).json()
    assert state["may_appeal"]
    assert any("were right" in text for text in await messages_to(reporter))
    outcomes = [one for one in await headers(court) if one["type"] == "appeal"]
    assert [(one["appellant"], one["outcome"]) for one in outcomes] == [
        ("reporter", "filed"),
        ("reporter", "overturned"),
    ]


async def test_a_third_appeal_in_a_row_is_the_benchs_and_the_last(tmp_path):
    async with open_courthouse(tmp_path, jurors=34) as house:
        author, reporter = await people_of(house, "author", "reporter")
        post, case = await kept(house, author, reporter)
        for member, vote in ((reporter, "violates"), (author, "keeps"), (reporter, "violates")):
            answer = await appeal(house, member, f"/api/v1/cases/{case}/appeal")
            assert answer.status_code == 200, answer.text
            given = await house.vote(vote)
        assert given == 1
        assert (await house.case_on(post)).judged_by == "bench"
        again = await appeal(house, author, f"/api/v1/cases/{case}/appeal")
        assert (again.status_code, again.json()["code"]) == (409, "decision_final")


async def test_an_appeal_that_hangs_ends_at_the_bench(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    given = await court.vote(["violates", "keeps"] * 5 + ["violates", "keeps"])
    assert given == 12
    case = await court.case_on(post)
    assert (case.judged_by, case.verdict, case.measure) == ("bench", "keeps", "none")


async def test_a_small_pool_gives_all_who_remain_and_says_so(village):
    author = await village.site.member("author")
    post, statement = await removed(village, author)
    await appeal(village, author, f"/api/v1/statements/{statement}/appeal")
    case = await village.case_on(post)
    assert (case.round.kind, case.round.seats) == ("appeal", 6)
    drawn = [one for one in await headers(village) if one["type"] == "draw"][-1]
    assert (drawn["seats"], drawn["small_pool"]) == (6, True)
    assert await village.vote("keeps") == 6
    assert await seen_by_others(village, post)


async def test_all_who_came_decide_when_a_small_pool_has_nobody_left_to_ask(village):
    author = await village.site.member("author")
    post, statement = await removed(village, author)
    await appeal(village, author, f"/api/v1/statements/{statement}/appeal")
    juror, summons = (await village.summoned())[0]
    await juror.post(f"/api/v1/jury/summons/{summons['id']}/decline")
    await village.settle()
    assert await village.vote("keeps") == 5
    case = await village.case_on(post)
    assert (case.judged_by, case.measure) == ("appeal", "none")


async def test_an_appeal_past_its_clock_goes_to_the_bench(court):
    author = await court.site.member("author")
    post, statement = await removed(court, author)
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    for _ in range(30):
        court.site.clock.advance(3 * HOUR_MS)
        await court.settle()
    assert (await court.case_on(post)).round.kind == "bench"
    assert await court.vote("keeps") == 1
    assert await seen_by_others(court, post)


# other reporters, moderators, copies


async def test_other_reporters_join_the_appeal_that_runs_and_end_with_it(court):
    author, first, second = await people_of(court, "author", "first", "second")
    post = await court.post(author, MILD)
    for reporter in (first, second):
        await report(court, reporter, author, post, 3)
    await court.vote("keeps")
    path = f"/api/v1/cases/{(await court.case_on(post)).public_id}/appeal"
    assert (await appeal(court, first, path, "He means my sister.")).status_code == 200
    assert (await appeal(court, second, path, "He has done it before.")).status_code == 200
    assert len(await court.summoned()) == 11
    juror, summons = (await court.summoned())[0]
    shown = await seen_by(juror, summons, "keeps")
    assert shown["appeal"] == {
        "by": "reporter",
        "reasons": ["He means my sister.", "He has done it before."],
    }
    refused = await first.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "others_appealed")
    await court.vote("keeps")
    for reporter in (first, second):
        assert (await reporter.get(path)).json()["state"] == "upheld"
        assert any("also found it within" in text for text in await messages_to(reporter))


async def test_a_moderators_removal_is_appealed_to_a_panel(court):
    author = await court.site.member("author")
    moderator = await court.site.member("moderator", role="moderator")
    post = await court.post(author, MILD)
    await act(court, moderator, post, "remove", "spam")
    statement = (await author.get("/api/v1/statements")).json()[0]["id"]
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    again = await act(court, moderator, post, "remove", "spam")
    assert (again.status_code, again.json()["code"]) == (409, "appeal_running")
    assert await court.vote("keeps") == 11
    assert await seen_by_others(court, post)
    assert await points(court, author) == 0


async def test_a_moderator_may_give_in_and_the_appeal_is_won(court):
    author = await court.site.member("author")
    moderator = await court.site.member("moderator", role="moderator")
    post, statement = await removed(court, author)
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    await act(court, moderator, post, "keep")
    assert not await court.summoned()
    assert await seen_by_others(court, post)
    assert await points(court, author) == 0
    state = (await author.get(f"/api/v1/statements/{statement}/appeal")).json()
    assert (state["state"], state["code"]) == ("overturned", "by_moderator")
    written = await headers(court)
    assert [one["type"] for one in written][-3:] == ["moderator_action", "appeal", "correction"]


async def test_a_hold_by_a_moderator_may_be_put_before_a_panel(court):
    author = await court.site.member("author")
    moderator = await court.site.member("moderator", role="moderator")
    post = await court.post(author, MILD)
    await act(court, moderator, post, "hold", "spam")
    statement = (await author.get("/api/v1/statements")).json()[0]
    assert statement["kind"] == "hold"
    answer = await appeal(court, author, f"/api/v1/statements/{statement['id']}/appeal")
    assert answer.status_code == 200, answer.text
    assert await court.vote("keeps") == 11
    assert await seen_by_others(court, post)
    assert await points(court, author) == 0


async def test_a_hold_that_a_panel_finds_right_becomes_a_removal_with_its_own_appeal(court):
    author = await court.site.member("author")
    moderator = await court.site.member("moderator", role="moderator")
    post = await court.post(author, MILD)
    await act(court, moderator, post, "hold", "spam")
    statement = (await author.get("/api/v1/statements")).json()[0]["id"]
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    await court.vote("violates")
    case = await court.case_on(post)
    assert (case.state, case.measure, case.judged_by) == ("decided", "remove", "appeal")
    newest = (await author.get("/api/v1/statements")).json()[0]
    state = (await author.get(f"/api/v1/statements/{newest['id']}/appeal")).json()
    assert (newest["kind"], state["may_appeal"]) == ("measure", True)


async def test_a_limit_on_an_account_is_appealed_to_a_panel_and_lifted(court):
    author = await court.site.member("author")
    moderator = await court.site.member("moderator", role="moderator")
    await court.post(author, "My garden is full of tomatoes this year.")
    done = await moderator.post(
        f"/api/v1/admin/accounts/{author.id}/action", json={"type": "silence", "text": "noise"}
    )
    assert done.status_code == 200
    await court.settle()
    statement = (await author.get("/api/v1/statements")).json()[0]
    answer = await appeal(court, author, f"/api/v1/statements/{statement['id']}/appeal")
    assert answer.status_code == 200, answer.text
    juror, summons = (await court.summoned())[0]
    shown = await seen_by(juror, summons, "keeps")
    assert shown["earlier"] == ["My garden is full of tomatoes this year."]
    await court.vote("keeps")
    case = await store.case_of_subject(court.site.storage, "account", author.id)
    assert (case.limits, case.measure, case.state) == ((), "none", "decided")
    account = await court.site.client.get(f"/api/v1/accounts/{author.id}")
    assert not account.json().get("limited")


async def test_copies_of_what_an_appeal_restored_are_looked_at_again(court):
    author, copier, later = await people_of(court, "author", "copier", "later")
    post, statement = await removed(court, author)
    copy = await court.post(copier, THREAT.upper())
    assert (await court.case_on(copy)).judged_by == "bank"
    assert await points(court, copier) == 10
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal")
    await court.vote("keeps", most=11)
    case = await court.case_on(copy)
    assert (case.state, case.hold, case.measure) == ("judging", "held", "")
    assert case.round.kind == "panel"
    assert await points(court, copier) == 0
    await court.vote("keeps")
    assert await seen_by_others(court, copy)
    assert await seen_by_others(court, post)
    anew = await court.post(later, THREAT + " !")
    assert "bank" not in (await court.case_on(anew)).sources


async def test_a_suspension_by_points_ends_when_an_appeal_gives_them_back(court):
    author = await court.site.member("author")
    moderator = await court.site.member("moderator", role="moderator")
    for text in (MILD, "Another thing that is mild enough."):
        await act(court, moderator, await court.post(author, text), "remove")
    first = (await author.get("/api/v1/statements")).json()[0]
    assert (first["standing_points"], first["suspend_at"]) == (20, 20)
    assert first["suspended_until"] is not None
    from venire.people import standing

    assert (await standing.standing(court.world, author.id)).suspended
    await appeal(court, author, f"/api/v1/statements/{first['id']}/appeal")
    await court.vote("keeps")
    assert not (await standing.standing(court.world, author.id)).suspended
    assert await points(court, author) == 10


async def test_an_appeal_shows_nobody_who_appealed_who_judged_or_how_it_stands(court):
    author, reporter = await people_of(court, "author_canary", "reporter_canary")
    post, case = await kept(court, author, reporter)
    path = f"/api/v1/cases/{case}/appeal"
    await appeal(court, reporter, path, "I am @reporter_canary and he means me.")
    waiting = await court.summoned()
    shown = await seen_by(*waiting[0], "violates")
    assert shown["appeal"]["reasons"] == ["I am @A and he means me."]
    assert not {"posterior", "violates", "keeps", "tally"} & shown.keys()
    assert str(reporter.id) not in str(shown)
    running = [(await one.get(f"/api/v1/cases/{case}")).text for one in (author, reporter)]
    running += [(await reporter.get(path)).text, (await author.get(path)).text]
    await court.vote("violates")
    jurors = await jurors_of(court, post)
    seen = [
        *running,
        (await author.get("/api/v1/statements")).text,
        (await author.get("/api/v1/notifications")).text,
        (await author.get(f"/api/v1/cases/{case}")).text,
        str(await headers(court)),
    ]
    async for _, lines in personal_data(court.world, author.id):
        seen += [line.decode() async for line in lines]
    for text in seen[1:]:
        assert not any(str(juror) in text for juror in jurors)
        assert "posterior" not in text
    for text in (seen[0], *seen[4:]):
        assert "reporter_canary" not in text
        assert str(reporter.id) not in text


async def test_a_clients_warning_says_what_came_of_the_appeal(court):
    author = await court.site.member("author")
    _, statement = await removed(court, author)

    async def told():
        alone = (await author.get("/api/v1/notifications?types[]=moderation_warning")).json()
        groups = (await author.get("/api/v2/notifications?types[]=moderation_warning")).json()
        found = [one["moderation_warning"] for one in alone]
        found += [one["moderation_warning"] for one in groups["notification_groups"]]
        return [one.get("appeal") for one in found if one["id"] == statement]

    assert await told() == [None, None]
    await appeal(court, author, f"/api/v1/statements/{statement}/appeal", "A play.")
    assert await told() == [{"text": "A play.", "state": "pending"}] * 2
    (mine,) = (await author.get("/api/v1/appeals")).json()
    assert (mine["party"], mine["state"], mine["reason"]) == ("author", "judging", "A play.")
    await court.vote("keeps")
    assert await told() == [{"text": "A play.", "state": "approved"}] * 2
