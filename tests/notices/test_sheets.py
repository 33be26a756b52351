from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Invalid
from venire.notices import sheets

HEADER = "n,url,text,screenshot,category,note\n"
PLAIN = HEADER + "1,,kami akan datang – besok,,threat,\n2,https://a.example/@x/9,,,,\n"


def read(content: bytes) -> list[dict[str, str] | None]:
    return list(sheets.rows(content))


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        codecs.BOM_UTF8 + PLAIN.encode(),
        codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.encode("cp1252"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        ("sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n")).encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.upper().replace("KAMI AKAN DATANG – BESOK", "kami akan datang – besok").encode(),
    ],
    ids=[
        "utf8", "utf8_mark", "utf16le_mark", "utf16be_mark", "utf16le", "utf16be", "windows",
        "semicolons", "tabs", "excel", "old_mac", "upper_case_header",
    ],
)  # fmt: skip
def test_a_sheet_is_read_in_every_encoding_and_with_every_separator(content):
    first, second = read(content)
    assert first is not None
    assert second is not None
    assert first["text"] == "kami akan datang – besok"
    assert first["category"].lower() == "threat"
    assert second["url"].lower() == "https://a.example/@x/9"


def test_columns_may_stand_in_any_order_and_some_may_be_missing():
    assert read(b"Note,TEXT , n\nsoon,hello,7\n") == [
        {"n": "7", "url": "", "text": "hello", "screenshot": "", "category": "", "note": "soon"}
    ]


def test_a_text_may_span_lines_and_hold_quotation_marks():
    rows = read(b'n,text\n1,"first line\nsecond, ""line"""\n2,five 5" nails\n')
    assert [row and row["text"] for row in rows] == [
        'first line\nsecond, "line"',
        'five 5" nails',
    ]


def test_a_lost_quotation_mark_costs_its_own_row_only():
    rows = read(b'n,text,note\n1,"open and never closed,\n2,two,\n3,"three",\n4,four,\n')
    assert [row and row["text"] for row in rows] == [None, "two", "three", "four"]


def test_a_quotation_mark_lost_in_the_last_cell_costs_nothing():
    rows = read(b'n,text\n1,"open and never closed\n2,two\n3,"three"\n')
    assert [row and row["text"] for row in rows] == ["open and never closed", "two", "three"]


def test_a_row_with_too_many_cells_is_broken_and_one_with_too_few_is_not():
    rows = read(b"n,url,text\n1,,a,b,c\n2\n3,,c,,\n")
    assert rows[0] is None
    assert rows[1] == dict.fromkeys(sheets.COLUMNS, "") | {"n": "2"}
    assert rows[2] is not None
    assert rows[2]["text"] == "c"


def test_a_form_feed_or_line_separator_does_not_break_a_row():
    rows = read("n,text\n1,one\u2028still one\x0cstill\n2,two\n".encode())
    assert len(rows) == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,b,c\n1,2,3\n", b"hello\n", b"\x00\xff\xfe"])
def test_a_sheet_without_a_known_column_is_refused(content):
    with pytest.raises(Invalid) as refused:
        read(content)
    assert refused.value.code == "notice_csv_header"


def test_a_mark_that_the_bytes_belie_is_named():
    with pytest.raises(Invalid) as refused:
        read(codecs.BOM_UTF8 + b"n,text\n1,\xff\xff\n")
    assert refused.value.code == "notice_encoding"


@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_it_fail_in_another_way(content):
    try:
        rows = read(b"n,text\n" + content)
    except Invalid:
        return
    assert all(row is None or set(row) == set(sheets.COLUMNS) for row in rows)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n"),
    min_size=1,
    max_size=60,
).filter(lambda text: bool(text.strip()) and "\r" not in text)


@given(st.lists(CELLS, min_size=1, max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_a_proper_program_wrote_is_read_back(texts, encoding):
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow(["n", "text"])
    writer.writerows([[n, text] for n, text in enumerate(texts, start=1)])
    rows = read(held.getvalue().encode(encoding))
    assert [row and row["text"] for row in rows] == texts
