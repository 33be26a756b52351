"""Use of tags, posts and weeks: the same figures however the journal is cut and the power fails."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.people.house import Killed, MortalStorage
from tests.posts.town import Town
from venire.kernel.clock import DAY_MS
from venire.posts import tag_choices, usage

pytestmark = pytest.mark.anyio

TAGS = ("kopi", "teh")
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["#kopi", "#teh", "#kopi #teh", "none"])),
    min_size=1,
    max_size=12,
)
CUTS = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 9)), min_size=1, max_size=10)


async def count_all(world, page_size: int = 256) -> None:
    position = await world.storage.position(usage.CURSOR)
    while page := await world.storage.tail(position, page_size):
        position = page[-1].sequence
        await usage.count_page(world, page, position)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, cuts=CUTS)
def test_however_the_journal_is_cut_and_the_power_fails_use_is_counted_once(
    tmp_path_factory, steps, cuts
):
    """Pages of any size, each of which may be stopped after any of its writes, then told again."""

    async def run() -> None:
        town = Town(tmp_path_factory.mktemp("usage"))
        world = town.world
        people = [await town.account(f"one{number}") for number in range(3)]
        await tag_choices.feature_tag(world, people[0], "kopi")
        for author, text in steps:
            await town.post(people[author], text)
        for size, writes in cuts:
            position = await world.storage.position(usage.CURSOR)
            if page := await world.storage.tail(position, size):
                mortal = MortalStorage(world.storage, writes, after=False)
                with contextlib.suppress(Killed):
                    dying = dataclasses.replace(world, storage=mortal)
                    await usage.count_page(dying, page, page[-1].sequence)
        await count_all(world)
        days = await usage.histories(world, TAGS)
        led = await usage.leaders(world, usage.TAGS, world.now_ms() // DAY_MS)
        for tag in TAGS:
            used = [author for author, text in steps if f"#{tag}" in text]
            assert (days[tag][0].uses, days[tag][0].accounts) == (len(used), len(set(used)))
            assert led.get(tag, 0) == len(set(used))
        (featured,) = await tag_choices.featured_tags(world, people[0])
        own = [text for author, text in steps if author == 0 and "#kopi" in text]
        assert featured.statuses == len(own)
        week = (await usage.weeks(world))[0]
        assert week.statuses == len(steps)
        assert week.active == len({author for author, _ in steps})
        await town.storage.close()

    asyncio.run(run())


async def test_leaders_are_the_most_used_and_never_more_than_a_few(town, monkeypatch):
    monkeypatch.setattr(usage, "LEADERS_MOST", 2)
    people = [await town.account(f"one{number}") for number in range(3)]
    for place, tag in enumerate(("a", "b", "c")):
        for author in people[: place + 1]:
            await town.post(author, f"#{tag}")
    await count_all(town.world, 1)
    day = town.world.now_ms() // DAY_MS
    assert await usage.leaders(town.world, usage.TAGS, day) == {"c": 3, "b": 2}


async def test_a_week_begins_on_monday(town):
    monday = usage.week_start_ms(2_900)
    assert usage.week_of(monday) == 2_900
    assert usage.week_of(monday - 1) == 2_899
    # 1970-01-05 was the first Monday.
    assert usage.week_start_ms(1) == 4 * DAY_MS


async def test_who_wants_not_to_be_found_is_not_kept_among_recent_authors(town):
    open_one, shy = await town.account("open"), await town.account("shy", discoverable=False)
    young = await town.account("young", minor=True)
    for author in (open_one, shy, young):
        await town.post(author)
    await count_all(town.world)
    assert list(await usage.leaders(town.world, usage.AUTHORS)) == [str(open_one)]
