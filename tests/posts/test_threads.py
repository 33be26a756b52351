from __future__ import annotations

import pytest

from venire.kernel.clock import DAY_MS
from venire.people import ties
from venire.posts import actions, threads
from venire.posts.model import HELD
from venire.posts.spans import bucket_of

pytestmark = pytest.mark.anyio


async def around(town, viewer, post) -> tuple[list[str], list[str]]:
    found = await threads.context(town.world, viewer, post)
    return [p.text for p in found.ancestors], [p.text for p in found.descendants]


async def test_a_conversation_is_read_up_in_order_and_down_in_reading_order(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    root = await town.post(ani, "root")
    a = await town.post(bob, "a", in_reply_to_id=root.id)
    b = await town.post(ani, "b", in_reply_to_id=root.id)
    town.clock.advance(40 * DAY_MS)
    aa = await town.post(bob, "aa", in_reply_to_id=a.id)
    town.clock.advance(400 * DAY_MS)
    await town.post(ani, "aaa", in_reply_to_id=aa.id)
    await town.post(ani, "bb", in_reply_to_id=b.id)
    await town.post(ani, "elsewhere")
    assert await around(town, ani, root) == ([], ["a", "aa", "aaa", "b", "bb"])
    assert await around(town, None, aa) == (["root", "a"], ["aaa"])


async def test_what_a_viewer_may_not_see_is_left_out_and_what_answers_it_stays(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    root = await town.post(ani, "root")
    held = await town.post(bob, "held", in_reply_to_id=root.id)
    answer = await town.post(ani, "answer", in_reply_to_id=held.id)
    await town.post(bob, "@ani psst", in_reply_to_id=root.id, visibility="direct")
    await actions.set_state(town.world, held.id, HELD, case_id=1, rule=1, at_ms=1)
    assert await around(town, eve, root) == ([], ["answer"])
    assert await around(town, bob, root) == ([], ["held", "answer", "@ani psst"])
    assert await around(town, ani, answer) == (["root"], [])
    await ties.mute(town.world, bob, ani, notifications=True, lasts_s=0)
    assert await around(town, bob, root) == ([], ["held", "@ani psst"])


async def test_strangers_get_a_bounded_part_of_a_long_thread(town):
    ani = await town.account("ani")
    root = last = await town.post(ani, "0")
    for n in range(1, 70):
        last = await town.post(ani, str(n), in_reply_to_id=last.id)
    above, _ = await around(town, None, last)
    assert above == [str(n) for n in range(29, 69)]
    _, below = await around(town, None, root)
    assert below == [str(n) for n in range(1, threads.DEPTH_PUBLIC + 1)]
    above, _ = await around(town, ani, last)
    assert len(above) == 69
    _, below = await around(town, ani, root)
    assert len(below) == 69


def test_buckets_of_a_thread_double():
    day = DAY_MS << 16
    assert [bucket_of(0, n * day) for n in (0, 1, 2, 3, 6, 7, 3650)] == [0, 1, 1, 2, 2, 3, 11]
