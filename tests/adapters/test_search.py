"""The contract of a search index. A second adapter is added by naming it in `_INDEXES`."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.kernel.errors import Unavailable
from venire.kernel.ports import Document, SearchIndex

pytestmark = pytest.mark.anyio

_INDEXES = [SqliteIndex]


@pytest.fixture(params=_INDEXES)
async def index(request, tmp_path):
    made = request.param(tmp_path / "search.db")
    yield made
    await made.close()


def document(post_id: int, text: str) -> Document:
    return Document(post_id, 1, "ani", text, 0)


async def fill(index: SearchIndex, *texts: str) -> None:
    await index.index([document(n, text) for n, text in enumerate(texts, 1)])


async def any_of(index: SearchIndex, *terms: str, limit: int = 50) -> list[int]:
    return sorted(await index.candidates(terms, "any", limit))


async def all_of(index: SearchIndex, *terms: str, limit: int = 50) -> list[int]:
    return sorted(await index.candidates(terms, "all", limit))


async def test_what_was_indexed_is_found_by_the_next_call(index):
    await fill(index, "kopi susu panas", "teh panas", "air")
    assert await any_of(index, "panas") == [1, 2]
    assert await any_of(index, "kopi", "air") == [1, 3]
    assert await all_of(index, "panas", "teh") == [2]
    assert await all_of(index, "panas", "air") == []
    assert await any_of(index, "gula") == []


async def test_case_and_disguise_make_no_difference_either_side(index):
    await fill(index, "K!LL them", "ｋｉｌｌ", "kill")
    assert await any_of(index, "KILL") == [1, 2, 3]
    assert await any_of(index, "k1ll") == [1, 2, 3]


async def test_three_characters_of_a_word_find_it_and_two_do_not(index):
    await fill(index, "pembunuhan", "我们要烧掉教堂", "ab cd")
    assert await any_of(index, "bunuh") == [1]
    assert await any_of(index, "烧掉教") == [2]
    assert await any_of(index, "bu") == []
    assert await any_of(index, "ab") == [3]
    assert await all_of(index, "bunuh", "nuhan") == [1]


async def test_whole_words_come_before_parts_of_words(index):
    await fill(index, "membakar semua", "bakar", "pembakaran di kota")
    assert (await index.candidates(["bakar"], "any", 10))[0] == 2
    assert await index.candidates(["bakar"], "any", 1) == [2]
    assert await any_of(index, "bakar") == [1, 2, 3]


async def test_the_best_match_comes_first(index):
    await fill(index, "one two", "one two three four", "one")
    ranked = await index.candidates(["one", "two", "three", "four"], "any", 10)
    assert ranked[0] == 2


async def test_a_document_indexed_again_is_replaced_and_a_removed_one_is_gone(index):
    await fill(index, "mangga", "mangga")
    await index.index([document(1, "durian")])
    assert await any_of(index, "mangga") == [2]
    await index.remove([2, 99])
    assert await any_of(index, "mangga") == []
    assert await any_of(index, "durian") == [1]


async def test_how_far_it_follows_is_kept(index):
    assert await index.indexed_through() == 0
    await index.set_indexed_through(1 << 62)
    assert await index.indexed_through() == 1 << 62


async def test_a_sign_by_itself_asks_for_nothing_and_several_are_a_part(index):
    await fill(index, "roses - still", "wait... what", "_ roses")
    assert await all_of(index, "roses", "-", "_") == [1, 3]
    assert await all_of(index, "...", "what") == [2]
    assert await any_of(index, "-", "!") == []


async def test_no_more_than_asked_for_and_none_for_nothing(index):
    await fill(index, *["sama saja"] * 20)
    assert len(await index.candidates(["sama"], "any", 7)) == 7
    assert await index.candidates(["sama"], "any", 0) == []
    assert await index.candidates([], "all", 5) == []
    assert await index.candidates(["  "], "any", 5) == []


@settings(max_examples=150, deadline=None)
@given(
    terms=st.lists(
        st.one_of(
            st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=12),
            st.sampled_from(
                [
                    '"',
                    "NEAR(",
                    "a AND",
                    "text:",
                    "*",
                    "^x",
                    "{a b}",
                    "-",
                    "'; DROP",
                    "\x00",
                    "😀😀😀",
                ]
            ),
        ),
        max_size=6,
    ),
    match=st.sampled_from(["any", "all"]),
)
def test_whatever_a_person_types_is_no_syntax(tmp_path_factory, terms, match):
    async def run() -> None:
        index = SqliteIndex(tmp_path_factory.mktemp("index") / "search.db")
        try:
            text = " ".join(terms)
            await index.index([document(1, text), document(2, "text a x")])
            found = await index.candidates(terms, match, 10)
            assert set(found) <= {1, 2}
        finally:
            await index.close()

    asyncio.run(run())


async def test_many_writers_at_once_are_all_kept(index):
    await asyncio.gather(
        *(index.index([document(n, f"kata{n} sama")]) for n in range(1, 101)),
        *(index.set_indexed_through(n) for n in range(1, 101)),
    )
    assert len(await any_of(index, "sama", limit=500)) == 100
    assert await any_of(index, "kata57") == [57]


async def test_it_is_there_after_closing(tmp_path):
    first = SqliteIndex(tmp_path / "search.db")
    await first.index([document(1, "mangga")])
    await first.set_indexed_through(7)
    await first.close()
    second = SqliteIndex(tmp_path / "search.db")
    assert await any_of(second, "mangga") == [1]
    assert await second.indexed_through() == 7
    await second.close()


@pytest.mark.parametrize("damage", ["head", "whole", "inside"])
async def test_a_damaged_file_is_replaced_by_an_empty_one(tmp_path, damage):
    path = tmp_path / "search.db"
    first = SqliteIndex(path)
    await first.index([document(n, f"mangga {n} " * 50) for n in range(1, 200)])
    await first.set_indexed_through(7)
    await first.close()
    content = bytearray(path.read_bytes())
    if damage == "head":
        content[:100] = b"\xff" * 100
    elif damage == "inside":
        content[4096 : len(content) - 4096] = b"\xa5" * (len(content) - 8192)
    else:
        content = bytearray(b"nothing of the kind")
    path.write_bytes(content)
    second = SqliteIndex(path)
    assert await second.indexed_through() == 0
    await second.index([document(1, "durian")])
    assert await any_of(second, "durian") == [1]
    await second.close()


async def test_damage_that_a_reader_meets_is_told_and_mended_at_the_next_start(tmp_path):
    path = tmp_path / "search.db"
    first = SqliteIndex(path)
    await first.index([document(1, "mangga")])
    first._writer.execute("UPDATE words_data SET block = x'ffffffffffffffffffff'")
    with pytest.raises(Unavailable, match="search_failing"):
        await first.candidates(["mangga"], "any", 5)
    await first.close()
    second = SqliteIndex(path)
    assert await second.indexed_through() == 0
    assert await any_of(second, "mangga") == []
    await second.close()


@pytest.mark.shared_data
async def test_ten_thousand_posts_are_indexed_and_searched_in_seconds(index):
    stream = Path(__file__).parents[2].parent / "shared" / "data" / "drill" / "stream.jsonl"
    if not stream.exists():
        pytest.skip("../shared/data/drill is not beside this checkout")
    texts = [json.loads(line)["text"] for line in stream.read_text().splitlines()]
    started = time.perf_counter()
    for start in range(0, len(texts), 256):
        await index.index(
            [document(start + n, text) for n, text in enumerate(texts[start : start + 256], 1)]
        )
    assert time.perf_counter() - started < 10
    started = time.perf_counter()
    for number in range(0, len(texts), 100):
        terms = texts[number].split()[:24]
        found = await index.candidates(terms, "any", 50)
        assert number + 1 in found or len(found) == 50
        assert number + 1 in await index.candidates(terms[:4], "all", 1_000)
    assert time.perf_counter() - started < 10
