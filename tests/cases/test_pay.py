"""What a ballot is worth: promised before the vote, posted once after it, whatever it said."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tests.cases.asking import add_gold, ask, question
from tests.kit.courthouse import THREAT, Courthouse, open_courthouse
from venire.cases import pay
from venire.events import BallotServed, CaseStepped
from venire.jury import actions as jury
from venire.storage.tables.service import SERVED
from venire.treasury import actions as treasury
from venire.treasury import store as books

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def paid_house(folder, *, jurors=12, **changed):
    """A house whose jurors are paid, by a policy with some of its pay changed."""
    async with open_courthouse(folder) as house:
        policy = house.court.policy
        paid = msgspec.structs.replace(policy.pay, **changed)
        object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, pay=paid))
        await house.seat_pool(jurors)
        for juror in house.jurors:
            bench = juror.username.startswith("bench")
            await jury.appoint(house.world, juror.id, bench=bench, paid=True)
        yield house


async def judged(house: Courthouse, votes="violates", text=THREAT):
    author = await house.site.member(f"author_{house.site.clock.now_ms()}")
    post = await house.post(author, text)
    await house.vote(votes)
    await house.settle()
    case = await house.case_on(post)
    assert case is not None
    return case


async def statement(juror):
    shown = await juror.get("/api/v1/jury/statements")
    assert shown.status_code == 200
    return shown.json()


async def voters(house, case):
    from venire.cases import store

    seats = await store.seats(house.site.storage, case.id)
    return {seat.juror_id: seat.vote for seat in seats if seat.state == "voted"}


async def test_minority_ballots_are_paid_like_all_others(tmp_path):
    async with paid_house(tmp_path, rate=25) as house:
        case = await judged(house, ["keeps", *["violates"] * 20])
        assert case.verdict == "violates"
        cast = await voters(house, case)
        assert set(cast.values()) == {"keeps", "violates"}
        for juror in house.jurors:
            shown = await statement(juror)
            assert shown["owed"] == (25 if juror.id in cast else 0)
            if juror.id in cast:
                month = shown["months"][0]
                assert (month["ballots"], month["earned"]) == (1, 25)
                assert month["lines"][0]["amount_text"] == "EUR 0.25"
                assert "case" not in str(shown)
        found = await treasury.audit(house.world)
        assert found.faults == []
        assert found.balances[("EUR", "service")] == 25 * len(cast)


async def test_a_hung_panel_and_its_bench_are_paid(tmp_path):
    async with paid_house(tmp_path, jurors=24) as house:
        case = await judged(house, ["violates", "keeps"] * 40)
        assert case.hung
        cast = await voters(house, case)
        owed = [await treasury.owed(house.world, "EUR", juror_id) for juror_id in cast]
        assert len(owed) > 15
        assert set(owed) == {25}


async def test_a_panel_whose_post_was_deleted_is_paid_for_what_it_had_voted(tmp_path):
    async with paid_house(tmp_path) as house:
        author = await house.site.member("author")
        post = await house.post(author, THREAT)
        juror, summons = (await house.summoned())[0]
        path = f"/api/v1/jury/summons/{summons['id']}"
        await juror.post(f"{path}/accept")
        (await juror.post(f"{path}/ballot", json={"vote": "keeps"})).raise_for_status()
        (await author.delete(f"/api/v1/statuses/{post}")).raise_for_status()
        await house.settle()
        owed = [await treasury.owed(house.world, "EUR", juror.id) for juror in house.jurors]
        assert sorted(owed)[-2:] == [0, 25]


async def test_told_again_in_any_order_nothing_is_posted_twice(tmp_path):
    async with paid_house(tmp_path) as house:
        case = await judged(house)
        before, _ = await books.every_entry(house.site.storage)
        assert before
        for envelope in await house.site.storage.tail(0, 10_000):
            if isinstance(envelope.event, CaseStepped):
                await pay.on_round_over(house.court, envelope)
            if isinstance(envelope.event, BallotServed):
                await pay.on_ballot_served(house.world, envelope)
        await house.settle()
        after, _ = await books.every_entry(house.site.storage)
        assert sorted(after, key=repr) == sorted(before, key=repr)
        assert {entry.key for entry in after} == {
            f"ballot:{case.id}:1:{juror_id}" for juror_id in await voters(house, case)
        }


async def test_a_paid_juror_is_told_rate_budget_and_terms_before_the_first_ballot(tmp_path):
    async with paid_house(tmp_path, rate=25, budget=1_000) as house:
        author = await house.site.member("author")
        await house.post(author, THREAT)
        juror, summons = (await house.summoned())[0]
        for told in (summons["pay"], (await juror.get("/api/v1/jury")).json()["pay"]):
            assert (told["rate"], told["month_budget"], told["budget_left"]) == (25, 1_000, 1_000)
            assert (told["amount_text"], told["terms"]) == ("EUR 0.25", "2026-11")
        seated = await juror.post(f"/api/v1/jury/summons/{summons['id']}/accept")
        assert seated.json()["pay"]["amount"] == 25


async def test_when_the_budget_is_used_up_a_juror_hears_of_it_before_the_vote(tmp_path):
    async with paid_house(tmp_path, jurors=24, rate=25, budget=25 * 3) as house:
        await judged(house)
        spent = await treasury.spent(house.world, "EUR", "2026-01")
        assert spent >= 75
        author = await house.site.member("author")
        await house.post(author, THREAT + " again")
        juror, summons = (await house.summoned())[0]
        assert summons["pay"]["amount"] == 0
        assert summons["pay"]["why"] == "budget_used_up"
        path = f"/api/v1/jury/summons/{summons['id']}"
        told = (await juror.post(f"{path}/accept")).json()["pay"]
        assert (told["amount"], told["why"]) == (0, "budget_used_up")
        (await juror.post(f"{path}/ballot", json={"vote": "keeps"})).raise_for_status()
        await house.vote("violates")
        await house.settle()
        # Nothing was promised, so nothing is owed; the month after there is a budget again.
        assert await treasury.spent(house.world, "EUR", "2026-01") == spent
        house.site.clock.advance(31 * 86_400_000)
        assert (await juror.get("/api/v1/jury")).json()["pay"]["why"] == ""


async def test_a_promise_is_kept_when_the_budget_is_used_up_before_the_verdict(tmp_path):
    async with paid_house(tmp_path, rate=25) as house:
        author = await house.site.member("author")
        post = await house.post(author, THREAT)
        seated = await house.summoned()
        for juror, summons in seated:
            taken = await juror.post(f"/api/v1/jury/summons/{summons['id']}/accept")
            assert taken.json()["pay"]["amount"] == 25
        policy = house.court.policy
        none = msgspec.structs.replace(policy.pay, budget=0)
        object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, pay=none))
        await house.vote("violates")
        await house.settle()
        cast = await voters(house, await house.case_on(post))
        # Those were seated while there was a budget: what they were told is what they get.
        assert {juror.id for juror, _ in seated} <= cast.keys()
        assert await treasury.spent(house.world, "EUR", "2026-01") == 25 * len(seated) >= 75


async def test_a_volunteer_earns_nothing_and_is_thanked(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        policy = house.court.policy
        kinder = msgspec.structs.replace(policy.jury, thanks_after=1)
        object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, jury=kinder))
        case = await judged(house)
        cast = await voters(house, case)
        assert await treasury.spent(house.world, "EUR", "2026-01") == 0
        for juror in house.jurors:
            shown = await statement(juror)
            served = juror.id in cast
            assert shown["years"] == ([{"year": 2026, "ballots": 1}] if served else [])
            assert sum(month["ballots"] for month in shown["months"]) == served
            found = (await juror.get("/api/v1/conversations")).json()
            thanked = [one for one in found if "Thank you" in one["last_status"]["content"]]
            assert len(thanked) == served


async def test_a_served_ballot_keeps_no_vote(tmp_path):
    async with paid_house(tmp_path) as house:
        await judged(house)
        rows, _ = await house.site.storage.scan(SERVED)
        assert rows
        assert not {"vote", "category", "reason"} & set(rows[0].__struct_fields__)


async def test_a_payout_is_asked_for_recorded_and_settled_by_hand(tmp_path):
    async with paid_house(tmp_path, rate=500) as house:
        case = await judged(house)
        cast = await voters(house, case)
        who = next(juror for juror in house.jurors if juror.id in cast)
        admin = await house.site.member("boss", role="admin")
        asked = (await who.post("/api/v1/jury/payouts")).json()
        assert (asked["state"], asked["amount_text"]) == ("asked", "EUR 5.00")
        again = await who.post("/api/v1/jury/payouts")
        assert again.json()["code"] == "payout_open"
        await house.settle()
        shown = await statement(who)
        assert (shown["owed"], shown["on_its_way"]) == (0, 500)
        done = {"account_id": str(who.id), "id": asked["id"], "state": "paid", "said": "by hand"}
        refused = await who.post("/api/v1/admin/payouts", json=done)
        assert refused.status_code == 403
        (await admin.post("/api/v1/admin/payouts", json=done)).raise_for_status()
        await house.settle()
        shown = await statement(who)
        assert (shown["owed"], shown["on_its_way"]) == (0, 0)
        assert shown["payouts"][0]["state"] == "paid"
        late = await who.post(f"/api/v1/jury/payouts/{asked['id']}/withdraw")
        assert late.status_code == 409
        assert (await treasury.audit(house.world)).faults == []


async def test_a_question_that_only_looks_like_a_case_is_paid_like_one(tmp_path):
    async with paid_house(tmp_path, jurors=14) as house:
        await add_gold(house, question(1, violates=True))
        real = await judged(house)
        asked = await ask(house, real)
        await house.vote("violates")
        await house.settle()
        cast = await voters(house, asked)
        assert len(cast) >= 3
        keys = {entry.key for entry in (await books.every_entry(house.site.storage))[0]}
        assert {f"ballot:{asked.id}:1:{juror_id}" for juror_id in cast} <= keys
