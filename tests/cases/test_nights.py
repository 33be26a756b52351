"""The night's work: verdicts judged again by a bench that is not told, and rates from all."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.asking import (
    add_gold,
    all_cases,
    all_questions,
    pass_hours,
    question,
    seats,
    set_policy,
)
from tests.kit.courthouse import THREAT, open_courthouse
from tests.people.house import Killed, MortalStorage
from venire.cases import nights, rejudging
from venire.cases import store as cases
from venire.cases.policy import load_policy
from venire.jury import gold, gold_store, store
from venire.jury.freezing import freeze
from venire.jury.model import UNCALIBRATED
from venire.kernel.clock import DAY_MS, HOUR_MS, utc_day
from venire.record.entry import decode_entry
from venire.storage.tables.calibration import (
    GOLD,
    NIGHTS,
    REJUDGINGS,
    REVIEWS,
    VERDICTS,
    VerdictRow,
)
from venire.storage.tables.jury import JURORS
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio


async def entries(house, kind: str):
    rows, _ = await house.site.storage.scan(ENTRIES)
    found = [decode_entry(row.entry).header for row in sorted(rows, key=lambda r: r.leaf_index)]
    return [header for header in found if header["type"] == kind]


async def a_verdict(house, name: str, vote: str = "violates"):
    author = await house.site.member(name)
    post = await house.post(author, f"{THREAT} {name}")
    await house.vote(vote)
    return await house.case_on(post)


async def night_falls(house) -> str:
    """The day's end, the next pool, and the hour of the night's work; the day that it is about."""
    day = utc_day(house.world.now_ms())
    left_ms = nights.day_ms(day) + DAY_MS - house.world.now_ms()
    house.site.clock.advance(left_ms + HOUR_MS)
    await freeze(house.world, house.court.sequencer, house.court.policy, frozen_by="clock")
    house.site.clock.advance(3 * HOUR_MS)
    await house.settle()
    return day


async def rows_of(house, table):
    rows, _ = await house.site.storage.scan(table)
    return rows


async def test_nothing_is_due_before_the_hour_and_one_night_at_first(house):
    set_policy(house, night_hour=3)
    day = utc_day(house.world.now_ms())
    midnight_ms = nights.day_ms(day) + DAY_MS
    house.site.clock.advance(midnight_ms + 2 * HOUR_MS - house.world.now_ms())
    assert day not in await nights.due(house.court)
    house.site.clock.advance(HOUR_MS)
    assert await nights.due(house.court) == [day]


async def test_a_missed_night_is_made_up_for_and_a_done_one_is_not_done_again(house):
    day = await night_falls(house)
    assert await nights.run(house.court, day)
    assert await nights.due(house.court) == []
    house.site.clock.advance(3 * DAY_MS)
    await freeze(house.world, house.court.sequencer, house.court.policy, frozen_by="clock")
    missed = await nights.due(house.court)
    assert missed == [utc_day(nights.day_ms(day) + back * DAY_MS) for back in (1, 2, 3)]
    for one in missed:
        assert await nights.run(house.court, one)
    assert await nights.due(house.court) == []


async def test_it_waits_for_a_pool_whose_seed_nobody_knew_when_the_verdicts_came(house):
    day = utc_day(house.world.now_ms())
    house.site.clock.advance(2 * DAY_MS)
    assert not await nights.run(house.court, day)
    await freeze(house.world, house.court.sequencer, house.court.policy, frozen_by="clock")
    assert await nights.run(house.court, day)
    (night,) = await rows_of(house, NIGHTS)
    epoch = await store.epoch(house.site.storage, night.epoch)
    assert epoch.frozen_at_ms >= nights.day_ms(day) + DAY_MS


def test_the_lot_falls_on_the_share_that_the_policy_names_and_nobody_can_move_it():
    seed = b"s" * 32
    chosen = {index for index in range(20_000) if gold.is_chosen(seed, index, 0.05)}
    assert 900 < len(chosen) < 1_100
    assert not any(gold.is_chosen(seed, index, 0.0) for index in range(1_000))
    assert all(gold.is_chosen(seed, index, 1.0) for index in range(1_000))
    other = {index for index in range(20_000) if gold.is_chosen(b"t" * 32, index, 0.05)}
    assert len(chosen & other) < 100


async def test_a_verdict_is_judged_again_blind_and_the_record_says_whether_they_agree(house):
    set_policy(house, again_share=1.0)
    case = await a_verdict(house, "author")
    day = await night_falls(house)
    assert await nights.run(house.court, day)
    (again,) = await all_cases(house, "again")
    await house.settle()
    assert (again.categories, again.asks_ref) == (case.categories, case.id)
    ((bench, summons),) = [pair for pair in await house.summoned() if pair[1]["bench"]]
    (seat,) = await seats(house, again)
    assert seat.juror_id not in {one.juror_id for one in await seats(house, case)}
    path = f"/api/v1/jury/summons/{summons['id']}"
    assert (await bench.post(f"{path}/accept")).is_success
    shown = (await bench.get(path)).json()
    assert shown["text"] == f"{THREAT} author"
    said = str(summons) + str(shown)
    assert case.public_id not in said
    assert "removed" not in said
    (await bench.post(f"{path}/ballot", json={"vote": "violates"})).raise_for_status()
    await house.settle()
    (row,) = await rows_of(house, REJUDGINGS)
    assert (row.state, row.bench_verdict, row.verdict) == ("agrees", "violates", "violates")
    (told,) = await entries(house, "rejudgement")
    assert (told["agrees"], told["verdict"], told["of"]) == (True, "violates", row.record_index)
    assert case.public_id not in str(told)
    assert await rows_of(house, REVIEWS) == []


async def test_a_verdict_that_both_give_blind_becomes_a_question(house):
    set_policy(house, again_share=1.0)
    case = await a_verdict(house, "author")
    await nights.run(house.court, await night_falls(house))
    await house.settle()
    await house.vote("violates")
    (learnt,) = await all_questions(house)
    assert (learnt.origin, learnt.violates, learnt.post_id) == ("case", True, case.subject_id)
    assert learnt.author_id == case.author_id


async def test_a_bench_that_says_otherwise_changes_nothing_and_asks_a_moderator_to_look(house):
    set_policy(house, again_share=1.0)
    moderator = await house.site.member("mod", "moderator")
    case = await a_verdict(house, "author")
    await nights.run(house.court, await night_falls(house))
    await house.settle()
    await house.vote("keeps")
    after = await cases.load(house.site.storage, case.id)
    assert (after.verdict, after.measure, after.state) == ("violates", "remove", "decided")
    (review,) = (await moderator.get("/api/v1/admin/reviews")).json()
    assert (review["kind"], review["case"]) == ("judged_otherwise", case.public_id)
    told = (await moderator.get("/api/v1/conversations")).json()
    assert any("/moderation/reviews" in one["last_status"]["content"] for one in told)
    path = f"/api/v1/admin/reviews/{review['id']}"
    assert (await moderator.post(path, json={"remark": " "})).status_code == 422
    assert (await moderator.post(path, json={"remark": "I looked: both can be said."})).is_success
    assert (await moderator.get("/api/v1/admin/reviews")).json() == []
    assert (await moderator.post(path, json={"remark": "again"})).status_code == 404
    assert await all_questions(house) == []


async def test_a_post_that_is_gone_and_a_bench_that_never_comes_are_in_the_record_too(house):
    set_policy(house, again_share=1.0, again_hours=5)
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    await house.vote("keeps")
    await a_verdict(house, "other", "keeps")
    assert (await author.delete(f"/api/v1/statuses/{post}")).is_success
    await nights.run(house.court, await night_falls(house))
    await house.settle()
    await pass_hours(house, 6)
    await pass_hours(house, 6)
    states = sorted(row.state for row in await rows_of(house, REJUDGINGS))
    assert states == ["gone", "unanswered"]
    told = await entries(house, "rejudgement")
    assert len(told) == 2
    assert not any("agrees" in header for header in told)


# rates


def seat_is_wrong(juror_id: int, jurors: list[int]) -> bool:
    """A fifth of the pool answers everything wrongly."""
    return juror_id in sorted(jurors)[::5]


async def answered(house, number: int, at_ms: int) -> None:
    """A question that five of the pool answered: rightly, but by the fifth that never does."""
    asked = question(number, violates=bool(number % 2))
    await add_gold(house, asked)
    jurors = [member.id for member in house.jurors]
    row = VerdictRow(
        day=utc_day(at_ms),
        shard=number % 16,
        case_id=house.world.ids.next(),
        round=1,
        kind="panel",
        category="incitement",
        verdict="violates" if asked.violates else "keeps",
        question_id=gold_store.question_id(asked.text),
        record_index=-1,
        ballots=msgspec.json.encode(
            [
                (juror, int(asked.violates is not seat_is_wrong(juror, jurors)))
                for juror in (jurors[(number + 3 * seat) % 15] for seat in range(5))
            ]
        ),
        at_ms=at_ms,
    )
    await house.site.storage.commit(f"case:{row.case_id}", [gold_store.put_verdict(row)])


async def rates_of(house) -> dict[int, tuple[float, float]]:
    return {
        row.account_id: (row.hit_rate, row.false_alarm_rate) for row in await rows_of(house, JURORS)
    }


@pytest.fixture
async def asked_house(tmp_path):
    async with open_courthouse(tmp_path, jurors=15) as opened:
        set_policy(opened, gold_share=0.0, again_share=1.0, known_answers=3)
        for number in range(60):
            await answered(opened, number, opened.world.now_ms())
            opened.site.clock.advance(HOUR_MS)
        for name in ("author", "other"):
            await a_verdict(opened, name)
        yield opened


async def test_rates_follow_from_answers_and_stay_within_bounds(asked_house):
    day = await night_falls(asked_house)
    before = await rates_of(asked_house)
    assert set(before.values()) == {(UNCALIBRATED.h, UNCALIBRATED.f)}
    assert await nights.run(asked_house.court, day)
    jurors = [member.id for member in asked_house.jurors]
    voted = {
        juror
        for row in await rows_of(asked_house, VERDICTS)
        for juror, _ in msgspec.json.decode(row.ballots)
    }
    after = await rates_of(asked_house)
    wrong = [after[one] for one in voted if seat_is_wrong(one, jurors)]
    right = [after[one] for one in voted if not seat_is_wrong(one, jurors)]
    assert wrong
    assert max(h for h, _ in wrong) < min(h for h, _ in right)
    assert min(f for _, f in wrong) > max(f for _, f in right)
    assert all(0.02 <= rate <= 0.98 for pair in after.values() for rate in pair)
    (night,) = [row for row in await rows_of(asked_house, NIGHTS) if row.day == day]
    figures = msgspec.json.decode(night.figures, type=gold_store.Figures)
    assert figures.jurors == len(voted)
    assert figures.known >= 1
    mean = await gold_store.pool_mean(asked_house.site.storage, day)
    assert mean == (figures.h, figures.f)


async def test_the_next_panel_is_seated_by_the_rates_known_then_and_foresees_by_their_mean(
    asked_house,
):
    await nights.run(asked_house.court, await night_falls(asked_house))
    known = await rates_of(asked_house)
    author = await asked_house.site.member("next_author")
    case = await asked_house.case_on(await asked_house.post(author, f"{THREAT} once more"))
    for seat in await seats(asked_house, case):
        assert (seat.hit_rate, seat.false_alarm_rate) == known[seat.juror_id]
    assert case.round.typical == await gold_store.pool_mean(
        asked_house.site.storage, utc_day(asked_house.world.now_ms())
    )


async def test_an_answer_that_was_wrong_stops_counting(asked_house):
    day = await night_falls(asked_house)
    window = await nights.read_window(asked_house.court, day)
    asked = {row.question_id for row in await rows_of(asked_house, VERDICTS)}
    row = next(row for row in await rows_of(asked_house, GOLD) if row.id in asked)
    changed = msgspec.structs.replace(row, state="wrong", doubt="upheld")
    await gold_store.save(asked_house.site.storage, changed, expect=row.version)
    after = await nights.read_window(asked_house.court, day)
    assert len(after.said) < len(window.said)
    assert len(after.known) < len(window.known)


async def test_a_window_reads_the_newest_ballots_and_no_more_than_it_may(asked_house):
    day = await night_falls(asked_house)
    whole = await nights.read_window(asked_house.court, day)
    set_policy(asked_house, window_days=1)
    last = await nights.read_window(asked_house.court, day)
    assert 0 < len(last.ballots) < len(whole.ballots)
    assert set(last.ballots) <= set(whole.ballots)
    set_policy(asked_house, window_days=60, window_ballots=1)
    assert len((await nights.read_window(asked_house.court, day)).ballots) == len(last.ballots)


async def test_a_night_that_is_killed_anywhere_ends_as_one_that_was_not(asked_house):
    """Killed before and after each of its writes, then run to its end: the same rates, once."""
    house = asked_house
    day = await night_falls(house)
    storage = house.world.storage
    deaths = 0
    for attempt in range(400):
        mortal = MortalStorage(storage, attempt // 2 % 3, after=bool(attempt % 2))
        object.__setattr__(house.world, "storage", mortal)
        try:
            done = await nights.run(house.court, day)
        except Killed:
            deaths, done = deaths + 1, False
        finally:
            object.__setattr__(house.world, "storage", storage)
        if done:
            break
    assert done
    assert deaths >= 15
    rates = await rates_of(house)
    window = await nights.read_window(house.court, day)
    expected = nights.dawid_skene(window.ballots, known=window.known, prior=0.3).rates
    for juror_id, learnt in expected.items():
        assert rates[juror_id] == pytest.approx((learnt.h, learnt.f), abs=1e-4)
    chosen = [row for row in await rows_of(house, VERDICTS) if row.record_index >= 0]
    again = await rows_of(house, REJUDGINGS)
    assert len(again) == len([row for row in chosen if row.day == day])
    assert len({row.again_case_id for row in again}) == len(again)
    assert len(await all_cases(house, "again")) == len(again)
    versions = {row.account_id: row.version for row in await rows_of(house, JURORS)}
    assert await nights.run(house.court, day)
    assert {row.account_id: row.version for row in await rows_of(house, JURORS)} == versions
    await house.settle()


async def test_the_shipped_policy_judges_one_in_twenty_again():
    assert load_policy().calibration.again_share == 0.05
    assert rejudging.HEARS
