"""Asking who has a tie to a case is no way to learn who judged it."""

from __future__ import annotations

import pytest

from tests.cases.attacks import people_of, report
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=40) as opened:
        yield opened


async def decided(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    await house.vote(["keeps", *["violates"] * 30])
    case = await house.case_on(post)
    assert case.verdict == "violates"
    seats = await store.seats(house.world.storage, case.id)
    return case, next(seat.juror_id for seat in seats if seat.vote == "keeps")


async def asked(who, case, account_id):
    return await who.post(
        f"/api/v1/admin/cases/{case.public_id}/conflict",
        json={"account_id": str(account_id), "reason": "a cousin of the author"},
    )


async def log_of(admin):
    return (await admin.get("/api/v1/admin/actions")).json()


async def test_who_judged_and_who_did_not_are_answered_alike_and_each_question_is_logged(house):
    admin = await house.site.member("boss", role="admin")
    stranger = await house.site.member("stranger")
    case, juror_id = await decided(house)
    answers = [await asked(admin, case, one) for one in (juror_id, stranger.id)]
    assert [one.status_code for one in answers] == [200, 200]
    assert [one.json() for one in answers] == [{"outcome": "stands"}] * 2
    lines = await log_of(admin)
    assert [line["reason"] for line in lines] == ["a cousin of the author"] * 2
    assert len({line["action"] for line in lines}) == 1
    assert str(juror_id) not in str(lines)


async def test_a_moderator_does_not_ask_who_judged(house):
    admin = await house.site.member("boss", role="admin")
    moderator = await house.site.member("mona", role="moderator")
    case, juror_id = await decided(house)
    for one in (juror_id, moderator.id + 1, 12_345):
        refused = await asked(moderator, case, one)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
    assert await log_of(admin) == []


async def test_a_ballot_that_is_struck_already_is_not_told_without_a_trace(house):
    admin = await house.site.member("boss", role="admin")
    other = await house.site.member("other", role="admin")
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    await juror.post(f"{path}/ballot", json={"vote": "keeps"})
    case = await house.case_on(post)
    for who in (admin, other):
        assert (await asked(who, case, juror.id)).json() == {"outcome": "struck"}
    assert {line["actor_id"] for line in await log_of(admin)} == {str(admin.id), str(other.id)}
