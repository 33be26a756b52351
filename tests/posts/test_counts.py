from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.posts.town import Town
from venire.posts import actions, counts
from venire.posts.model import HELD, VISIBLE

pytestmark = pytest.mark.anyio


async def replies(town, post) -> int:
    found = (await counts.load_reply_counts(town.world, [post.id])).get(post.id)
    return 0 if found is None else found.replies


async def test_replies_are_counted_once_and_follow_what_is_shown(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    root = await town.post(ani)
    made = [await town.post(bob, str(n), in_reply_to_id=root.id) for n in range(3)]
    await town.post(bob, "@ani psst", in_reply_to_id=root.id, visibility="direct")
    await town.post(bob, "followers", in_reply_to_id=root.id, visibility="private")
    heard = await town.hear()
    await town.tell(heard)
    assert await replies(town, root) == 3
    await actions.set_state(town.world, made[0].id, HELD, case_id=1, rule=1, at_ms=1)
    await actions.delete(town.world, bob, made[1].id)
    heard += await town.hear()
    await town.tell(heard)
    assert await replies(town, root) == 1
    await actions.set_state(town.world, made[0].id, VISIBLE, case_id=1, rule=None, at_ms=1)
    await town.hear()
    assert await replies(town, root) == 2


async def test_many_answers_heard_at_once_are_all_counted(town):
    ani = await town.account("ani")
    root = await town.post(ani)
    for n in range(120):
        await town.post(ani, str(n), in_reply_to_id=root.id)
    page = await town.storage.tail(0, 1_000)
    await asyncio.gather(*(counts.count_replies(town.world, one) for one in [*page, *page]))
    assert await replies(town, root) == 120


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    script=st.lists(st.tuples(st.sampled_from(["hold", "show", "delete"]), st.integers(0, 4))),
    cuts=st.lists(st.integers(0, 12), max_size=4),
)
def test_a_count_is_the_number_of_shown_answers_after_any_retelling(tmp_path_factory, script, cuts):
    async def run() -> None:
        town = Town(tmp_path_factory.mktemp("town"))
        try:
            ani = await town.account("ani")
            root = await town.post(ani)
            made = [await town.post(ani, str(n), in_reply_to_id=root.id) for n in range(5)]
            for what, which in script:
                post = await actions.load(town.world, made[which].id)
                if what == "delete":
                    if post.state in {VISIBLE, HELD}:
                        await actions.delete(town.world, ani, post.id)
                else:
                    state = HELD if what == "hold" else VISIBLE
                    await actions.set_state(
                        town.world, post.id, state, case_id=1, rule=None, at_ms=1
                    )
            events = await town.storage.tail(0, 1_000)
            for cut in (*cuts, 0):
                # Killed somewhere, then told from an earlier place again.
                for envelope in events[cut:]:
                    await counts.count_replies(town.world, envelope)
            shown = [
                post
                for post in [await actions.load(town.world, p.id) for p in made]
                if post.state == VISIBLE
            ]
            assert await replies(town, root) == len(shown)
        finally:
            await town.storage.close()

    asyncio.run(run())
