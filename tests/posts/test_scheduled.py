from __future__ import annotations

import pytest

from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.people import standing
from venire.posts import actions, scheduled
from venire.posts.listing import account_entries
from venire.posts.model import Draft, PollDraft, Stretch, Window
from venire.storage.tables.outbox import TIMERS
from venire.storage.tables.scheduled import SCHEDULED
from venire.storage.timers import Timers

pytestmark = pytest.mark.anyio
HOUR_MS = 60 * MINUTE_MS
NEWEST = Stretch(None, None, 40)


async def plan(town, author, text="later", after_ms=HOUR_MS, **draft):
    town.clock.advance(1)
    at_ms = town.clock.now_ms() + after_ms
    return await scheduled.plan(town.world, author, Draft(text=text, **draft), at_ms)


async def fire(town) -> list[scheduled.Refusal]:
    """Fire what is due as the leader does; what authors are to be told."""
    told: list[scheduled.Refusal] = []

    async def publish(key: str) -> None:
        refusal = await scheduled.on_due(town.world, key)
        if refusal is not None:
            told.append(refusal)

    await Timers(town.storage, town.clock, {scheduled.TIMER: publish}).fire_due()
    return told


async def texts_of(town, account) -> list[str]:
    entries = await account_entries(town.world, account, NEWEST)
    return [post.text for post in await actions.load_many(town.world, [e.id for e in entries])]


async def plans_of(town, account) -> list[str]:
    page = await scheduled.page_of(town.world, account, Window())
    return [one.draft.text for one in page.items]


async def test_a_planned_post_is_published_when_it_is_due_and_not_before(town):
    ani = await town.account("ani")
    await plan(town, ani, "later")
    assert await texts_of(town, ani) == []
    assert await plans_of(town, ani) == ["later"]
    town.clock.advance(HOUR_MS - 1)
    await fire(town)
    assert await texts_of(town, ani) == []
    town.clock.advance(1)
    await fire(town)
    assert await texts_of(town, ani) == ["later"]
    assert await plans_of(town, ani) == []
    (entry,) = await account_entries(town.world, ani, NEWEST)
    post = await actions.load(town.world, entry.id)
    assert post.created_at_ms == town.clock.now_ms()
    assert not (await town.storage.scan(TIMERS))[0]
    assert not (await town.storage.scan(SCHEDULED))[0]


@pytest.mark.parametrize("after_ms", [-1, 0, 5 * MINUTE_MS - 1])
async def test_what_is_due_in_less_than_five_minutes_is_not_planned(town, after_ms):
    ani = await town.account("ani")
    with pytest.raises(Invalid, match="schedule_too_soon") as refused:
        await plan(town, ani, after_ms=after_ms)
    assert refused.value.hint == (
        "Validation failed: Scheduled at The scheduled date must be in the future"
    )
    assert (await plan(town, ani, after_ms=5 * MINUTE_MS)).id


async def test_what_could_not_be_published_cannot_be_planned(town):
    ani = await town.account("ani")
    for draft, code in (
        ({"text": ""}, "text_blank"),
        ({"text": "x" * 1_001}, "text_too_long"),
        ({"visibility": "secret"}, "visibility_unknown"),
        ({"poll": PollDraft(("a",), 300)}, "poll_invalid"),
        ({"media_ids": (5,)}, "media_unknown"),
    ):
        with pytest.raises(Invalid, match=code):
            await plan(town, ani, **draft)
    with pytest.raises(NotFound, match="reply_target_missing"):
        await plan(town, ani, in_reply_to_id=5)
    await standing.suspend(town.world, ani, key="s", until_ms=None, case_id=1)
    with pytest.raises(Forbidden, match="account_suspended"):
        await plan(town, ani)
    assert await plans_of(town, ani) == []


async def test_a_day_has_25_plans(town):
    ani = await town.account("ani")
    town.clock.advance(DAY_MS - town.clock.now_ms() % DAY_MS)
    for _ in range(25):
        await plan(town, ani)
    with pytest.raises(Invalid, match="schedule_full"):
        await plan(town, ani)
    assert (await plan(town, ani, after_ms=25 * HOUR_MS)).id


async def test_300_plans_are_the_most(town):
    ani = await town.account("ani")
    for day in range(12):
        for _ in range(25):
            await plan(town, ani, after_ms=day * DAY_MS + HOUR_MS)
    with pytest.raises(Invalid, match="300 scheduled posts"):
        await plan(town, ani, after_ms=20 * DAY_MS)
    first = (await scheduled.page_of(town.world, ani, Window())).items[0]
    await scheduled.take_back(town.world, ani, first.id)
    assert (await plan(town, ani, after_ms=20 * DAY_MS)).id


async def test_a_key_is_answered_with_the_first_plan(town):
    ani = await town.account("ani")
    first = await plan(town, ani, idempotency_key="k")
    assert (await plan(town, ani, "again", idempotency_key="k")).id == first.id
    assert (await plan(town, ani, idempotency_key="other")).id != first.id


async def test_a_plan_is_moved_and_published_once_at_its_last_moment(town):
    ani = await town.account("ani")
    made = await plan(town, ani)
    later_ms = town.clock.now_ms() + 3 * HOUR_MS
    assert (await scheduled.move(town.world, ani, made.id, later_ms)).at_ms == later_ms
    sooner_ms = town.clock.now_ms() + 2 * HOUR_MS
    await scheduled.move(town.world, ani, made.id, sooner_ms)
    with pytest.raises(Invalid, match="schedule_too_soon"):
        await scheduled.move(town.world, ani, made.id, town.clock.now_ms())
    town.clock.advance(HOUR_MS)
    await fire(town)
    assert await texts_of(town, ani) == []
    town.clock.advance(5 * HOUR_MS)
    await fire(town)
    await fire(town)
    assert await texts_of(town, ani) == ["later"]


async def test_what_was_taken_back_is_never_published(town):
    ani = await town.account("ani")
    made = await plan(town, ani)
    await scheduled.take_back(town.world, ani, made.id)
    with pytest.raises(NotFound):
        await scheduled.take_back(town.world, ani, made.id)
    with pytest.raises(NotFound):
        await scheduled.load(town.world, ani, made.id)
    town.clock.advance(HOUR_MS)
    await fire(town)
    assert await texts_of(town, ani) == []
    assert not (await town.storage.scan(SCHEDULED))[0]


async def test_nobody_sees_or_touches_the_plan_of_another(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    made = await plan(town, ani)
    for act in (
        lambda: scheduled.load(town.world, bob, made.id),
        lambda: scheduled.move(town.world, bob, made.id, town.clock.now_ms() + HOUR_MS),
        lambda: scheduled.take_back(town.world, bob, made.id),
    ):
        with pytest.raises(NotFound):
            await act()
    assert await plans_of(town, bob) == []


@pytest.mark.parametrize("dies_after", range(1, 6))
async def test_whoever_dies_while_publishing_leaves_one_post(town, dies_after):
    """Killed after any of its commits: the timer is still there and fires again."""
    ani = await town.account("ani")
    await plan(town, ani)
    town.clock.advance(HOUR_MS)
    real, left = town.storage.commit, dies_after

    class Killed(BaseException):
        pass

    async def commit(*arguments, **more):
        nonlocal left
        await real(*arguments, **more)
        left -= 1
        if left == 0:
            raise Killed

    town.storage.commit = commit
    with pytest.raises(Killed):
        await fire(town)
    town.storage.commit = real
    await fire(town)
    assert await texts_of(town, ani) == ["later"]
    assert not (await town.storage.scan(SCHEDULED))[0]


async def test_an_author_suspended_meanwhile_is_told_and_keeps_the_plan(town):
    ani = await town.account("ani", language="id")
    made = await plan(town, ani, "later @bob #tag")
    await standing.suspend(town.world, ani, key="s", until_ms=None, case_id=1)
    town.clock.advance(HOUR_MS)
    (told,) = await fire(town)
    assert told.account_id == ani
    assert "Your account is suspended" not in told.text
    assert "@bob" not in told.text
    assert await texts_of(town, ani) == []
    assert await plans_of(town, ani) == ["later @bob #tag"]
    again = await scheduled.on_due(town.world, f"{ani}:{made.id}")
    assert again.key == told.key
    await standing.unsuspend(town.world, ani, "s")
    await scheduled.move(town.world, ani, made.id, town.clock.now_ms() + HOUR_MS)
    town.clock.advance(HOUR_MS)
    assert await fire(town) == []
    assert await texts_of(town, ani) == ["later @bob #tag"]


async def test_a_plan_that_answers_a_post_that_went_is_kept_and_told(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(bob)
    await plan(town, ani, in_reply_to_id=post.id)
    await actions.delete(town.world, bob, post.id)
    town.clock.advance(HOUR_MS)
    (told,) = await fire(town)
    assert "does not exist" in told.text
    assert await plans_of(town, ani) == ["later"]


async def test_the_poll_of_a_plan_runs_from_its_publication(town):
    ani = await town.account("ani")
    await plan(town, ani, "which?", poll=PollDraft(("a", "b"), 300))
    town.clock.advance(HOUR_MS)
    await fire(town)
    (entry,) = await account_entries(town.world, ani, NEWEST)
    post = await actions.load(town.world, entry.id)
    assert post.poll.ends_at_ms == town.clock.now_ms() + 300_000


async def test_pages_of_plans_lead_through_all_of_them_once(town):
    ani = await town.account("ani")
    made = [
        (await plan(town, ani, str(n), after_ms=(n % 3) * DAY_MS + HOUR_MS)).id for n in range(11)
    ]
    seen, below = [], None
    while True:
        page = await scheduled.page_of(town.world, ani, Window(limit=4, max_id=below))
        seen += [one.id for one in page.items]
        if page.older is None:
            break
        below = page.older
    assert seen == made[::-1]
