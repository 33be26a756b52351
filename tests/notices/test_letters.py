from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Invalid
from venire.notices import letters


def letter(body: str, *, html: bool = False) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Abuse Desk <abuse@Host.example>"
    mail["Subject"] = "Abuse report 4711"
    mail["Message-ID"] = "<4711@host.example>"
    mail["Date"] = "Sat, 09 Jan 2021 18:00:00 +0000"
    mail.set_content(body, subtype="html" if html else "plain")
    return mail


def test_each_address_in_the_body_is_an_item_once_and_in_order():
    mail = letter(
        "Please act on\n  hxxps://site[.]example/@a/111.\nand <https://site.example/@b/222>,\n"
        "again https://site.example/@a/111\nmail us at abuse@host.example\n"
    )
    read = letters.read(mail.as_bytes())
    assert read.urls == ("https://site.example/@a/111", "https://site.example/@b/222")
    assert read.sender_domain == "host.example"
    assert read.reply_to == "abuse@Host.example"
    assert read.reference == "4711@host.example"
    assert read.sent_at_ms == 1_610_215_200_000


def test_the_reply_goes_where_the_mail_asks_for_it():
    mail = letter("x")
    mail["Reply-To"] = "case-4711@host.example"
    assert letters.read(mail.as_bytes()).reply_to == "case-4711@host.example"


def test_a_mail_in_html_gives_the_addresses_of_its_links():
    mail = letter('<p>See <a href="https://site.example/@a/9">this</a></p>', html=True)
    assert letters.read(mail.as_bytes()).urls == ("https://site.example/@a/9",)


def test_attachments_are_told_apart_as_documents_and_files():
    mail = letter("see attachment")
    mail.add_attachment(b'{"items": []}', maintype="application", subtype="json", filename="a.json")
    mail.add_attachment(
        b"n,text\n", maintype="application", subtype="octet-stream", filename="B.CSV"
    )
    mail.add_attachment(b"pixels", maintype="image", subtype="png", filename="001.png")
    read = letters.read(mail.as_bytes())
    assert [name for name, _, _ in read.documents] == ["a.json", "B.CSV"]
    assert read.files == (("001.png", b"pixels"),)


def test_an_unknown_character_set_does_not_stop_it():
    raw = letter("https://site.example/@a/9").as_bytes()
    assert letters.read(raw.replace(b'charset="utf-8"', b'charset="no-such"')).urls


def test_a_mail_with_endless_parts_is_refused():
    part = b"--b\r\n\r\nx\r\n"
    raw = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 3000
    with pytest.raises(Invalid) as refused:
        letters.read(raw)
    assert refused.value.code == "notice_mail"


@given(st.binary(max_size=600))
def test_any_bytes_are_read_as_a_mail_or_refused(content):
    try:
        letters.read(b"From: a@b.example\nContent-Type: " + content)
    except Invalid as problem:
        code = problem.code
    else:
        code = ""
    assert code in {"", "notice_mail"}
