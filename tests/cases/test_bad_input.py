"""What comes twice, out of time, from nobody, or from a clock that jumps: each has one outcome."""

from __future__ import annotations

import pytest

from tests.cases.attacks import kinds_in_record, people_of, points, report, seen_by_others
from tests.cases.wrong_policies import refused_at_its_line
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.cases import store
from venire.jury import actions as jury
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS

pytestmark = pytest.mark.anyio


async def rows_of(house, post):
    case = await house.case_on(post)
    return sorted(
        (seat.juror_id, seat.state, seat.vote)
        for seat in await store.seats(house.world.storage, case.id)
    )


# ballots replayed


async def test_a_ballot_sent_again_in_any_state_by_anyone_changes_nothing(house):
    author, stranger = await people_of(house, "author", "stranger")
    post = await house.post(author, THREAT)
    sent = []
    for juror, summons in await house.summoned():
        path = f"/api/v1/jury/summons/{summons['id']}"
        await juror.post(f"{path}/accept")
        assert (await juror.post(f"{path}/ballot", json={"vote": "keeps"})).status_code == 200
        sent.append((juror, path))
        before = await rows_of(house, post)
        for other, vote in ((juror, "keeps"), (juror, "violates"), (stranger, "violates")):
            again = await other.post(f"{path}/ballot", json={"vote": vote})
            assert again.status_code in {403, 404, 409, 410}, again.text
        assert await rows_of(house, post) == before
    await house.settle()
    decided = await rows_of(house, post)
    assert (await house.case_on(post)).verdict == "keeps"
    record = await kinds_in_record(house)
    for juror, path in sent:
        again = await juror.post(f"{path}/ballot", json={"vote": "violates"})
        assert again.status_code in {409, 410}
        assert (await juror.post(f"{path}/accept")).status_code in {409, 410}
        assert (await juror.post(f"{path}/decline")).status_code in {409, 410}
    await house.settle()
    assert await rows_of(house, post) == decided
    assert await kinds_in_record(house) == record
    assert await seen_by_others(house, post)


# a clock that jumps


async def test_a_clock_that_jumps_a_year_ahead_ends_the_panel_and_not_the_case(house):
    """Seats lapse and the bench takes over: nothing is decided by the jump alone."""
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    await juror.post(f"/api/v1/jury/summons/{summons['id']}/accept")
    house.site.clock.advance(365 * DAY_MS)
    late = await juror.post(f"/api/v1/jury/summons/{summons['id']}/ballot", json={"vote": "keeps"})
    assert late.status_code == 410
    for _ in range(6):
        await house.settle()
        house.site.clock.advance(10 * MINUTE_MS)
    case = await house.case_on(post)
    assert (case.verdict, case.round.kind, case.state) == (None, "bench", "judging")
    assert await house.vote("violates") == 1
    assert (await house.case_on(post)).measure == "remove"


async def test_a_clock_set_back_in_the_middle_of_a_panel_gives_nobody_a_second_vote(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    (first, summons), *_ = await house.summoned()
    path = f"/api/v1/jury/summons/{summons['id']}"
    await first.post(f"{path}/accept")
    assert (await first.post(f"{path}/ballot", json={"vote": "violates"})).status_code == 200
    house.site.clock.advance(-3 * HOUR_MS)
    await house.settle()
    again = await first.post(f"{path}/ballot", json={"vote": "keeps"})
    assert (again.status_code, again.json()["code"]) == (409, "ballot_already_cast")
    assert await house.vote("violates") >= 3
    case = await house.case_on(post)
    assert (case.verdict, case.measure) == ("violates", "remove")
    voted = [row for row in await rows_of(house, post) if row[1] == "voted"]
    assert len({juror for juror, _, _ in voted}) == len(voted)
    assert await points(house, author) == 10


async def test_a_clock_that_jumps_to_and_fro_costs_an_author_points_once(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    for jump in (DAY_MS, -DAY_MS, 2 * HOUR_MS, -2 * HOUR_MS):
        house.site.clock.advance(jump)
        await house.settle()
    await house.vote("violates")
    for jump in (-DAY_MS, DAY_MS, DAY_MS):
        house.site.clock.advance(jump)
        await house.settle()
    kinds = await kinds_in_record(house)
    assert kinds.count("measure") == 1
    assert (await house.case_on(post)).measure == "remove"
    assert await points(house, author) == 10


# nobody to judge


async def test_an_empty_pool_sends_a_case_to_the_bench_and_hides_nobodys_post_for_ever(tmp_path):
    async with open_courthouse(tmp_path) as house:
        await house.seat_pool(0, bench=1)
        author, reporter = await people_of(house, "author", "reporter")
        held, reported = await house.post(author, THREAT), await house.post(author, MILD)
        await report(house, reporter, author, reported, 3)
        for post in (held, reported):
            case = await house.case_on(post)
            assert (case.round.kind, case.waits_for) == ("bench", "bench")
        await house.vote("keeps")
        for post in (held, reported):
            assert (await house.case_on(post)).state == "decided"
            assert await seen_by_others(house, post)


async def test_a_pool_whose_members_have_all_left_is_as_good_as_empty(house):
    for juror in house.jurors[:12]:
        assert (await juror.post("/api/v1/jury/opt_out")).status_code == 200
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    assert (case.round.kind, case.waits_for) == ("bench", "bench")
    assert not {juror.id for juror, _ in await house.summoned()} & {
        juror.id for juror in house.jurors[:12]
    }
    assert await house.vote("violates") == 1


# a juror who deletes the account


async def leave(member):
    gone = await member.site.client.request(
        "DELETE",
        "/api/v1/accounts/self",
        headers=member.headers,
        json={"password": "correct horse"},
    )
    assert gone.status_code == 200


@pytest.mark.parametrize("seated", [False, True])
async def test_the_seat_of_a_juror_who_leaves_before_voting_goes_to_the_next(house, seated):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    if seated:
        await juror.post(f"/api/v1/jury/summons/{summons['id']}/accept")
    await leave(juror)
    house.jurors.remove(juror)
    await house.settle()
    before = {one.id for one, _ in await house.summoned()}
    house.site.clock.advance(2 * HOUR_MS)
    await house.settle()
    after = {one.id for one, _ in await house.summoned()}
    assert juror.id not in before | after
    assert await house.vote("violates") >= 3
    case = await house.case_on(post)
    assert (case.verdict, case.round.kind) == ("violates", "panel")
    assert juror.id not in {who for who, state, _ in await rows_of(house, post) if state == "voted"}


async def test_the_ballot_of_a_juror_who_leaves_after_voting_stays_counted(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    await juror.post(f"{path}/ballot", json={"vote": "violates"})
    await leave(juror)
    house.jurors.remove(juror)
    await house.settle()
    assert (juror.id, "voted", "violates") in await rows_of(house, post)
    await house.vote("violates")
    case = await house.case_on(post)
    assert (case.verdict, case.round.violates) == ("violates", 4)


# a post that changes under its jurors


async def test_a_held_post_is_not_edited_and_one_that_is_not_is_judged_by_both_wordings(house):
    """Who takes a word back under the jurors' eyes has still said it."""
    author, reporter = await people_of(house, "author", "reporter")
    held = await house.post(author, THREAT)
    refused = await author.put(f"/api/v1/statuses/{held}", json={"status": MILD})
    assert (refused.status_code, refused.json()["code"]) == (403, "post_held")
    await house.vote("violates")
    ugly = "You are a worthless little worm and everyone knows."
    post = await house.post(author, ugly)
    await report(house, reporter, author, post, 3)
    house.site.clock.advance(MINUTE_MS)
    changed = await author.put(f"/api/v1/statuses/{post}", json={"status": MILD})
    assert changed.status_code == 200
    await house.settle()
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    shown = (await juror.get(path)).json()
    assert (shown["text"], shown["earlier"]) == (MILD, [ugly])
    await juror.post(f"{path}/ballot", json={"vote": "violates"})
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"
    assert not await seen_by_others(house, post)


async def test_a_post_deleted_after_some_have_voted_ends_its_case_without_points(house):
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    await juror.post(f"{path}/ballot", json={"vote": "violates"})
    assert (await author.delete(f"/api/v1/statuses/{post}")).status_code == 200
    await house.settle()
    assert not await house.summoned()
    assert await points(house, author) == 0
    assert "measure" not in await kinds_in_record(house)


# a policy that cannot be carried out


@pytest.mark.parametrize(
    ("section", "wrong", "said"),
    [
        ("[panel.contested]", "violates_at = 1.5", "violates_at"),
        ("[panel.contested]", "weight_cap = -1.0", "weight_cap"),
        ("[panel]", "violates_at = 0.4", "violates_at"),
        ("[panel]", "min_ballots = 99", "min_ballots"),
        ("[panel]", 'rule = "six_of_five"', "rule"),
        ("[panel]", 'prior = "even"', "prior"),
        ("[appeals]", "seats = 0", "seats"),
        ("[[categories]]", 'name = "rudeness"', "rudeness"),
        ("[[categories]]", 'judges = "the_crowd"', "judges"),
        ("[panel]", "rule = four_of_five", "policy.toml"),
    ],
)
async def test_a_policy_that_cannot_be_is_refused_at_the_line_that_is_wrong(
    tmp_path, section, wrong, said
):
    assert said in refused_at_its_line(tmp_path, section, wrong)


async def test_a_juror_who_was_appointed_to_an_empty_bench_is_not_drawn_into_the_pool(tmp_path):
    async with open_courthouse(tmp_path) as house:
        judge = await house.site.member("judge")
        await jury.appoint(house.world, judge.id, bench=True, paid=False)
        await house.seat_pool(0, bench=0)
        assert await house.court.pools.current() is None
