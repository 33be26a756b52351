"""Letters are handed over as they are, over TLS that verifies, and every fault has its class."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.kit.mailbox import PASSWORD, USERNAME, Mailbox, certificate, served, speaking
from venire.adapters.mail.submission import Server, SmtpSubmission, read_server
from venire.kernel.errors import Invalid
from venire.kernel.ports import Letter, MailAnswer

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

LETTER = Letter(
    to="ani@mail.test",
    subject="Selamat datang di Warga – satu",
    text="Open this page:\n\nhttps://example.org/confirm/"
    + "x" * 90
    + "\n\n.A line that begins with a dot\n-- \nWarga\n",
    message_id="<letter.7@example.org>",
    written_at_ms=1_767_225_600_000,
    language="id",
)


def submission(port, *, tls="none", context=None, username="", password="", **more):
    server = Server("127.0.0.1", port, tls, username, password)
    return SmtpSubmission(
        server, sender="no-reply@example.org", name="Warga", context=context, **more
    )


async def test_a_letter_arrives_word_for_word_with_its_name_and_date():
    mailbox = Mailbox()
    with served(mailbox) as port:
        assert await submission(port).send(LETTER) == MailAnswer("sent")
    (got,) = mailbox.letters
    assert mailbox.recipients == [["ani@mail.test"]]
    assert got.get_content().replace("\r\n", "\n") == LETTER.text
    assert str(got["Subject"]) == LETTER.subject
    assert got["From"].addresses[0].addr_spec == "no-reply@example.org"
    assert got["From"].addresses[0].display_name == "Warga"
    assert got["Message-ID"] == "<letter.7@example.org>"
    assert got["Date"].datetime.timestamp() * 1_000 == LETTER.written_at_ms
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Content-Language"] == "id"


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_letter_goes_over_tls_and_is_signed_for(tmp_path, implicit):
    theirs, ours = certificate(tmp_path)
    mailbox = Mailbox()
    tls = "implicit" if implicit else "starttls"
    signed = {} if implicit else {"username": USERNAME, "password": PASSWORD}
    with served(mailbox, context=theirs, implicit=implicit, sign_in=not implicit) as port:
        mine = submission(port, tls=tls, context=ours, **signed)
        assert await mine.check() == MailAnswer("sent")
        assert await mine.send(LETTER) == MailAnswer("sent")
    assert len(mailbox.letters) == 1
    assert set(mailbox.signed_in) == ({USERNAME} if signed else set())


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_letter_and_no_password(tmp_path, tls):
    theirs, _ = certificate(tmp_path)
    mailbox = Mailbox()
    with served(mailbox, context=theirs, implicit=tls == "implicit") as port:
        mine = submission(port, tls=tls, username=USERNAME, password=PASSWORD)
        assert await mine.send(LETTER) == MailAnswer("unavailable", "tls")
    assert (mailbox.letters, mailbox.signed_in) == ([], [])


async def test_a_certificate_of_another_name_is_refused(tmp_path):
    theirs, ours = certificate(tmp_path, "other.test")
    with served(Mailbox(), context=theirs) as port:
        answer = await submission(port, tls="starttls", context=ours).send(LETTER)
    assert answer == MailAnswer("unavailable", "tls")


async def test_without_starttls_nothing_is_said_in_the_clear():
    mailbox = Mailbox()
    with served(mailbox) as port:
        mine = submission(port, tls="starttls", username=USERNAME, password=PASSWORD)
        assert (await mine.send(LETTER)).outcome == "unavailable"
    assert (mailbox.letters, mailbox.signed_in) == ([], [])


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("550 5.1.1 <ani@mail.test> unknown", MailAnswer("rejected", "550 5.1.1")),
        ("553 no", MailAnswer("rejected", "553")),
        ("451 4.7.1 greylisted, ani@mail.test", MailAnswer("throttled", "451 4.7.1")),
        ("452 later", MailAnswer("throttled", "452")),
        ("421 4.3.2 closing", MailAnswer("throttled", "421 4.3.2")),
    ],
)
async def test_what_is_said_of_a_recipient_has_its_class_and_no_address(said, answer):
    mailbox = Mailbox()
    mailbox.answers = [said]
    with served(mailbox) as port:
        assert await submission(port).send(LETTER) == answer
    assert mailbox.letters == []


async def test_a_wrong_password_is_our_own_trouble(tmp_path):
    theirs, ours = certificate(tmp_path)
    with served(Mailbox(), context=theirs, sign_in=True) as port:
        mine = submission(port, tls="starttls", context=ours, username=USERNAME, password="wrong")
        assert (await mine.send(LETTER)).outcome == "closed"
        assert (await mine.check()).outcome == "closed"


@pytest.mark.parametrize(
    ("greeting", "outcome"),
    [
        (b"554 5.7.1 your address is on a list\r\n", "closed"),
        (b"421 too busy\r\n", "unavailable"),
        (b"GET / HTTP/1.1\r\n", "unavailable"),
        (b"", "unavailable"),
    ],
)
async def test_a_greeting_that_is_none_is_classed(greeting, outcome):
    with speaking(greeting) as port:
        assert (await submission(port, whole_s=0.5).send(LETTER)).outcome == outcome


async def test_a_server_that_hangs_or_drips_is_left_after_the_deadline():
    for said in ((b"",), (b"220-a\r\n",) * 500):
        with speaking(*said, pause_s=0.02) as port:
            began = time.monotonic()
            answer = await submission(port, whole_s=0.4).send(LETTER)
            assert answer == MailAnswer("unavailable", "timeout")
            assert time.monotonic() - began < 3
    # The thread that spoke with it has ended, too: its connection was cut.
    await asyncio.sleep(0.1)


async def test_nobody_there_is_told_at_once():
    with speaking(b"") as port:
        pass
    assert await submission(port).send(LETTER) == MailAnswer("unavailable", "unreachable")


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "ani@mail.test\r\nBcc: all@mail.test"},
        {"to": "no address"},
        {"subject": "one\r\nBcc: all@mail.test"},
    ],
)
async def test_a_line_end_in_a_header_goes_nowhere(changed):
    mailbox = Mailbox()
    with served(mailbox) as port:
        letter = Letter(**{**{f: getattr(LETTER, f) for f in LETTER.__struct_fields__}, **changed})
        answer = await submission(port).send(letter)
    assert answer == MailAnswer("rejected", "address_invalid")
    assert mailbox.letters == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://me%40a.test@mail.test", Server("mail.test", 587, "starttls", "me@a.test", "p")),
        ("smtp://mail.test:2525", Server("mail.test", 2525, "starttls", "", "p")),
        ("smtps://me@mail.test", Server("mail.test", 465, "implicit", "me", "p")),
        ("smtp://localhost:25", Server("localhost", 25, "none", "", "p")),
        ("smtp://[::1]:25", Server("::1", 25, "none", "", "p")),
        ("smtps://127.0.0.1", Server("127.0.0.1", 465, "implicit", "", "p")),
    ],
)
def test_an_address_of_a_server_is_read(url, server):
    assert read_server(url, "p") == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.test:587",
        "http://mail.test",
        "smtp://",
        "smtp://me:secret@mail.test",
        "smtp://mail.test/path",
        "smtp://mail.test?tls=none",
        "smtp://mail.test:99999",
        "smtp://mail.test:x",
        "smtp://mail .test",
        "smtp://[bad",
    ],
)
def test_what_is_no_server_or_holds_a_password_is_refused(url):
    with pytest.raises(Invalid) as refused:
        read_server(url)
    assert refused.value.code == "mail_invalid"
    assert "secret" not in str(refused.value)
