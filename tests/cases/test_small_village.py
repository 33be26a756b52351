"""A village whose author nearly everybody knows: who judges then, and what the record says."""

from __future__ import annotations

import contextlib

import pytest

from tests.cases.appealing import appeal
from tests.cases.attacks import act, messages_to, report, seen_by_others
from tests.cases.test_drawing import said, verifies
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from venire.cases.policy import load_policy
from venire.cases.public import note_policy
from venire.cli.founding.presets import small_policy
from venire.jury.pool import exclusion_rule_hash
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.people import follows, relations

pytestmark = pytest.mark.anyio

HARASSMENT = 3


@contextlib.asynccontextmanager
async def a_village(folder, *, people, jurors):
    """A village in the morning, with an admin, nobody on a bench, and a reporter."""
    (folder / "policy.toml").write_text(small_policy())
    async with open_courthouse(folder) as house:
        object.__setattr__(house.court, "policy", load_policy(folder / "policy.toml"))
        await note_policy(house.court)
        house.site.clock.advance(9 * HOUR_MS)
        await house.seat_pool(jurors, bench=0)
        house.admin = await house.site.member("mayor", role="admin")
        house.reporter = await house.site.member("reporter")
        more = [await house.site.member(f"v{n}") for n in range(people - jurors - 2)]
        house.people = [*house.jurors, *more]
        house.jurors.append(house.admin)
        await house.settle()
        yield house


async def befriends(house, author, members):
    for member in members:
        await follows.follow(house.world, member.id, author.id)
        await follows.follow(house.world, author.id, member.id)


async def reported(house, author, text=MILD):
    post = await house.post(author, text)
    await report(house, house.reporter, author, post, HARASSMENT)
    return post


async def passes(house, ms, *, step_ms=30 * MINUTE_MS):
    until_ms = house.site.clock.now_ms() + ms
    while (left_ms := until_ms - house.site.clock.now_ms()) > 0:
        house.site.clock.advance(min(left_ms, step_ms))
        await house.settle()


async def test_an_author_tied_to_290_of_300(tmp_path):
    """By follows that are not returned: a jury all the same. By friendship: an admin, and why."""
    async with a_village(tmp_path, people=300, jurors=60) as house:
        star, friend = house.people[0], house.people[1]
        for member in house.people[2:292]:
            await follows.follow(house.world, member.id, star.id)
        await befriends(house, friend, house.people[2:292])
        await house.settle()

        case = await house.case_on(await reported(house, star))
        (draw,) = await said(house, "draw")
        assert (draw["judged_by"], draw["small_pool"]) == ("panel", True)
        assert draw["exclusion_rule"] == exclusion_rule_hash(one_way_follows=True)
        assert 60 - len(draw["excluded"]) >= 20
        await house.vote("keeps")
        ours, _ = await verifies(house, case, tmp_path / "public")
        assert "SMALL POOL, one-way follows let pass" in ours
        assert (await house.case_on(str(case.subject_id))).judged_by == "panel"

        post = await reported(house, friend, "Nobody should buy from that fool of a baker again.")
        assert [one.id for one, _ in await house.summoned()] == [house.admin.id]
        assert await house.vote("violates") == 1
        case = await house.case_on(post)
        assert (case.judged_by, case.measure) == ("admin", "remove")
        assert case.decided_at_ms < case.due_at_ms
        assert len(await said(house, "draw")) == 1, "those who are left were drawn, and found out"
        verdict = (await said(house, "verdict"))[-1]
        assert (verdict["judged_by"], verdict["small_pool"]) == ("admin", True)
        assert "small_pool" not in (await said(house, "verdict"))[0]

        # The appeal is for another admin: none has judged the same case before.
        deputy = await house.site.member("deputy", role="admin")
        house.jurors.append(deputy)
        statement = (await friend.get("/api/v1/statements")).json()[0]["id"]
        await appeal(house, friend, f"/api/v1/statements/{statement}/appeal")
        assert [one.id for one, _ in await house.summoned()] == [deputy.id]
        assert await house.vote("keeps") == 1
        assert await seen_by_others(house, post)
        assert (await said(house, "verdict"))[-1]["small_pool"] is True


async def test_an_author_who_blocks_all_but_their_own_has_chosen_no_jury(tmp_path):
    async with a_village(tmp_path, people=60, jurors=45) as house:
        author, own = house.people[-1], {one.id for one in house.jurors[:15]}
        for member in house.people:
            if member.id not in own | {author.id}:
                await relations.put_relation(house.world, author.id, "block", member.id)
        post = await reported(house, author)
        assert (await house.case_on(post)).round.small_pool
        assert [one.id for one, _ in await house.summoned()] == [house.admin.id]


@pytest.mark.parametrize(("friends", "kind"), [(39, "panel"), (40, "bench")])
async def test_twenty_who_might_sit_are_enough_and_nineteen_are_not(tmp_path, friends, kind):
    async with a_village(tmp_path, people=60, jurors=45) as house:
        author = house.people[-1]
        await befriends(house, author, house.people[:friends])
        case = await house.case_on(await reported(house, author))
        assert case.round.kind == kind
        assert case.round.small_pool is (kind == "bench")


async def test_a_large_site_asks_nobody_whether_its_jurors_could_be_guessed(tmp_path):
    async with a_village(tmp_path, people=60, jurors=45) as house:
        object.__setattr__(house.court, "policy", load_policy())
        author = house.people[-1]
        await befriends(house, author, house.people[:40])
        case = await house.case_on(await reported(house, author))
        assert (case.round.kind, case.round.small_pool) == ("panel", False)


async def test_an_admin_whose_follow_is_not_returned_may_judge_where_there_is_nobody_else(tmp_path):
    async with a_village(tmp_path, people=60, jurors=45) as house:
        author = house.people[-1]
        await befriends(house, author, house.people[:45])
        await follows.follow(house.world, house.admin.id, author.id)
        stranger = await house.site.member("stranger", role="admin")
        house.jurors.append(stranger)
        post = await reported(house, author)
        assert [one.id for one, _ in await house.summoned()] == [stranger.id]
        await relations.put_relation(house.world, stranger.id, "block", author.id)
        other = await reported(house, author, "The baker again, and again nobody believes me.")
        assert {one.id for one, _ in await house.summoned()} == {stranger.id, house.admin.id}
        assert await house.vote("keeps") == 2
        for each in (post, other):
            assert (await house.case_on(each)).judged_by == "admin"


async def test_with_a_friend_for_its_only_admin_a_case_waits_is_told_and_a_person_ends_it(tmp_path):
    async with a_village(tmp_path, people=60, jurors=45) as house:
        author = house.people[-1]
        await befriends(house, author, [*house.people[:45], house.admin])
        post = await reported(house, author)
        case = await house.case_on(post)
        assert (case.round.kind, case.waits_for) == ("bench", "bench")
        await passes(house, case.due_at_ms - house.site.clock.now_ms() + HOUR_MS, step_ms=HOUR_MS)
        assert not await house.summoned()
        assert (await house.case_on(post)).state == "judging"
        told = " ".join(await messages_to(house.admin))
        assert "has to be decided by" in told
        assert "should have been decided by" in told
        assert "waits for the bench" in told
        assert (await act(house, house.admin, post, "remove", "harassment")).status_code == 200
        case = await house.case_on(post)
        assert (case.state, case.judged_by, case.measure) == ("decided", "moderator", "remove")
        (action,) = await said(house, "moderator_action")
        assert action["automated"] is False
        # Who is new here, and no friend, hears what the author says to it.
        statement = (await author.get("/api/v1/statements")).json()[0]["id"]
        filed = await appeal(house, author, f"/api/v1/statements/{statement}/appeal")
        assert filed.status_code == 200
        newcomer = await house.site.member("newcomer", role="admin")
        house.jurors.append(newcomer)
        await passes(house, 10 * MINUTE_MS, step_ms=MINUTE_MS)
        assert [one.id for one, _ in await house.summoned()] == [newcomer.id]
        await house.vote("keeps")
        assert await seen_by_others(house, post)


async def test_a_threat_by_night_is_hidden_at_once_and_judged_by_those_who_wake_in_time(tmp_path):
    """Its clock does not stand: who is asleep loses a seat to others, and enough are left."""
    async with a_village(tmp_path, people=60, jurors=36) as house:
        author = house.people[-1]
        for member in house.people[:40]:
            await follows.follow(house.world, member.id, author.id)
        house.site.clock.advance(13 * HOUR_MS + 30 * MINUTE_MS)
        post = await house.post(author, THREAT)
        assert not await seen_by_others(house, post)
        await passes(house, 9 * HOUR_MS)
        gone = [index for one in await said(house, "timeout") for index in one["indices"]]
        assert len(gone) >= 3
        await house.vote("violates")
        case = await house.case_on(post)
        assert (case.judged_by, case.measure) == ("panel", "remove")
        assert case.decided_at_ms < case.due_at_ms
        await verifies(house, case, tmp_path / "public")
