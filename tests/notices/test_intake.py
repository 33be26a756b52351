from __future__ import annotations

import codecs
import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid, NotFound, TooLarge
from venire.notices import intake
from venire.notices.attachments import PartFiles, memory_file
from venire.notices.model import (
    MAX_DOCUMENT_BYTES,
    MAX_ITEMS,
    MAX_SCREENSHOT_BYTES,
    MAX_TEXT_CHARACTERS,
    Envelope,
    ParsedItem,
    ParsedNotice,
    SourceFile,
)

NOW_MS = parse_iso_ms("2026-11-21T10:00:00Z")
HEAD = {
    "provider": "aws",
    "reference": "AWS-1",
    "kind": "items",
    "received_at": "2026-11-20T18:00:00Z",
    "reply_to": "abuse@provider.example",
    "category": "incitement_to_violence",
    "due_hours": 24,
}


def parse(document, files=(), **known) -> ParsedNotice:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return intake.parse_document(
        content, now_ms=NOW_MS, files=PartFiles(files), envelope=Envelope(**known)
    )


def codes(notice: ParsedNotice) -> list[str | None]:
    return [item.code for item in notice.items]


def test_a_notice_is_read_into_our_words():
    notice = parse(
        HEAD | {"items": [{"n": 1, "text": "a"}, {"n": 2, "url": "https://b.example/1"}]}
    )
    assert notice == ParsedNotice(
        provider="aws",
        reference="AWS-1",
        kind="items",
        received_at_ms=parse_iso_ms("2026-11-20T18:00:00Z"),
        reply_to="abuse@provider.example",
        category="incitement",
        due_hours=24,
        items=(ParsedItem(n=1, text="a"), ParsedItem(n=2, url="https://b.example/1")),
    )


def test_every_bad_item_says_why_and_the_rest_goes_on():
    files = [
        memory_file("ok.png", b"pixels"),
        SourceFile("huge.png", 50 * 1024 * 1024, lambda: b""),
    ]
    rows = [
        {"n": 1, "text": "fine"},
        {"n": 2, "screenshot": "missing.png"},
        {"n": 3, "screenshot": "huge.png"},
        {"n": 4, "screenshot": "../../etc/passwd"},
        {"n": 5, "screenshot": "/etc/passwd"},
        {"n": 6, "screenshot": "sub/ok.png"},
        {"n": 7, "text": ""},
        {"n": 8, "text": " \n"},
        {"n": 9},
        "a string",
        None,
        ["a", "list"],
        {"n": 13, "text": 5},
        {"n": 14, "text": "x" * (MAX_TEXT_CHARACTERS + 1)},
        {"n": 15, "url": "https://a.example/" + "x" * 3000},
        {"n": 16, "screenshot": ""},
        {"n": 17, "screenshot": "ok.png"},
        {"n": 18, "text": "x" * MAX_TEXT_CHARACTERS},
    ]
    notice = parse(HEAD | {"items": rows}, files)
    assert codes(notice) == [
        None, "missing_file", "too_large", "path_outside", "path_outside", "path_outside",
        "empty_text", "empty_text", "bad_row", "bad_row", "bad_row", "bad_row", "bad_row",
        "too_large", "too_large", "empty_text", None, None,
    ]  # fmt: skip
    assert [item.n for item in notice.items] == list(range(1, 19))


def test_a_number_used_twice_is_replaced_and_remembered():
    rows = [{"n": 1, "text": "a"}, {"n": 1, "text": "b"}, {"n": "x7", "text": "c"}, {"text": "d"}]
    notice = parse(HEAD | {"items": rows})
    assert [(item.n, item.given_n, item.text) for item in notice.items] == [
        (1, "", "a"), (5, "1", "b"), (3, "x7", "c"), (4, "", "d"),
    ]  # fmt: skip


def test_ten_thousand_items_are_read():
    notice = parse(HEAD | {"items": [{"n": n, "text": f"text {n}"} for n in range(1, 10_001)]})
    assert len(notice.items) == 10_000
    assert not any(codes(notice))


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b'{"items": [\n  {"n": 1,}\n]}', "notice_not_json", 2, 11),
        (b'{"items": [', "notice_not_json", 1, 12),
        (b"{" + b'"a":{' * 100_000, "notice_not_json", None, None),
        (b"{" + b'"a":' + b"[" * 200_000, "notice_not_json", None, None),
        (b'{"items": [' + b"9" * 5_000 + b"]}", "notice_not_json", None, None),
    ],
)
def test_malformed_json_is_refused_with_its_place(content, code, line, column):
    with pytest.raises(Invalid) as refused:
        parse(content)
    assert refused.value.code == code
    assert refused.value.hint
    assert (refused.value.data.get("line"), refused.value.data.get("column")) == (line, column)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "notice_not_an_object"),
        ({"items": {}}, "notice_items_not_a_list"),
        ({"items": "none"}, "notice_items_not_a_list"),
        ({}, "notice_items_not_a_list"),
        ({"kind": "items"}, "notice_items_not_a_list"),
    ],
)
def test_a_document_of_another_shape_is_refused(document, code):
    with pytest.raises(Invalid) as refused:
        parse(document)
    assert refused.value.code == code


def test_a_warning_needs_no_items():
    assert parse({"provider": "aws", "kind": "warning"}).items == ()
    assert parse({"provider": "aws", "kind": "termination", "items": []}).kind == "termination"


def test_what_is_over_a_limit_is_refused_whole():
    with pytest.raises(TooLarge) as large:
        parse(b" " * (MAX_DOCUMENT_BYTES + 1))
    assert large.value.code == "notice_too_large"
    with pytest.raises(TooLarge) as many:
        parse({"items": [{}] * (MAX_ITEMS + 1)})
    assert many.value.code == "notice_too_many_items"


def test_slips_in_the_head_become_remarks_and_lose_no_item():
    notice = parse(
        {
            "provider": 7, "kind": "complaint", "received_at": "yesterday", "category": "bad",
            "due_hours": "soon", "items": [{"n": 1, "text": "a"}],
        }
    )  # fmt: skip
    assert (notice.provider, notice.kind, notice.received_at_ms) == ("7", "items", NOW_MS)
    assert (notice.category, notice.due_hours) == ("other", 24)
    assert set(notice.remarks) == {
        "kind_unknown", "received_at_unreadable", "category_unknown", "due_hours_unreadable",
    }  # fmt: skip
    assert len(notice.items) == 1


@pytest.mark.parametrize(
    "moment", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2031-01-01", 5, {}]
)
def test_an_impossible_moment_is_replaced_by_now(moment):
    assert parse({"received_at": moment, "items": []}).received_at_ms == NOW_MS


def test_the_door_knows_better_than_the_document_who_sent_it():
    notice = parse(HEAD | {"items": []}, provider="apple", reference="door", due_hours=2)
    assert (notice.provider, notice.reference, notice.due_hours) == ("apple", "AWS-1", 24)


def test_without_a_reference_the_same_bytes_are_the_same_notice():
    first, again, other = (parse({"items": [{"text": text}]}).reference for text in ("a", "a", "b"))
    assert first == again != other
    assert first.startswith("sha256:")


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ],
    ids=["utf8", "utf8_mark", "utf16le_mark", "utf16be_mark"],
)
def test_json_and_csv_are_read_in_utf_16_and_with_a_mark(encoded):
    text = json.dumps(HEAD | {"items": [{"n": 1, "text": "gantung – semua"}]}, ensure_ascii=False)
    assert parse(encoded(text)).items[0].text == "gantung – semua"
    assert parse(encoded("n,text\n1,gantung – semua\n")).items[0].text == "gantung – semua"


def test_a_csv_with_bad_rows_keeps_the_others():
    notice = parse(
        b"N;Text;URL;screenshot\n1;hello;;\n2;;;\n3;a;b;c;d;e\n4;;;../x.png\n5;;;no.png\nx;;u.example;\n"
    )
    assert codes(notice) == [None, "empty_text", "bad_row", "path_outside", "missing_file", None]
    assert notice.items[5].given_n == "x"


def test_text_is_kept_free_of_what_no_row_can_hold():
    notice = parse(b'{"items": [{"n": 1, "text": "a\\u0000b\\ud800c\\r\\nd", "note": "\\u0007x"}]}')
    assert notice.items[0].text == "ab?c\nd"
    assert notice.items[0].note == "x"


def test_an_item_keeps_every_way_to_find_it_and_the_surest_counts():
    item = parse(
        {"items": [{"n": 1, "url": "https://a.example/1", "text": "t", "screenshot": "s"}]}
    )
    assert item.items[0].kind == "url"
    assert item.items[0].code is None
    assert (item.items[0].text, item.items[0].screenshot) == ("t", "s")


def mail(body: str = "see below") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Message-ID"] = "abuse@host.example", "<77@host.example>"
    made["Date"] = "Fri, 20 Nov 2026 18:00:00 +0000"
    made.set_content(body)
    return made


def test_a_mail_with_addresses_is_a_notice():
    notice = parse(mail("https://site.example/@a/1\nhttps://site.example/@a/2\n").as_bytes())
    assert [item.url for item in notice.items] == [
        "https://site.example/@a/1",
        "https://site.example/@a/2",
    ]
    assert (notice.provider, notice.reference) == ("host.example", "77@host.example")
    assert notice.received_at_ms == parse_iso_ms("2026-11-20T18:00:00Z")
    assert notice.reply_to == "abuse@host.example"


def test_a_mail_with_a_document_and_its_pictures_is_a_notice():
    made = mail()
    rows = b"n,screenshot\n1,001.png\n2,002.png\n"
    made.add_attachment(rows, maintype="text", subtype="csv", filename="items.csv")
    made.add_attachment(b"pixels", maintype="image", subtype="png", filename="001.png")
    notice = parse(made.as_bytes())
    assert codes(notice) == [None, "missing_file"]


@pytest.mark.parametrize(
    ("content", "media_type", "name", "form"),
    [
        (b"{}", "application/json; charset=utf-8", "x", "json"),
        (b"{}", "text/csv", "notice.json", "csv"),
        (b"n,text", "application/octet-stream", "A.CSV", "csv"),
        (b"Received: x\n", "", "a.eml", "eml"),
        (b"\xef\xbb\xbf  {}", "", "", "json"),
        ("{}".encode("utf-16"), "", "", "json"),
        (b"Return-Path: <a@b>\n", "", "", "eml"),
        (b"n,text\n", "", "", "csv"),
    ],
)
def test_a_document_is_told_by_its_type_its_name_or_its_beginning(content, media_type, name, form):
    assert intake.form_of(content, media_type=media_type, name=name) == form


def test_a_folder_is_read_with_the_files_in_it(tmp_path: Path):
    (tmp_path / "001.png").write_bytes(b"pixels")
    (tmp_path / "link.png").symlink_to("001.png")
    with (tmp_path / "huge.png").open("wb") as opened:
        opened.truncate(50 * 1024 * 1024)
    rows = [
        {"n": n, "screenshot": name}
        for n, name in enumerate(
            ["001.png", "002.png", "link.png", "huge.png", "../001.png"], start=1
        )
    ]
    (tmp_path / "notice.json").write_text(json.dumps(HEAD | {"items": rows}))
    notice = intake.parse_path(tmp_path, now_ms=NOW_MS)
    assert codes(notice) == [None, "missing_file", "path_outside", "too_large", "path_outside"]
    sent = intake.files_to_send(tmp_path, now_ms=NOW_MS)
    assert [file.name for file in sent] == ["001.png", "huge.png"]
    assert [len(file.read()) for file in sent] == [6, MAX_SCREENSHOT_BYTES + 1]
    assert intake.parse_path(tmp_path / "notice.json", now_ms=NOW_MS) == notice


def test_a_path_with_nothing_there_is_not_found(tmp_path: Path):
    for path in (tmp_path / "no", tmp_path):
        with pytest.raises(NotFound) as refused:
            intake.parse_path(path, now_ms=NOW_MS)
        assert refused.value.code == "notice_path_missing"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ROWS = st.recursive(
    SCALARS | st.dictionaries(st.sampled_from(["n", "url", "text", "screenshot", "x"]), SCALARS),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(ROWS, max_size=12), st.dictionaries(st.sampled_from(sorted(HEAD)), SCALARS))
def test_whatever_the_rows_are_each_is_an_item_with_a_number_of_its_own(rows, head):
    notice = parse(head | {"items": rows})
    assert len(notice.items) == len(rows)
    assert len({item.n for item in notice.items}) == len(rows)
    for item in notice.items:
        assert item.code is not None or item.kind != "none"
        item.text.encode()


@given(
    st.binary(max_size=300), st.sampled_from(["application/json", "text/csv", "message/rfc822", ""])
)
def test_any_bytes_are_a_notice_or_refused_with_a_code(content, media_type):
    try:
        intake.parse_document(content, now_ms=NOW_MS, media_type=media_type)
    except (Invalid, TooLarge) as problem:
        code = problem.code
    else:
        code = "notice_read"
    assert code.startswith("notice_")
