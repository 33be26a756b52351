from __future__ import annotations

import logging

import pytest
from msgspec.structs import replace

from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.kernel.ids import PostId
from venire.kernel.ports import Sought
from venire.people.actions import change_profile
from venire.people.model import Changes
from venire.posts import actions, indexing
from venire.posts.media.model import Attachment
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


async def test_what_is_private_is_found_by_its_readers_and_never_located(town, search):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    private = await town.post(ani, "mangga", visibility="private")
    direct = await town.post(ani, "@bob mangga", visibility="direct")
    await town.index(search)
    assert await found(search, "mangga") == []
    for reader, ids in ((ani, [direct.id, private.id]), (bob, [direct.id]), (eve, [])):
        assert await search.search(Sought(texts=("mangga",), reader_id=reader), 10) == ids
    await actions.erase(town.world, private.id)
    await town.index(search)
    assert await search.search(Sought(texts=("mangga",), reader_id=ani), 10) == [direct.id]


async def test_a_change_of_mind_is_indexed_for_all_of_an_authors_posts(town, search):
    ani = await town.account("ani", indexable=False)
    made = [(await town.post(ani, "mangga")).id for _ in range(3)]
    await town.index(search)
    everyone = Sought(texts=("mangga",), scope=("findable",))
    assert await search.search(everyone, 10) == []
    await change_profile(town.world, ani, Changes(indexable=True))
    await town.index(search)
    assert await search.search(everyone, 10) == made[::-1]
    await change_profile(town.world, ani, Changes(indexable=False))
    await town.index(search)
    assert await search.search(everyone, 10) == []


async def test_boosts_are_not_indexed_and_posts_of_media_alone_are(town, search):
    ani = await town.account("ani")
    post = await town.post(ani, "mangga")
    boost = replace(post, id=PostId(town.world.ids.next()), reblog_of_id=post.id)
    picture = Attachment(1, "image", "00", None, "image/png", "", description="durian")
    silent = replace(post, id=PostId(town.world.ids.next()), text="", attachments=(picture,))
    await indexing.index_posts(town.world, search, [boost, silent, post])
    assert await found(search, "mangga") == [post.id]
    assert await search.search(Sought(texts=("durian",)), 10) == [silent.id]
    assert await search.search(Sought(marks=(("isimage",),)), 10) == [silent.id]


async def test_what_the_index_does_not_hear_is_nothing_to_wait_for(town, search):
    ani, bob = await town.account("ani"), await town.account("bob")
    await town.index(search)
    await town.follow(bob, ani)
    assert await indexing.caught_up(town.world)
    await town.post(ani)
    assert not await indexing.caught_up(town.world)


async def test_own_posts_are_indexed_ahead_of_the_indexer(town, search):
    ani, bob = await town.account("ani"), await town.account("bob")
    mine = await town.post(ani, "mangga")
    await town.post(bob, "mangga")
    assert await indexing.index_own(town.world, search, ani)
    assert await found(search, "mangga") == [mine.id]
    for _ in range(70):
        await town.post(bob, "durian")
    late = await town.post(ani, "mangga")
    assert await indexing.index_own(town.world, search, ani)
    assert await found(search, "mangga") == [mine.id, late.id]
    await town.index(search)
    assert not await indexing.index_own(town.world, search, ani)


async def test_filling_a_lost_index_is_told_in_the_log(town, tmp_path, caplog):
    ani = await town.account("ani")
    await town.post(ani, "mangga")
    first = SqliteIndex(tmp_path / "first.db")
    await town.index(first)
    await first.close()
    second = SqliteIndex(tmp_path / "second.db")
    with caplog.at_level(logging.INFO, "venire.posts.indexing"):
        assert await indexing.prepare(town.world, second) == 1
    told = [record for record in caplog.records if record.message == "search_index_filled"]
    assert [record.posts for record in told] == [1]
    await second.close()
