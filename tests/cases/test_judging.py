"""From a post to its end, through the public API: holds, draws, ballots, bench, copies."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import MILD, THREAT
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio


async def headers(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    ordered = sorted(rows, key=lambda row: row.leaf_index)
    return [decode_entry(row.entry).header for row in ordered]


async def test_a_threat_is_held_before_anyone_reports_it(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    post = await house.post(author, THREAT)
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 404
    assert (await author.get(f"/api/v1/statuses/{post}")).status_code == 200
    case = await house.case_on(post)
    assert (case.hold, case.held_by, case.state) == ("held", "detector", "judging")


async def test_a_mild_post_opens_no_case(house):
    author = await house.site.member("author")
    post = await house.post(author, MILD)
    assert await house.case_on(post) is None


async def test_the_record_has_the_hold_the_draw_and_the_seats_before_a_ballot_is_cast(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    kinds = [header["type"] for header in await headers(house)]
    assert kinds == ["epoch", "epoch", "policy", "hold", "draw", "chance", "seat"]


async def test_a_panel_that_agrees_removes_the_post_for_everyone(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    post = await house.post(author, THREAT)
    assert await house.vote("violates") == 4
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 404
    assert (await author.get(f"/api/v1/statuses/{post}")).status_code == 404
    case = await house.case_on(post)
    assert (case.state, case.verdict, case.measure) == ("decided", "violates", "remove")
    kinds = [header["type"] for header in await headers(house)]
    assert kinds[-2:] == ["verdict", "measure"]


async def test_a_kept_post_comes_back_in_its_place_without_points(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    post = await house.post(author, THREAT)
    assert await house.vote("keeps") == 3
    shown = await stranger.get(f"/api/v1/statuses/{post}")
    assert shown.status_code == 200
    assert shown.json()["id"] == post
    case = await house.case_on(post)
    assert (case.hold, case.verdict) == ("lifted", "keeps")
    statements = (await author.get("/api/v1/statements")).json()
    assert [one["kind"] for one in statements] == ["lift", "hold"]
    assert all(one["points"] == 0 for one in statements)


async def test_the_author_is_told_at_each_step_with_rule_and_words(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    await house.vote("violates")
    statements = (await author.get("/api/v1/statements")).json()
    assert [one["kind"] for one in statements] == ["measure", "hold"]
    assert statements[0]["rule"] == 1
    assert statements[0]["points"] == 10
    assert statements[0]["decided_by"] == "panel"
    assert any(word in THREAT for word in statements[1]["words"])
    told = (await author.get("/api/v1/notifications")).json()
    kinds = [notification["type"] for notification in told]
    assert "moderation_warning" in kinds
    assert "mention" in kinds


async def test_a_ballot_counts_once_and_a_second_is_refused(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    assert (await juror.post(f"{path}/accept")).status_code == 200
    assert (await juror.post(f"{path}/ballot", json={"vote": "keeps"})).status_code == 200
    again = await juror.post(f"{path}/ballot", json={"vote": "violates"})
    assert (again.status_code, again.json()["code"]) == (409, "ballot_already_cast")


async def test_only_a_seated_juror_votes(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    unseated = await juror.post(f"{path}/ballot", json={"vote": "keeps"})
    assert (unseated.status_code, unseated.json()["code"]) == (403, "not_seated")
    other = await stranger.post(f"{path}/ballot", json={"vote": "keeps"})
    assert (other.status_code, other.json()["code"]) == (404, "summons_not_found")
    nobody = await house.site.client.post(f"{path}/ballot", json={"vote": "keeps"})
    assert nobody.status_code == 401


async def test_accepting_again_is_the_same_seat_until_it_lapses(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}/accept"
    first = await juror.post(path)
    house.site.clock.advance(60_000)
    second = await juror.post(path)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["deadline"] == first.json()["deadline"]
    kinds = [header["type"] for header in await headers(house)]
    house.site.clock.advance(2 * HOUR_MS)
    await house.settle()
    late = await juror.post(path)
    assert (late.status_code, late.json()["code"]) == (410, "summons_expired")
    assert kinds.count("seat") == 1


async def test_a_ballot_after_the_deadline_is_refused_and_the_next_juror_asked(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    before = {juror.id for juror, _ in await house.summoned()}
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    house.site.clock.advance(61 * MINUTE_MS)
    late = await juror.post(f"{path}/ballot", json={"vote": "keeps"})
    assert (late.status_code, late.json()["code"]) == (410, "summons_expired")
    await house.settle()
    after = {juror.id for juror, _ in await house.summoned()}
    assert juror.id not in after
    assert after - before
    assert "timeout" in [header["type"] for header in await headers(house)]


async def test_a_declined_seat_goes_to_the_next_in_the_order_and_is_logged(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    before = [juror.id for juror, _ in await house.summoned()]
    juror, summons = (await house.summoned())[0]
    answer = await juror.post(f"/api/v1/jury/summons/{summons['id']}/decline")
    assert answer.status_code == 200
    await house.settle()
    after = [juror.id for juror, _ in await house.summoned()]
    assert juror.id not in after
    assert len(after) == len(before)
    logged = [header for header in await headers(house) if header["type"] == "decline"]
    assert len(logged) == 1
    assert len(logged[0]["indices"]) == 1


async def test_neither_the_author_nor_a_follower_of_the_author_is_drawn(house):
    author = house.jurors[0]
    follower = house.jurors[1]
    await follower.post(f"/api/v1/accounts/{author.id}/follow")
    await house.post(author, THREAT)
    seen = set()
    for _ in range(10):
        waiting = await house.summoned()
        seen |= {juror.id for juror, _ in waiting}
        if not waiting:
            break
        for juror, summons in waiting:
            await juror.post(f"/api/v1/jury/summons/{summons['id']}/decline")
        await house.settle()
    assert seen
    assert not seen & {author.id, follower.id}


async def test_a_split_panel_ends_at_the_bench(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    given = await house.vote(["violates", "keeps"] * 6 + ["violates"])
    case = await house.case_on(post)
    assert case.hung
    assert case.judged_by == "bench"
    assert case.state == "decided"
    assert given == 13


async def test_an_exact_copy_inherits_the_verdict_and_is_told_so(house):
    author, copier = await house.site.member("author"), await house.site.member("copier")
    await house.post(author, THREAT)
    await house.vote("violates")
    copy = await house.post(copier, THREAT.upper() + " !!")
    case = await house.case_on(copy)
    assert (case.state, case.judged_by, case.measure) == ("decided", "bank", "remove")
    assert not await house.summoned()
    statements = (await copier.get("/api/v1/statements")).json()
    assert statements[0]["decided_by"] == "bank"


async def test_copies_that_were_there_before_are_swept(house):
    author, copier = await house.site.member("author"), await house.site.member("copier")
    text = "Bring the rope to the town hall and make the mayor pay for it, he earned it."
    copy = await house.post(copier, text.replace("town hall", "town  hall") + "!")
    near = await house.post(copier, text.replace("earned", "really earned"))
    post = await house.post(author, text)
    moderator = await house.site.member("moderator", role="moderator")
    done = await moderator.post(
        f"/api/v1/admin/posts/{post}/actions",
        json={"action": "remove", "reason": "a call to lynch", "category": "incitement"},
    )
    assert done.status_code == 200
    await house.settle()
    assert (await house.case_on(copy)).measure == "remove"
    held = await house.case_on(near)
    assert (held.hold, held.state) == ("held", "judging")


async def test_a_moderators_action_is_logged_with_its_reason_and_undone_by_another(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    path = f"/api/v1/admin/posts/{post}/actions"
    done = await moderator.post(
        path, json={"action": "remove", "reason": "spam", "category": "spam"}
    )
    await house.settle()
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 404
    undo = await moderator.post(
        f"/api/v1/cases/{done.json()['case']}/actions", json={"action": "keep", "reason": "a slip"}
    )
    assert undo.status_code == 200
    await house.settle()
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 200
    log = (await moderator.get("/api/v1/admin/actions")).json()
    assert [(line["action"], line["reason"]) for line in log] == [
        ("keep", "a slip"),
        ("remove", "spam"),
    ]
    kinds = [header["type"] for header in await headers(house)]
    assert kinds.count("moderator_action") == 2


async def test_a_member_may_not_act_as_moderator(house):
    author, member = await house.site.member("author"), await house.site.member("member")
    post = await house.post(author, MILD)
    path = f"/api/v1/admin/posts/{post}/actions"
    answer = await member.post(path, json={"action": "remove", "reason": "I dislike it"})
    assert answer.status_code == 403


async def test_reports_merge_into_one_case_and_every_reporter_hears_the_outcome(house):
    author = await house.site.member("author")
    reporters = [await house.site.member(f"reporter_{number}") for number in range(3)]
    post = await house.post(author, MILD)
    for reporter in reporters:
        filed = await reporter.post(
            "/api/v1/reports",
            json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [3]},
        )
        assert filed.status_code == 200
        await house.settle()
    case = await house.case_on(post)
    assert (case.report_count, case.contested) == (3, True)
    await house.vote("keeps")
    for reporter in reporters:
        told = (await reporter.get("/api/v1/notifications")).json()
        texts = [one["status"]["content"] for one in told if one["type"] == "mention"]
        assert len(texts) == 2
        assert any("within the rules" in text for text in texts)


async def test_the_author_never_learns_who_reported(house):
    author, reporter = await house.site.member("author"), await house.site.member("canary_reporter")
    post = await house.post(author, MILD)
    await reporter.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [1]},
    )
    await house.settle()
    await house.vote("violates")
    case = await house.case_on(post)
    seen = [
        (await author.get("/api/v1/statements")).text,
        (await author.get("/api/v1/notifications")).text,
        (await author.get(f"/api/v1/cases/{case.public_id}")).text,
    ]
    for text in seen:
        assert "canary_reporter" not in text
        assert str(reporter.id) not in text


async def test_a_juror_sees_no_handle_no_id_and_no_tally(house):
    target = await house.site.member("target_canary")
    author = await house.site.member("author_canary")
    await house.post(author, f"@target_canary {THREAT}")
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    shown = await juror.get(path)
    assert "canary" not in shown.text
    assert str(author.id) not in shown.text
    assert str(target.id) not in shown.text
    assert THREAT in shown.json()["text"]
    assert not {"posterior", "violates", "keeps", "tally"} & shown.json().keys()


async def test_a_post_deleted_while_it_is_judged_ends_its_case_and_frees_its_jurors(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    assert await house.summoned()
    assert (await author.delete(f"/api/v1/statuses/{post}")).status_code == 200
    await house.settle()
    assert not await house.summoned()
    assert await house.case_on(post) is None


async def test_a_day_of_silence_does_not_stop_a_case(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    for _ in range(10):
        house.site.clock.advance(3 * HOUR_MS)
        await house.settle()
    case = await house.case_on(post)
    assert case.hold == "held"
    assert case.round.kind == "bench"
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


async def test_the_words_that_stood_out_are_the_authors_own_under_a_warning_too(house):
    author = await house.site.member("author")
    await house.post(author, THREAT, spoiler_text="About the traitors of our town")
    statement = (await author.get("/api/v1/statements")).json()[0]
    assert statement["words"]
    assert all(word in statement["text"] for word in statement["words"])


async def test_nothing_of_a_post_about_a_child_is_repeated_to_anyone(house):
    author = await house.site.member("author")
    reporter = await house.site.member("reporter")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, "canary words of such a post, said in public")
    await reporter.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [6]},
    )
    await house.settle()
    assert not await house.summoned()
    done = await moderator.post(
        f"/api/v1/admin/posts/{post}/actions",
        json={"action": "remove", "reason": "sealed", "category": "child_safety"},
    )
    assert done.status_code == 200
    await house.settle()
    for member in (author, reporter):
        told = (await member.get("/api/v1/notifications")).json()
        texts = [one["status"]["content"] for one in told if one["type"] == "mention"]
        assert texts
        assert not any("canary" in text for text in texts)
