from __future__ import annotations

import pytest

from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.posts import actions, indexing
from venire.posts.model import REMOVED, Edit

pytestmark = pytest.mark.anyio


@pytest.fixture
async def search(tmp_path):
    index = SqliteIndex(tmp_path / "search.db")
    yield index
    await index.close()


async def found(search, word: str) -> list[int]:
    return sorted(await search.candidates([word], "any", 100))


async def test_only_what_may_be_read_is_indexed(town, search):
    ani = await town.account("ani")
    made = {
        kind: await town.post(ani, "mangga", visibility=kind)
        for kind in ("public", "unlisted", "private", "direct")
    }
    assert not await indexing.caught_up(town.world)
    await town.index(search)
    assert await indexing.caught_up(town.world)
    assert await found(search, "mangga") == [made["public"].id, made["unlisted"].id]
    events = await town.storage.tail(0)
    assert await search.indexed_through() == events[-1].id


async def test_a_page_told_again_changes_nothing(town, search):
    ani = await town.account("ani")
    post = await town.post(ani, "mangga")
    page = await town.storage.tail(0)
    for _ in range(2):
        await indexing.index_page(town.world, search, page, page[-1].sequence)
    assert await found(search, "mangga") == [post.id]


async def test_an_edit_replaces_and_removal_keeps_and_erasure_removes(town, search):
    ani = await town.account("ani")
    post = await town.post(ani, "mangga", spoiler="awas")
    await town.index(search)
    assert await found(search, "awas") == [post.id]
    await actions.edit(town.world, ani, post.id, Edit(text="durian", spoiler=""))
    await town.index(search)
    assert (await found(search, "mangga"), await found(search, "durian")) == ([], [post.id])
    await actions.set_state(town.world, post.id, REMOVED, case_id=1, rule=1, at_ms=1)
    await town.index(search)
    assert await found(search, "durian") == [post.id]
    other = await town.post(ani, "durian lagi")
    await town.index(search)
    await actions.delete(town.world, ani, other.id)
    await town.index(search)
    assert await found(search, "durian") == [post.id, other.id]
    await actions.erase(town.world, other.id)
    await actions.erase(town.world, post.id)
    await town.index(search)
    assert await found(search, "durian") == []


async def test_a_lost_index_is_filled_from_the_posts(town, tmp_path):
    ani = await town.account("ani")
    public = await town.post(ani, "mangga")
    await town.post(ani, "mangga", visibility="private")
    first = SqliteIndex(tmp_path / "first.db")
    assert await indexing.prepare(town.world, first) == 0
    await town.index(first)
    assert await indexing.prepare(town.world, first) == 0
    await first.close()
    second = SqliteIndex(tmp_path / "second.db")
    assert await indexing.prepare(town.world, second) == 2
    assert await found(second, "mangga") == [public.id]
    assert await indexing.prepare(town.world, second) == 0
    events = await town.storage.tail(0)
    # As after a loss of power that took the end of the file: it says so, and is filled again.
    await second.set_indexed_through(events[0].id)
    assert await indexing.prepare(town.world, second) == 2
    assert await second.indexed_through() > events[0].id
    await second.close()
