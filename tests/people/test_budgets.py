"""What a new account may do: so much and no more, whoever asks at once, and nothing for long."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.people.house import make_world, someone
from venire.kernel.errors import Throttled
from venire.kernel.ids import AccountId
from venire.people import budgets, follows
from venire.people.model import Account
from venire.people.store import load_account
from venire.storage.tables.defences import BUDGETS, BudgetRow

pytestmark = pytest.mark.anyio

_JOINED = Account(
    id=AccountId(1),
    version=1,
    username="newcomer",
    display_name="",
    note="",
    fields=(),
    uri="",
    state="active",
    role="member",
    locked=False,
    bot=False,
    discoverable=False,
    indexable=False,
    hide_collections=False,
    privacy="public",
    sensitive=False,
    language=None,
    created_at_ms=0,
)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def real(tmp_path, clock):
    made = make_world(tmp_path, clock, acceptance=False)
    yield made
    await made.storage.close()


async def a_newcomer(world, name="newcomer"):
    return await load_account(world, await someone(world, name))


async def refusal(call) -> Throttled:
    with pytest.raises(Throttled) as caught:
        await call
    return caught.value


async def test_a_new_account_posts_so_often_an_hour(real, clock):
    account = await a_newcomer(real)
    for _ in range(20):
        await budgets.check_post(real, account)
    problem = await refusal(budgets.check_post(real, account))
    assert problem.code == "new_account_posts"
    assert 0 < problem.data["retry_after_s"] <= 3_600
    clock.advance(problem.data["retry_after_s"] * 1_000)
    await budgets.check_post(real, account)


async def test_strangers_are_named_seldom_and_followers_as_often_as_one_likes(real):
    account = await a_newcomer(real)
    strangers = [await someone(real, f"stranger{number}") for number in range(11)]
    friend = await someone(real, "friend")
    await follows.follow(real, friend, account.id)
    for _ in range(3):
        await budgets.check_post(real, account, mentions=[friend, account.id])
    problem = await refusal(budgets.check_post(real, account, mentions=strangers))
    assert problem.code == "new_account_strangers"
    await budgets.check_post(real, account, mentions=strangers[:10])
    await refusal(budgets.check_post(real, account, mentions=strangers[:1]))


async def test_links_and_follows_have_budgets_of_their_own(real):
    account = await a_newcomer(real)
    await budgets.check_post(real, account, links=10)
    assert (await refusal(budgets.check_post(real, account, links=1))).code == "new_account_links"
    for _ in range(100):
        await budgets.check_follow(real, account)
    assert (await refusal(budgets.check_follow(real, account))).code == "new_account_follows"


async def test_of_many_at_once_no_more_than_the_budget_get_through(real):
    account = await a_newcomer(real)
    answers = await asyncio.gather(
        *(budgets.check_post(real, account) for _ in range(40)), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) <= 20
    rows = await real.storage.range(BUDGETS, (account.id,), limit=100)
    assert [row.spent for row in rows] == [sum(answer is None for answer in answers)]


async def test_an_old_account_staff_and_the_acceptance_profile_have_none(real, world, clock):
    account = await a_newcomer(real)
    clock.advance(31 * DAY_MS)
    for _ in range(25):
        await budgets.check_post(real, account)
    fresh = await a_newcomer(world, "other")
    for _ in range(25):
        await budgets.check_post(world, fresh)


@given(st.integers(0, 40 * DAY_MS), st.integers(0, 30))
def test_nobody_becomes_new_again_by_growing_older_or_saying_more(age_ms, posts):
    def new(age, said):
        return budgets.is_new(_JOINED, said, age)

    if not new(age_ms, posts):
        assert not new(age_ms + 1, posts)
        assert not new(age_ms, posts + 1)


@given(
    st.lists(st.tuples(st.integers(0, 2 * HOUR_MS), st.integers(1, 25)), max_size=60),
    st.sampled_from(sorted(budgets.BUDGETS_OF_NEW)),
)
def test_no_window_ever_holds_more_than_the_budget(calls, kind):
    budget = budgets.BUDGETS_OF_NEW[kind]
    row: BudgetRow | None = None
    now_ms = 0
    for wait_ms, cost in calls:
        now_ms += wait_ms
        after = budgets.spent_after(row, 1, kind, cost, now_ms)
        if after is not None:
            assert after.spent <= budget.most
            assert after.since_ms <= now_ms < after.since_ms + budget.lasts_ms
            row = after
