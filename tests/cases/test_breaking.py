"""What its people would do to break the house, and what it does about it."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.cases import draws, effects, rules, steps, store
from venire.cases.model import Case, Round, Source, Step
from venire.cases.policy import DEFAULT, load_policy
from venire.events import CaseStepped
from venire.jury import actions as jury
from venire.jury import store as jury_store
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.kernel.errors import Invalid
from venire.people import standing
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio


@pytest.fixture
async def empty_house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def report(house, reporter, author, post, *rule_ids):
    filed = await reporter.post(
        "/api/v1/reports",
        json={
            "account_id": str(author.id),
            "status_ids": [] if post is None else [post],
            "rule_ids": list(rule_ids),
        },
    )
    assert filed.status_code == 200
    await house.settle()


async def act(house, moderator, post, action, category="incitement", *, settle=True):
    done = await moderator.post(
        f"/api/v1/admin/posts/{post}/actions",
        json={"action": action, "reason": "as I see it", "category": category},
    )
    if settle:
        await house.settle()
    return done


async def points(house, member):
    return (await standing.standing(house.world, member.id)).points


async def seen_by_others(house, post):
    return (await house.site.client.get(f"/api/v1/statuses/{post}")).is_success


async def messages_to(member):
    told = (await member.get("/api/v1/notifications?limit=40")).json()
    return [one["status"]["content"] for one in told if one["type"] == "mention"]


async def kinds_in_record(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    return [decode_entry(row.entry).header["type"] for row in rows]


async def people_of(house, *names):
    return [await house.site.member(name) for name in names]


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
    shown = (await juror.post(f"/api/v1/jury/summons/{summons['id']}/accept")).json()
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
        ('measure = "remove"', 'measure = "label"'),
    ],
)
def test_a_policy_that_the_house_cannot_carry_out_is_refused(tmp_path, old, new):
    changed = tmp_path / "policy.toml"
    changed.write_text(DEFAULT.read_text().replace(old, new, 1))
    with pytest.raises(Invalid):
        load_policy(changed)


# an outside body


async def noticed(house, operator, post, reference):
    document = {
        "provider": "host",
        "reference": reference,
        "kind": "items",
        "category": "incitement",
        "items": [{"n": 1, "url": f"{house.world.site.base_url}/statuses/{post}"}],
    }
    sent = await operator.post(
        "/api/v1/notices",
        files={"notice": ("notice.json", json.dumps(document), "application/json")},
    )
    assert sent.status_code == 202
    await house.settle()
    return sent.json()["ref"]


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
