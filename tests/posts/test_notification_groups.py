"""Groups as a whole: nothing is lost, nothing is told twice, whatever happened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.ids import AccountId, PostId, id_at
from venire.posts import notification_groups, notifications
from venire.posts.model import Window
from venire.posts.notification_groups import GROUPABLE, STORM, group_key, grouped
from venire.posts.notifications import Told

pytestmark = pytest.mark.anyio

KINDS = ("favourite", "reblog", "follow", "mention", "admin.sign_up", "poll")
_THINGS = st.tuples(
    st.sampled_from(KINDS), st.integers(1, 3), st.integers(1, 4), st.integers(0, 10**8)
)


def as_told(things) -> list[Told]:
    moments = sorted({(id_at(at), kind, post, who) for kind, post, who, at in things})
    return [
        Told(id=one + place, account_id=AccountId(1), type=kind, from_id=AccountId(who),
             post_id=PostId(post), data=None)
        for place, (one, kind, post, who) in enumerate(moments)
    ][::-1]  # fmt: skip


@given(st.lists(_THINGS, max_size=60), st.sets(st.sampled_from(sorted(GROUPABLE))))
def test_every_notification_is_in_exactly_one_group(things, types):
    told = as_told(things)
    groups = grouped(told, frozenset(types))
    inside = [one.id for group in groups for one in group.members]
    assert sorted(inside) == sorted(one.id for one in told)
    assert len({group.key for group in groups}) == len(groups)
    assert [group.newest.id for group in groups] == sorted(
        (group.newest.id for group in groups), reverse=True
    )
    for group in groups:
        assert len({one.type for one in group.members}) == 1
        if group.newest.type not in types:
            assert len(group.members) == 1


async def walk(town, account, limit: int, *, rising: bool) -> list[list[tuple[str, list[int]]]]:
    pages, window = [], Window(limit=limit, min_id=0 if rising else None)
    while True:
        page = await notification_groups.page_of(town.world, account, window)
        if page.items:
            pages.append([(one.key, [told.id for told in one.members]) for one in page.items])
        after = page.newer if rising else page.older
        if after is None or (rising and not page.items):
            return pages
        window = Window(limit=limit, min_id=after) if rising else Window(limit=limit, max_id=after)


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 7, 40])
async def test_walking_the_pages_passes_each_exactly_once(town, limit, rising):
    ani = await town.account("ani")
    fans = [await town.account(f"fan{number}") for number in range(5)]
    posts = [await town.post(ani, f"{number}") for number in range(4)]
    made = []
    for number in range(130):
        town.clock.advance(1 + number % 7 * 60_000)
        kind = ("favourite", "mention", "favourite", "reblog")[number % 4]
        event, post = town.world.ids.next(), posts[number * 7 % 4]
        await notifications.notify(town.world, event, ani, kind, fans[number % 5], post.id)
        made.append(event)
    pages = await walk(town, ani, limit, rising=rising)
    seen = [one for page in pages for _, members in page for one in members]
    assert sorted(seen) == made
    assert len(seen) == len(set(seen))
    for page in pages:
        assert 0 < len(page) <= limit
        assert len({key for key, _ in page}) == len(page)


async def test_a_storm_is_counted_and_not_kept(town, monkeypatch):
    monkeypatch.setattr(notification_groups, "STORM", 5)
    assert STORM == 1_000
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, "hit")
    kept = []
    for _ in range(12):
        town.clock.advance(1)
        event = town.world.ids.next()
        if not await notification_groups.only_counted(town.world, ani, "favourite", post.id, event):
            await notifications.notify(town.world, event, ani, "favourite", bob, post.id)
            kept.append(event)
    assert len(kept) == 5
    page = await notification_groups.page_of(town.world, ani, Window())
    (group,) = page.items
    assert (len(group.members), group.count) == (5, 12)
    again = await notification_groups.only_counted(town.world, ani, "favourite", post.id, event)
    assert again
    (same,) = (await notification_groups.page_of(town.world, ani, Window())).items
    assert same.count == 12
    assert not await notification_groups.only_counted(
        town.world, ani, "mention", post.id, town.world.ids.next()
    )


def test_keys_tell_apart_what_differs():
    at = id_at(10**12)
    assert group_key("favourite", 1, at) != group_key("favourite", 2, at)
    assert group_key("favourite", 1, at) != group_key("reblog", 1, at)
    assert group_key("follow", None, at) == group_key("follow", None, at + 1)
    assert group_key("mention", 1, at) == f"ungrouped-{at}"
    assert group_key("follow", None, at, frozenset()) == f"ungrouped-{at}"
