"""A juror says that the answer to a question is wrong: the bench decides, and it stops counting."""

from __future__ import annotations

import pytest

from tests.cases.asking import add_gold, all_cases, all_questions, ask, question, seats, set_policy
from tests.kit.courthouse import THREAT
from venire.cases import gold_cases, nights, store
from venire.kernel.clock import utc_day

pytestmark = pytest.mark.anyio


async def retired(house, *, violates: bool, vote: str):
    """A question that was asked of one panel and is retired; its case, and one who answered."""
    set_policy(house, gold_share=0.0, gold_answers=1)
    await add_gold(house, question(1, violates=violates))
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    await house.vote("violates")
    asked = await ask(house, await house.case_on(post))
    await house.vote(vote)
    voted = [seat.juror_id for seat in await seats(house, asked) if seat.vote]
    return asked, next(one for one in house.jurors if one.id == voted[0])


async def past(member):
    return (await member.get("/api/v1/jury/questions")).json()


async def test_a_question_is_shown_with_its_answer_once_it_is_retired_and_not_before(house):
    set_policy(house, gold_share=0.0, gold_answers=50)
    await add_gold(house, question(1, violates=True))
    author = await house.site.member("author")
    real = await house.case_on(await house.post(author, THREAT))
    await house.vote("violates")
    asked = await ask(house, real)
    await house.vote("keeps")
    voted = [seat.juror_id for seat in await seats(house, asked) if seat.vote]
    juror = next(one for one in house.jurors if one.id == voted[0])
    assert await past(juror) == []
    refused = await juror.post(f"/api/v1/jury/questions/{asked.asks_ref}/doubt")
    assert refused.status_code == 404


async def test_the_bench_finds_an_answer_wrong_and_no_ballot_of_it_counts(house):
    moderator = await house.site.member("mod", "moderator")
    asked, juror = await retired(house, violates=True, vote="keeps")
    (shown,) = await past(juror)
    assert (shown["answer"], shown["vote"], shown["right"]) == ("violates", "keeps", False)
    day = utc_day(house.world.now_ms())
    before = await nights.read_window(house.court, day)
    assert (await juror.post(f"/api/v1/jury/questions/{shown['id']}/doubt")).is_success
    again = await juror.post(f"/api/v1/jury/questions/{shown['id']}/doubt")
    assert (again.status_code, again.json()["code"]) == (409, "question_doubted")
    await house.settle()
    doubted = await nights.read_window(house.court, day)
    assert len(doubted.said) < len(before.said)
    ((bench, summons),) = await house.summoned()
    assert summons["bench"]
    assert bench.id not in {seat.juror_id for seat in await seats(house, asked)}
    await house.vote("keeps")
    (row,) = await all_questions(house)
    assert (row.state, row.doubt) == ("wrong", "upheld")
    assert (await past(juror))[0]["right"] is None
    assert (await nights.read_window(house.court, day)).said == doubted.said
    (review,) = (await moderator.get("/api/v1/admin/reviews")).json()
    assert (review["kind"], review["case"]) == ("question_wrong", None)


async def test_the_bench_finds_it_right_and_it_counts_again_and_is_doubted_no_more(house):
    _, juror = await retired(house, violates=False, vote="keeps")
    (shown,) = await past(juror)
    day = utc_day(house.world.now_ms())
    before = await nights.read_window(house.court, day)
    await juror.post(f"/api/v1/jury/questions/{shown['id']}/doubt")
    await house.settle()
    await house.vote("keeps")
    (row,) = await all_questions(house)
    assert (row.state, row.doubt) == ("retired", "rejected")
    assert (await nights.read_window(house.court, day)).said == before.said
    again = await juror.post(f"/api/v1/jury/questions/{shown['id']}/doubt")
    assert again.status_code == 409


async def test_who_was_not_asked_cannot_doubt_and_learns_of_nothing(house):
    asked, _ = await retired(house, violates=True, vote="keeps")
    stranger = await house.site.member("stranger")
    refused = await stranger.post(f"/api/v1/jury/questions/{asked.asks_ref}/doubt")
    assert (refused.status_code, refused.json()["code"]) == (404, "question_not_found")
    assert await past(stranger) == []


async def test_where_most_jurors_say_otherwise_the_bench_looks_without_being_asked(house):
    set_policy(house, gold_share=0.0, gold_answers=50)
    await add_gold(house, question(1, violates=True))
    author = await house.site.member("author")
    real = await house.case_on(await house.post(author, THREAT))
    await house.vote("violates")
    for _ in range(4):
        await ask(house, real)
        # The bench's own seats are among those who are summoned: it agrees with the jurors.
        await house.vote("keeps")
        (row,) = await all_questions(house)
        if row.doubt:
            break
    (doubted,) = await all_cases(house, "doubted")
    assert row.answers >= 12
    assert (await store.load(house.site.storage, doubted.id)).state == "decided"
    (row,) = await all_questions(house)
    assert (row.state, row.doubt, row.open_case_id) == ("wrong", "upheld", 0)


async def test_killed_between_doubt_and_case_asking_once_more_opens_it(house, monkeypatch):
    asked, juror = await retired(house, violates=True, vote="keeps")

    async def killed(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(gold_cases, "open_case", killed)
        path = f"/api/v1/jury/questions/{asked.asks_ref}/doubt"
        assert (await juror.post(path)).status_code == 500
    assert await all_cases(house, "doubted") == []
    assert (await juror.post(path)).is_success
    assert len(await all_cases(house, "doubted")) == 1
