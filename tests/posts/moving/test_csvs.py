"""Mastodon's files of ties, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Problem
from venire.posts.moving import csvs
from venire.posts.moving.model import (
    BLOCKS,
    BOOKMARKS,
    DOMAIN_BLOCKS,
    FILTERS,
    FOLLOWS,
    LISTS,
    MUTES,
    TIES,
    TieLine,
)


def lines_of(kind: str, content: str | bytes) -> list[TieLine]:
    given_bytes = content.encode() if isinstance(content, str) else content
    return [one for one in csvs.parse(kind, given_bytes) if isinstance(one, TieLine)]


def test_a_header_says_which_column_is_which():
    (one,) = lines_of(FOLLOWS, "Languages,Account address,Show boosts\nid,bo@x.example,FALSE\n")
    assert (one.address, one.reblogs, one.notify, one.languages) == (
        "bo@x.example",
        False,
        None,
        ("id",),
    )


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_come_with_and_without_header_and_from_any_program(mark, end):
    rows = ["bo@x.example,true,true,en", "", " cy@x.example , , ,"]
    plain = lines_of(FOLLOWS, mark + end.join(rows))
    headed = lines_of(FOLLOWS, mark + end.join([csvs.header_of(FOLLOWS).decode().strip(), *rows]))
    assert [line.address for line in plain] == ["bo@x.example", "cy@x.example"]
    assert [(x.address, x.reblogs, x.notify, x.languages) for x in plain] == [
        (x.address, x.reblogs, x.notify, x.languages) for x in headed
    ]


@pytest.mark.parametrize(
    ("kind", "row", "address"),
    [
        (BLOCKS, "bo@x.example", "bo@x.example"),
        (BLOCKS, "Account address\nbo@x.example", "bo@x.example"),
        (MUTES, "bo@x.example,true", "bo@x.example"),
        (LISTS, '"Friends, old",bo@x.example', "bo@x.example"),
        (LISTS, "List name,Account address\nFriends,bo@x.example", "bo@x.example"),
        (
            BOOKMARKS,
            "https://x.example/users/bo/statuses/1",
            "https://x.example/users/bo/statuses/1",
        ),
        (BOOKMARKS, "#uri\nhttps://x.example/1", "https://x.example/1"),
        (DOMAIN_BLOCKS, "bad.example", "bad.example"),
        (DOMAIN_BLOCKS, "#domain,#severity\nbad.example,suspend", "bad.example"),
    ],
)
def test_each_kind_is_read_as_mastodon_writes_it(kind, row, address):
    (one,) = lines_of(kind, row)
    assert one.address == address


def test_a_row_number_is_that_of_the_file():
    lines = lines_of(MUTES, "Account address,Hide notifications\n\nbo@x.example,false\n")
    assert [(line.n, line.hide_notifications) for line in lines] == [(3, False)]


words = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=30
)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=20))
def test_what_is_written_is_read_again(rows):
    # A first row that reads like a header is one.
    content = csvs.plain([["List name", "Account address"], *rows])
    lines = lines_of(LISTS, content)
    assert [(line.list_title, line.address) for line in lines] == [tuple(row) for row in rows]


@given(st.sampled_from(TIES), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(kind, content):
    try:
        found = csvs.parse(kind, content)
    except Problem as problem:
        code, found = problem.code, []
    else:
        code = ""
    assert bool(found) != code.startswith("import_")
    assert all(len(one.text) <= csvs.ROW_LENGTH for one in found)
    assert csvs.packed(found).count(b"\n") == len(found)


def test_a_filter_that_is_huge_is_refused():
    huge = b'[{"title":"x","context":["home"],"keywords":[{"keyword":"' + b"y" * 70_000 + b'"}]}]'
    with pytest.raises(Problem, match="import_too_large"):
        csvs.parse(FILTERS, huge)
