"""What authors, brigades and jurors would do to break the house, and what it does about it."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.attacks import (
    act,
    kinds_in_record,
    messages_to,
    people_of,
    points,
    report,
    seen_by_others,
)
from tests.kit.courthouse import MILD, THREAT
from venire.cases import store
from venire.jury import actions as jury
from venire.jury import store as jury_store
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.people import standing

pytestmark = pytest.mark.anyio


# what no juror may see


async def test_what_may_harm_a_child_is_taken_from_the_panel_at_once(house):
    author, first, second = await people_of(house, "author", "first", "second")
    post = await house.post(author, MILD)
    await report(house, first, author, post, 3)
    (seated, summons), *_ = await house.summoned()
    path = f"/api/v1/jury/summons/{summons['id']}"
    assert (await seated.post(f"{path}/accept")).status_code == 200
    await report(house, second, author, post, 6)
    case = await house.case_on(post)
    assert (case.category, case.waits_for) == ("child_safety", "named_person")
    assert not await house.summoned()
    assert not (await seated.get(path)).is_success
    assert (await seated.post(f"{path}/ballot", json={"vote": "keeps"})).status_code == 410


async def test_what_may_harm_a_child_never_reaches_a_panel_whatever_else_it_is(house):
    author, first = await people_of(house, "author", "first")
    post = await house.post(author, MILD)
    await report(house, first, author, post, 1, 6)
    assert not await house.summoned()
    assert "draw" not in await kinds_in_record(house)


async def test_a_private_post_does_not_enter_the_bank(house):
    author, recipient = await people_of(house, "author", "recipient")
    post = await house.post(author, f"@recipient {THREAT}", visibility="direct")
    await report(house, recipient, author, post, 1)
    assert await house.vote("violates") == 1
    assert (await house.case_on(post)).measure == "remove"
    assert len(house.court.detectors.bank) == 0


async def test_who_reported_a_private_post_may_read_its_case_and_a_stranger_may_not(house):
    author, recipient, stranger = await people_of(house, "author", "recipient", "stranger")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, "@recipient hello there", visibility="direct")
    await report(house, recipient, author, post, 3)
    path = f"/api/v1/cases/{(await house.case_on(post)).public_id}"
    assert (await recipient.get(path)).status_code == 200
    assert (await moderator.get(path)).status_code == 200
    assert (await stranger.get(path)).status_code == 404


async def test_a_juror_who_voted_no_longer_sees_the_post_when_the_panel_is_over(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    await juror.post(f"{path}/ballot", json={"vote": "keeps"})
    assert (await juror.get(path)).status_code == 200
    await house.vote("keeps")
    assert (await juror.get(path)).status_code == 404


# an author


async def test_a_message_that_quotes_an_author_reaches_nobody_the_author_named(house):
    author, third = await people_of(house, "author", "third")
    await house.post(author, f"@third {THREAT}")
    await house.vote("violates")
    assert any(THREAT[:40] in text for text in await messages_to(author))
    assert not any(THREAT[:40] in text for text in await messages_to(third))


async def test_a_post_that_is_gone_before_its_report_is_heard_is_not_judged(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    filed = await reporter.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [3]},
    )
    assert filed.status_code == 200
    await author.delete(f"/api/v1/statuses/{post}")
    await house.settle()
    assert await house.case_on(post) is None
    assert not await house.summoned()


async def test_a_post_that_was_kept_is_judged_again_when_its_author_changes_it(house):
    author, friend = await people_of(house, "author", "friend")
    post = await house.post(author, MILD)
    await report(house, friend, author, post, 3)
    await house.vote("keeps")
    assert (await house.case_on(post)).state == "decided"
    house.site.clock.advance(MINUTE_MS)
    edited = await author.put(f"/api/v1/statuses/{post}", json={"status": THREAT})
    assert edited.status_code == 200
    await house.settle()
    case = await house.case_on(post)
    assert (case.hold, case.state, case.round.kind) == ("held", "judging", "panel")
    assert not await seen_by_others(house, post)
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


async def test_jurors_see_what_a_post_said_before_it_was_changed_under_them(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, "You are a worthless little worm and everyone knows.")
    await report(house, reporter, author, post, 3)
    house.site.clock.advance(MINUTE_MS)
    await author.put(f"/api/v1/statuses/{post}", json={"status": MILD})
    await house.settle()
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    shown = (await juror.get(path)).json()
    assert shown["text"] == MILD
    assert [text for text in shown["earlier"] if "worm" in text]


async def test_spam_that_a_moderator_kept_is_no_shield_against_a_graver_report(house):
    author, friend, target = await people_of(house, "author", "friend", "target")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await report(house, friend, author, post, 7)
    await act(house, moderator, post, "keep", "spam")
    assert (await house.case_on(post)).state == "decided"
    await report(house, target, author, post, 1)
    assert (await house.case_on(post)).state == "judging"
    assert await house.summoned()


async def test_an_author_pays_for_what_the_jurors_found_not_for_what_was_alleged(house):
    author, first, second = await people_of(house, "author", "first", "second")
    post = await house.post(author, MILD)
    await report(house, first, author, post, 3)
    await report(house, second, author, post, 1)
    while waiting := await house.summoned():
        for juror, summons in waiting:
            path = f"/api/v1/jury/summons/{summons['id']}"
            await juror.post(f"{path}/accept")
            ballot = {"vote": "violates", "category": "harassment"}
            await juror.post(f"{path}/ballot", json=ballot)
        await house.settle()
    assert (await house.case_on(post)).measure == "remove"
    assert await points(house, author) == 4
    assert (await author.get("/api/v1/statements")).json()[0]["category"] == "harassment"


# a brigade


async def test_one_member_who_reports_often_is_one_reporter(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    for _ in range(4):
        await report(house, reporter, author, post, 3)
    assert (await house.case_on(post)).report_count == 1


async def test_seventy_reports_at_once_are_all_counted(house):
    author = await house.site.member("author")
    reporters = await people_of(house, *(f"reporter_{number}" for number in range(70)))
    post = await house.post(author, MILD)
    for reporter in reporters:
        filed = await reporter.post(
            "/api/v1/reports",
            json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [3]},
        )
        assert filed.status_code == 200
    await house.settle()
    assert (await house.case_on(post)).report_count == 70


async def test_an_account_alone_is_no_case_for_jurors_and_its_measure_has_a_statement(house):
    author, reporter = await people_of(house, "author", "reporter")
    moderator = await house.site.member("moderator", role="moderator")
    await report(house, reporter, author, None, 3)
    case = await store.case_of_subject(house.site.storage, "account", author.id)
    assert case.waits_for == "moderator"
    assert not await house.summoned()
    path = f"/api/v1/cases/{case.public_id}/actions"
    hold = await moderator.post(path, json={"action": "hold", "reason": "hm"})
    assert hold.json()["code"] == "nothing_to_hold"
    done = await moderator.post(path, json={"action": "remove", "reason": "stalks people"})
    assert done.status_code == 200
    await house.settle()
    assert await points(house, author) == 4
    assert (await author.get("/api/v1/statements")).json()[0]["measure"] == "remove"


# a juror


async def test_who_reports_a_post_after_the_draw_gives_the_seat_up(house):
    author = await house.site.member("author")
    first = await house.site.member("first")
    post = await house.post(author, MILD)
    await report(house, first, author, post, 3)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    assert (await juror.post(f"{path}/accept")).status_code == 200
    await report(house, juror, author, post, 3)
    cast = await juror.post(f"{path}/ballot", json={"vote": "violates"})
    assert (cast.status_code, cast.json()["code"]) == (403, "reported_it")
    await house.settle()
    assert juror.id not in [one.id for one, _ in await house.summoned()]
    assert "decline" in await kinds_in_record(house)


async def test_who_is_to_be_trained_again_cannot_opt_back_in(house):
    juror = house.jurors[0]
    row = await jury_store.load(house.site.storage, juror.id)
    sent = msgspec.structs.replace(row, state="retraining")
    version = (await jury_store.load_row(house.site.storage, juror.id)).version
    await house.site.storage.commit(
        f"juror:{juror.id}", [jury_store.put_juror(sent, version + 1)], expect=version
    )
    await juror.post("/api/v1/jury/opt_in", json={"consent": True})
    assert (await jury_store.load(house.site.storage, juror.id)).state == "retraining"


async def test_a_suspended_member_is_in_no_pool(house):
    juror = house.jurors[0]
    await standing.suspend(house.world, juror.id, "by hand", None, 0)
    row = await jury_store.load(house.site.storage, juror.id)
    assert "not_active" in await jury.unfit_for(house.world, house.court.policy.jury, row)


# the target


async def test_a_target_is_told_once_what_became_of_a_copy(house):
    author, copier, target = await people_of(house, "author", "copier", "target")
    await house.post(author, THREAT)
    await house.vote("violates")
    house.site.clock.advance(HOUR_MS)
    await house.post(copier, f"@target {THREAT}")
    case_texts = [text for text in await messages_to(target) if "mentions you" in text]
    assert len(case_texts) == len(set(case_texts))
    assert sum("was removed" in text for text in case_texts) <= 1


async def test_a_target_hears_of_every_turn_that_a_post_takes(house):
    author, target = await people_of(house, "author", "target")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, f"@target {MILD}")
    for action in ("remove", "keep", "remove"):
        await act(house, moderator, post, action)
    texts = [text for text in await messages_to(target) if "mentions you" in text]
    assert sum("was removed" in text for text in texts) == 2
    assert sum("visible again" in text for text in texts) == 1
