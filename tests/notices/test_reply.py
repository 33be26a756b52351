from __future__ import annotations

import csv
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import parse_iso_ms
from venire.notices import reply
from venire.notices.model import ITEM_STATES, UNREADABLE_CODES
from venire.notices.reply import Prevention, Reply, ReplyItem

AT_MS = parse_iso_ms("2026-11-21T10:00:00Z")
LINK = "https://site.example/record/entry/" + "4" * 90
ITEMS = (
    ReplyItem(
        n=1,
        state="removed",
        shown="https://site.example/@a/1",
        found="the address itself",
        posts=("https://site.example/@a/1", "https://site.example/@b/2"),
        confidence=1.0,
        measure="remove",
        held_at_ms=AT_MS,
        decided_at_ms=AT_MS + 60_000,
        verdict="violates, by a panel of 5",
        why="rule 1: threats and incitement of violence",
        record=(LINK,),
    ),
    ReplyItem(n=2, state="unreadable", code="missing_file", shown="002.png"),
    ReplyItem(n=3, state="not_found", shown="Someone should", found="10,000 posts"),
    ReplyItem(n=4, state="disputed", posts=("https://site.example/@c/3",), why="a song is quoted"),
)
REPLY = Reply(
    site_name="Plaza",
    site_url="https://site.example",
    ref="112233",
    provider="aws",
    reference="AWS-1",
    received_at_ms=AT_MS - 3_600_000,
    due_at_ms=AT_MS + 23 * 3_600_000,
    written_at_ms=AT_MS + 120_000,
    final=True,
    items=ITEMS,
    prevention=Prevention(copies_found=12, copies_removed=9, accounts_acted_on=2, bank_entries=1),
    contact="abuse@site.example",
)


def test_the_mail_says_first_what_became_of_how_many():
    text = reply.mail_text(REPLY)
    top = text[: text.index("ITEM BY ITEM")]
    for said in ("AWS-1", "112233", "final answer", "4  items", "2  found here", "12  copies"):
        assert said in top
    assert "found and removed" in top
    assert reply.subject(REPLY) == "[AWS-1] final answer from Plaza (112233)"


def test_the_mail_gives_each_item_its_posts_moments_reasons_and_record():
    text = reply.mail_text(REPLY)
    first = text[text.index("   1.  ") : text.index("   2.  ")]
    for said in (*ITEMS[0].posts, "2026-11-21 10:00:00 UTC", "2026-11-21 10:01:00 UTC", LINK):
        assert said in first
    assert "violates, by a panel of 5" in first
    assert "was not sent with the notice" in text
    assert "a song is quoted" in text


def test_no_line_is_too_long_for_mail_except_for_an_address():
    for line in reply.mail_text(REPLY).splitlines():
        assert len(line) <= 76 or "https://" in line


def test_a_first_answer_says_that_another_one_follows_and_a_late_one_that_it_is_late():
    early = reply.mail_text(msgspec.structs.replace(REPLY, final=False))
    assert "This is what we know now" in early
    assert "before that time" in early
    late = msgspec.structs.replace(REPLY, written_at_ms=REPLY.due_at_ms + 1)
    assert "after that time" in reply.mail_text(late)


def test_a_warning_without_items_is_answered_too():
    text = reply.mail_text(msgspec.structs.replace(REPLY, items=(), prevention=Prevention()))
    assert "a person has read it" in text
    assert "WHAT STOPS IT" not in text


def test_every_state_and_every_code_has_words():
    assert set(reply.STATE_WORDS) == set(ITEM_STATES)
    assert set(reply.CODE_WORDS) == set(UNREADABLE_CODES)


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_table_and_the_json_say_the_same_as_the_mail():
    rows = read_csv(reply.csv_bytes(REPLY))
    shown = json.loads(reply.json_bytes(REPLY))
    assert [row["n"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["posts"].split() == list(ITEMS[0].posts)
    assert rows[0]["held_at"] == shown["items"][0]["held_at"] == "2026-11-21T10:00:00.000Z"
    assert rows[1]["code"] == shown["items"][1]["code"] == "missing_file"
    assert shown["ref"] == "112233"
    assert shown["prevention"]["copies_found"] == 12
    assert shown["states"] == {"removed": 1, "unreadable": 1, "not_found": 1, "disputed": 1}
    assert set(reply.pack(REPLY)) == {"reply.txt", "reply.csv", "reply.json"}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1', "'=1", "\n@x"]
)
def test_a_spreadsheet_runs_nothing_that_an_author_wrote(text):
    item = ReplyItem(n=1, state="removed", why=text, found=text, posts=(text,))
    (row,) = read_csv(reply.csv_bytes(msgspec.structs.replace(REPLY, items=(item,))))
    for column in ("why", "found", "posts"):
        assert row[column].startswith("'")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_forges_a_line_of_the_mail_or_a_row_of_the_table(one, other):
    item = ReplyItem(n=1, state="removed", shown=one, why=other, found=one, posts=(other,))
    made = msgspec.structs.replace(REPLY, items=(item,), reference=one)
    text = reply.mail_text(made)
    assert text.count("\n   1.  ") == 1
    assert "\r" not in text
    assert "\n" not in reply.subject(made)
    rows = read_csv(reply.csv_bytes(made))
    assert len(rows) == 1
    for cell in rows[0].values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
