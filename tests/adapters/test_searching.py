"""The part of a search index's contract that members' searches ask; `_INDEXES` as beside."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.adapters.search import sqlite_file
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.adapters.search.sqlite_tidying import LEAST, Tidying
from venire.kernel.errors import Unavailable
from venire.kernel.ports import Document, Sought

pytestmark = pytest.mark.anyio

_INDEXES = [SqliteIndex]


@pytest.fixture(params=_INDEXES)
async def index(request, tmp_path):
    made = request.param(tmp_path / "search.db")
    yield made
    await made.close()


def document(post_id: int, text: str, *marks: str, **more) -> Document:
    return Document(post_id, 1, "ani", text, 0, marks=marks, **more)


async def found(index, *texts: str, limit: int = 50, **sought) -> list[int]:
    return await index.search(Sought(texts=texts, **sought), limit)


async def test_all_the_words_newest_first_or_from_the_bottom(index):
    await index.index(
        [
            document(n, text)
            for n, text in enumerate(["teh kopi", "kopi", "kopi teh gula", "teh"], 1)
        ]
    )
    assert await found(index, "teh", "kopi") == [3, 1]
    assert await found(index, "teh", limit=2) == [4, 3]
    assert await found(index, "teh", limit=2, rising=True) == [1, 3]
    assert await found(index, "teh", below=4, above=1) == [3]
    assert await found(index, "teh", limit=0) == []


async def test_a_phrase_is_found_in_its_order_and_what_is_unwanted_is_not(index):
    await index.index([document(1, "kopi susu panas"), document(2, "susu kopi")])
    assert await found(index, "kopi susu") == [1]
    assert await found(index, "kopi", without_texts=("panas",)) == [2]
    assert await found(index, "kopi", without_texts=("susu kopi", "!!!")) == [1]


async def test_marks_narrow_and_are_not_words(index):
    await index.index(
        [
            document(1, "kopi", "by7", "islink"),
            document(2, "kopi by7 islink \ue000by7 \ue000islink", "by8"),
            document(3, "kopi", "by7", "#kopi susu·teh"),
        ]
    )
    assert await found(index, "kopi", marks=(("by7",),)) == [3, 1]
    assert await found(index, marks=(("by7", "by8"), ("islink",))) == [1]
    assert await found(index, marks=(("#kopi susu·teh",),)) == [3]
    assert await found(index, "kopi", without_marks=("by7",)) == [2]
    assert await found(index, "kopi", scope=("by8", "islink")) == [2, 1]
    assert await found(index, "\ue000by7") == [2]


async def test_what_has_readers_is_found_by_them_and_by_nothing_else(index):
    await index.index(
        [
            document(1, "rahasia besar", readers=(5, 6), tags=("rahasia",)),
            document(2, "rahasia kecil"),
        ]
    )
    assert await found(index, "rahasia") == [2]
    assert await found(index, "rahasia", reader_id=5) == [2, 1]
    assert await found(index, "rahasia", reader_id=6) == [2, 1]
    assert await found(index, "rahasia", reader_id=7) == [2]
    assert await index.candidates(["rahasia"], "any", 10) == [2]
    assert await index.candidates(["besar"], "any", 10) == []
    assert await index.candidates(["ahasi"], "any", 10) == [2]
    assert await index.part_matches(["ahasi"], 10) == [2]
    await index.remove([1])
    assert await found(index, "rahasia", reader_id=5) == [2]


async def test_what_an_account_keeps_is_found_outside_the_scope(index):
    await index.index([document(n, "kopi", "by1") for n in range(1, 21)])
    await index.index([document(30, "kopi", readers=(4,)), document(31, "kopi", "by2")])
    kept = frozenset({3, 7, 30, 99})
    assert await found(index, "kopi", scope=("by2",), within=kept) == [31, 30, 7, 3]
    assert await found(index, "kopi", scope=("by2",), within=kept, limit=2) == [31, 30]
    assert await found(index, scope=("by2",), within=kept, below=30) == [7, 3]
    rising = await found(index, "kopi", scope=("by2",), within=kept, rising=True, limit=2)
    assert rising == [3, 7]
    assert await found(index, "teh", scope=("by2",), within=kept) == []


async def test_signs_alone_ask_for_nothing(index):
    await index.index([document(1, "a - b")])
    assert await found(index, "-") == []
    assert await found(index, "-", "b") == [1]
    assert await found(index, "...", marks=(("by1",),)) == []


async def test_scripts_without_blanks_and_pictures_are_found_by_any_part(index):
    texts = ["我们要烧掉教堂", "ฉันชอบกาแฟ", "コーヒーを飲む", "커피를마신다", "kopi☕enak 50°C"]
    await index.index([document(n, text) for n, text in enumerate(texts, 1)])
    for number, text in enumerate(["烧掉", "กาแฟ", "を飲", "커피", "☕", "50"], 1):
        assert await found(index, text) == [min(number, 5)], text
    assert await found(index, "堂教") == []


async def test_disguise_and_accents_make_no_difference(index):
    await index.index([document(1, "Café ｋｏｐｉ kоpi")])
    for text in ("cafe", "CAFÉ", "kopi", "ＫＯＰＩ"):
        assert await found(index, text) == [1], text


async def test_descriptions_are_searched_and_not_located(index):
    await index.index([document(1, "lihat", more="seekor kucing")])
    assert await found(index, "kucing") == [1]
    assert await index.part_matches(["ucing"], 5) == []


async def test_parts_of_words_newest_first(index):
    await index.index([document(1, "membakar"), document(2, "dibakar kota"), document(3, "baka")])
    assert await index.part_matches(["bakar"], 10) == [2, 1]
    assert await index.part_matches(["bakar", "kota"], 10) == [2]
    assert await index.part_matches(["bakar"], 1) == [2]
    assert await index.part_matches(["ba"], 10) == []
    assert await index.part_matches([], 10) == []


async def test_tags_by_their_beginning_the_one_itself_first(index):
    await index.index(
        [
            document(0, "x", tags=("kopisusu",)),
            document(1, "x", tags=("kopi",)),
            document(2, "x", tags=("kota",)),
            document(3, "x", tags=("kopitiam",)),
        ]
    )
    assert await index.tags("k", 10) == ["kopitiam", "kota", "kopi", "kopisusu"]
    assert await index.tags("kopi", 10) == ["kopi", "kopitiam", "kopisusu"]
    assert await index.tags("kopis", 10) == ["kopisusu"]
    assert await index.tags("ko", 1) == ["kopitiam"]
    assert await index.tags("z", 10) == []
    assert await index.tags("%", 10) == []
    assert await index.tags("", 10) == []


async def test_a_tag_goes_with_its_last_post(index):
    await index.index([document(1, "x", tags=("kopi",)), document(2, "x", tags=("kopi", "teh"))])
    await index.index([document(2, "x")])
    assert await index.tags("t", 10) == []
    assert await index.tags("kopi", 10) == ["kopi"]
    await index.remove([1])
    assert await index.tags("kopi", 10) == []


_HOSTILE = [
    '"',
    "NEAR(a b)",
    "a AND",
    "text:",
    "marks:x",
    "*",
    "^x",
    "{a b}",
    "-",
    "\x00",
    "\ue000",
]


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(st.sampled_from(_HOSTILE) | st.text(max_size=12), max_size=5),
    without=st.lists(st.sampled_from(_HOSTILE) | st.text(max_size=12), max_size=3),
    mark=st.text(max_size=12),
)
def test_whatever_is_sought_is_no_syntax(tmp_path_factory, texts, without, mark):
    async def run() -> None:
        index = SqliteIndex(tmp_path_factory.mktemp("index") / "search.db")
        try:
            await index.index([document(1, " ".join(texts), mark, tags=(mark,)), document(2, "a")])
            sought = Sought(tuple(texts), tuple(without), ((mark,),), reader_id=3)
            assert set(await index.search(sought, 10)) <= {1}
            assert set(await index.part_matches(texts, 10)) <= {1, 2}
            assert set(await index.tags(mark, 10)) <= {mark}
            only_marked = Sought(marks=((mark,),))
            assert await index.search(only_marked, 10) == [1]
        finally:
            await index.close()

    asyncio.run(run())


async def test_a_large_file_is_read_in_a_thread_with_the_same_answers(index):
    await index.index([document(1, "kopi", "by1"), document(2, "membakar")])
    here = [await found(index, "kopi", scope=("by1",)), await index.part_matches(["bakar"], 5)]
    index._small, index._asked = False, 1
    there = [await found(index, "kopi", scope=("by1",)), await index.part_matches(["bakar"], 5)]
    assert here == there == [[1], [2]]


async def test_another_layout_is_replaced_by_an_empty_file(tmp_path: Path):
    path = tmp_path / "search.db"
    first = SqliteIndex(path)
    await first.index([document(1, "kopi")])
    await first.set_indexed_through(7)
    await first.close()
    old = apsw.Connection(str(path))
    old.execute(f"PRAGMA user_version = {sqlite_file.LAYOUT - 1}")
    old.close()
    second = SqliteIndex(path)
    assert await second.indexed_through() == 0
    assert await found(second, "kopi") == []
    await second.close()


async def test_two_processes_share_a_file_and_neither_replaces_it_under_the_other(tmp_path: Path):
    path = tmp_path / "search.db"
    first, second = SqliteIndex(path), SqliteIndex(path)
    await first.index([document(1, "kopi")])
    assert await found(second, "kopi") == [1]
    sqlite_file.damage_note(path).touch()
    third = SqliteIndex(path)
    assert await found(third, "kopi") == [1]
    for one in (first, second, third):
        await one.close()
    fourth = SqliteIndex(path)
    assert await found(fourth, "kopi") == []
    await fourth.close()


async def test_a_damaged_file_that_another_has_open_is_refused(tmp_path: Path):
    path = tmp_path / "search.db"
    path.write_bytes(b"nothing of the kind" * 100)
    held = os.open(tmp_path / "search.db.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_SH)
    with pytest.raises(Unavailable, match="search_failing"):
        SqliteIndex(path)
    os.close(held)
    made = SqliteIndex(path)
    assert await made.indexed_through() == 0
    await made.close()


async def test_what_has_grown_is_merged_when_nothing_else_is_to_be_written(tmp_path: Path):
    path = tmp_path / "search.db"
    index = SqliteIndex(path)
    for start in range(0, 600, 20):
        await index.index([document(n, f"kopi nomor{n}") for n in range(start, start + 20)])
    writer = index._writer

    def segments() -> int:
        return writer.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0]

    before = segments()
    assert before > 2
    tidying = Tidying(path)
    tidying.go_on(writer, lambda: True)
    assert segments() == before
    tidying.grown = LEAST
    tidying.go_on(writer, lambda: False)
    assert segments() == before
    tidying.go_on(writer, lambda: True)
    assert (segments(), tidying.grown) == (1, 0)
    assert await found(index, "nomor7") == [7]
    assert await found(index, "kopi", limit=2) == [599, 598]
    await index.close()
