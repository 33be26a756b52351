"""A juror turns out, after the draw, to have a tie to the case: what one such vote can do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cases.attacks import people_of, points, report, seen_by_others
from tests.kit.courthouse import MILD, open_courthouse
from tests.kit.published import headers_of
from tests.redteam.crowds import drawn
from venire.cases import store
from venire.cases.found_conflicts import found_conflicted
from venire.jury.model import Ballot, Rates
from venire.jury.panel import CONTESTED, SEQUENTIAL, appeal_rule, decide
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

HONEST = Rates(0.85, 0.15)
CASES = 4_000
anyio = pytest.mark.anyio


def benign_removed(rule, *, conflicted: bool, seed: int = 3) -> float:
    """Share of benign posts that a panel removes whose first seat may vote to order."""
    chance = np.random.default_rng(seed)
    removed = 0
    obeys = [conflicted, *[False] * 20]
    for case in range(CASES):
        luck = chance.random(21)
        panel = [
            Ballot(juror, "violates" if lot < 0.15 or to_order else "keeps", HONEST)
            for juror, lot, to_order in zip(drawn(case), luck, obeys, strict=True)
        ]
        removed += decide(panel[: rule.max_ballots], rule).verdict == "violates"
    return removed / CASES


def test_what_one_vote_to_order_does_and_what_eleven_fresh_jurors_make_of_it(figure):
    """The tie was unknown at the draw, so nothing excluded it. Taken back, it has done nothing."""
    plain = [benign_removed(SEQUENTIAL, conflicted=bad) for bad in (False, True)]
    contested = [benign_removed(CONTESTED, conflicted=bad) for bad in (False, True)]
    appeal = benign_removed(appeal_rule(SEQUENTIAL, 11), conflicted=False)
    figure(f"benign removed: plain {plain}, contested {contested}, by fresh jurors {appeal:.4f}")
    assert plain[0] <= 0.004
    assert plain[1] <= 0.03
    assert contested[1] <= 0.003
    assert appeal <= 0.0005, "what stands after both"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=40) as opened:
        yield opened


@pytest.fixture
async def admin(house):
    return await house.site.member("admin", role="admin")


async def reported_post(house):
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    return author, post


async def take_back(house, post, juror, admin):
    case = await house.case_on(post)
    outcome = await found_conflicted(
        house.court, case.public_id, juror.id, actor_id=admin.id, reason="a cousin of the author"
    )
    await house.settle()
    return outcome


async def states_of(house, post, juror):
    case = await house.case_on(post)
    seats = await store.seats(house.world.storage, case.id)
    return [seat.state for seat in seats if seat.juror_id == juror.id]


async def cast(house, vote, *, most):
    """So many of those summoned vote; who did."""
    voted = []
    for juror, summons in (await house.summoned())[:most]:
        path = f"/api/v1/jury/summons/{summons['id']}"
        await juror.post(f"{path}/accept")
        assert (await juror.post(f"{path}/ballot", json={"vote": vote})).status_code == 200
        voted.append(juror)
    await house.settle()
    return voted


@anyio
async def test_who_has_not_voted_gives_the_seat_back_and_the_next_is_asked(house, admin):
    _, post = await reported_post(house)
    (juror, _), *_ = await house.summoned()
    assert await take_back(house, post, juror, admin) == "given_back"
    summoned = {one.id for one, _ in await house.summoned()}
    assert juror.id not in summoned
    assert len(summoned) == 5
    assert await states_of(house, post, juror) == ["declined"]
    (line,) = (await admin.get("/api/v1/admin/actions")).json()
    assert (line["action"], line["reason"]) == ("take_seat", "a cousin of the author")


@anyio
async def test_nobody_takes_jurors_out_of_a_case_of_their_own(house, admin):
    author = await house.site.member("author", role="admin")
    reporter = await house.site.member("reporter", role="admin")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    (juror, _), *_ = await house.summoned()
    case = await house.case_on(post)
    for party in (author, reporter):
        refused = await party.post(
            f"/api/v1/admin/cases/{case.public_id}/conflict",
            json={"account_id": str(juror.id), "reason": "a cousin of theirs"},
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "own_case")
    assert juror.id in {one.id for one, _ in await house.summoned()}
    assert await take_back(house, post, juror, admin) == "given_back"


@anyio
async def test_a_ballot_is_struck_while_the_panel_sits_and_another_takes_its_place(house, admin):
    _, post = await reported_post(house)
    (juror,) = await cast(house, "violates", most=1)
    assert await take_back(house, post, juror, admin) == "struck"
    assert await states_of(house, post, juror) == ["struck"]
    case = await house.case_on(post)
    assert (case.round.violates, case.round.keeps) == (0, 0)
    assert len(await house.summoned()) == 5
    assert await house.vote("keeps") == 5
    assert (await house.case_on(post)).verdict == "keeps"
    seats = await store.seats(house.world.storage, case.id)
    (struck,) = [seat.pool_index for seat in seats if seat.state == "struck"]
    log = await headers_of(house)
    assert [one["indices"] for one in log if one["type"] == "decline"] == [[struck]], (
        "a seat that was taken away is in the record before the verdict"
    )
    kinds = [one["type"] for one in log]
    assert kinds.index("decline") < kinds.index("verdict")
    again = await take_back(house, post, juror, admin)
    assert again == "struck", "said twice, it changes nothing"


@anyio
async def test_a_verdict_that_hung_on_it_goes_to_fresh_jurors(house, admin):
    author, post = await reported_post(house)
    voted = await cast(house, "violates", most=5) + await cast(house, "violates", most=1)
    case = await house.case_on(post)
    assert (case.verdict, case.measure, len(voted)) == ("violates", "remove", 6)
    first = {one.id for one in voted}
    assert await take_back(house, post, voted[0], admin) == "judged_again"
    fresh = {one.id for one, _ in await house.summoned()}
    assert len(fresh) == 11
    log = (await admin.get("/api/v1/admin/actions")).json()
    assert [(one["action"], one["reason"]) for one in log] == [
        ("judge_again", "a cousin of the author")
    ]
    assert not fresh & first
    assert not await seen_by_others(house, post)
    await house.vote("keeps")
    assert await seen_by_others(house, post)
    assert await points(house, author) == 0
    rows, _ = await house.site.storage.scan(ENTRIES)
    said = [decode_entry(row.entry).header["type"] for row in rows]
    assert said.count("verdict") == 2
