"""What the bench alone may read stays with the bench on appeal: another member of it, fresh."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.appealing import appeal, headers, jurors_of
from tests.cases.attacks import act, people_of, report, seen_by_others
from tests.cases.test_appeals_rules import decided, filed
from tests.kit.courthouse import open_courthouse
from venire.cases import rules
from venire.cases.judges import leaves_the_lot
from venire.cases.policy import CATEGORIES, load_policy
from venire.jury import actions as jury
from venire.kernel.clock import HOUR_MS

POLICY = load_policy()
PRIVACY, HARASSMENT = 4, 3


@given(
    st.lists(st.sampled_from(CATEGORIES), min_size=1, unique=True),
    st.sampled_from(["", *CATEGORIES]),
    st.sampled_from(["violates", "keeps"]),
)
def test_an_appeal_is_read_by_nobody_who_might_not_read_the_case(alleged, found, verdict):
    """Whatever was found, what was alleged decides: the address stands in the post all the same."""
    case = msgspec.structs.replace(
        filed(decided(verdict)), categories=rules.gravest(tuple(alleged)), found=found
    )
    opened = rules.next_round(case, POLICY, 2_500)
    at = msgspec.structs.replace(case, round=opened)
    assert opened.kind == "bench" or not leaves_the_lot(at, POLICY)
    judges = {POLICY.category(name).judges for name in alleged}
    if not judges & {"bench", "named_person"}:
        assert opened.kind == "appeal"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=14) as opened:
        yield opened


async def judged_by_the_bench(house):
    """A post that one called mean and another an address given away, which the bench removed."""
    author, one, two = await people_of(house, "author", "one", "two")
    post = await house.post(author, "He lives at 12 Yak Street, the fool")
    await report(house, one, author, post, HARASSMENT)
    await report(house, two, author, post, PRIVACY)
    assert await house.vote("violates") == 1
    statement = (await author.get("/api/v1/statements")).json()[0]
    assert statement["kind"] == "measure"
    return author, post, f"/api/v1/statements/{statement['id']}/appeal"


@pytest.mark.anyio
async def test_a_mixed_case_is_appealed_to_another_member_of_the_bench_and_to_no_lot(house):
    for name in ("bench_1", "bench_2"):
        member = await house.site.member(name)
        await jury.appoint(house.world, member.id, bench=True, paid=False)
        house.jurors.append(member)
    author, post, path = await judged_by_the_bench(house)
    first = await jurors_of(house, post)
    answer = await appeal(house, author, path)
    assert answer.status_code == 200, answer.text
    asked = {juror.username: juror.id for juror, _ in await house.summoned()}
    assert len(asked) == 1
    assert all(name.startswith("bench_") for name in asked)
    assert not set(asked.values()) & first
    assert await house.vote("keeps") == 1
    assert await seen_by_others(house, post)
    case = await house.case_on(post)
    assert (case.state, case.judged_by, case.verdict) == ("decided", "bench", "keeps")
    drawn = [one for one in await headers(house) if one["type"] == "draw"]
    assert [one["judged_by"] for one in drawn if one["judged_by"] == "appeal"] == []


@pytest.mark.anyio
async def test_where_the_bench_has_nobody_fresh_an_admin_hears_the_appeal(house):
    author, _, path = await judged_by_the_bench(house)
    admin = await house.site.member("admin", role="admin")
    house.jurors.append(admin)
    await appeal(house, author, path)
    assert not await house.summoned()
    # Half of its clock: time enough to name someone.
    house.site.clock.advance(37 * HOUR_MS)
    await house.settle()
    assert [juror.username for juror, _ in await house.summoned()] == ["admin"]


@pytest.mark.anyio
async def test_a_moderators_removal_of_an_address_is_appealed_to_the_bench(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, "He lives at 12 Yak Street, go and see him")
    await act(house, moderator, post, "remove", "privacy")
    statement = (await author.get("/api/v1/statements")).json()[0]["id"]
    await appeal(house, author, f"/api/v1/statements/{statement}/appeal")
    assert {juror.username for juror, _ in await house.summoned()} == {"bench_0"}
