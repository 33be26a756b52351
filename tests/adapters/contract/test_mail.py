"""What every submission has to do here: the same letters and faults over every server there is.

`aiosmtpd` is always there. OpenSMTPD, a genuine mail server, where it runs (`make test-vendors`).
"""

from __future__ import annotations

import dataclasses
import email
import email.policy
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.mailbox import Mailbox, served, speaking
from venire.adapters.mail.submission import SmtpSubmission, read_server
from venire.kernel.ports import Letter, MailAnswer

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
DOMAIN = "reader.example"
SENDER = "no-reply@venire.example"
REFUSED = {
    "unknown": ("550 5.1.1 Unknown", MailAnswer("rejected", "550 5.1.1")),
    "full": ("552 5.2.2 Full", MailAnswer("rejected", "552 5.2.2")),
    "later": ("451 4.7.1 Later", MailAnswer("throttled", "451 4.7.1")),
}


@dataclasses.dataclass
class Server:
    """A mail server: where it is, and what it has kept."""

    url: str
    kept: Callable[[], list[email.message.Message]]

    def way(self, sender: str = SENDER) -> SmtpSubmission:
        return SmtpSubmission(read_server(self.url), sender=sender, site_host="venire.example")


class _Reader(Mailbox):
    """`aiosmtpd` with the same readers as the genuine server."""

    async def handle_MAIL(self, _server, _session, envelope, address, options):  # noqa: N802
        if address.startswith("put-out@"):
            return "550 5.7.1 Not you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        refused = REFUSED.get(address.partition("@")[0])
        if refused is not None:
            return refused[0]
        return await super().handle_RCPT(server, session, envelope, address, options)


@pytest.fixture(params=["aiosmtpd", pytest.param("opensmtpd", marks=pytest.mark.vendors("smtp"))])
def server(request) -> Iterator[Server]:
    if request.param == "aiosmtpd":
        mailbox = _Reader()
        with served(mailbox) as port:
            yield Server(f"smtp://127.0.0.1:{port}", lambda: list(mailbox.letters))
        return
    kept = Path(os.environ["VENIRE_COUNTERPART_SMTP_MAILDIR"])

    def read() -> list[email.message.Message]:
        files = sorted(kept.glob("*/new/*"))
        read = (
            email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in files
        )
        return [one for one in read if one["X-Venire"] is None]

    yield Server(os.environ["VENIRE_COUNTERPART_SMTP"], read)


def letter(to: str = "ani", **more) -> Letter:
    return Letter(
        **{
            "to": f"{to}@{DOMAIN}",
            "subject": "Selamat datang",
            "text": "Open this page:\n\n.dot\n",
            "message_id": f"<letter.{time.time_ns()}@venire.example>",
            "written_at_ms": 1_767_225_600_000,
            "language": "id",
            **more,
        }
    )


def arrived(server: Server, sent: Letter) -> list[email.message.Message]:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        found = [one for one in server.kept() if one["Message-ID"] == sent.message_id]
        if found:
            return found
        time.sleep(0.05)
    return []


async def test_a_letter_arrives_word_for_word(server):
    sent = letter()
    assert await server.way().check() == MailAnswer("sent")
    assert await server.way().send(sent) == MailAnswer("sent")
    (got,) = arrived(server, sent)
    assert got.get_content().replace("\r\n", "\n") == sent.text
    assert str(got["Subject"]) == sent.subject
    assert got["List-Unsubscribe"] is None


async def test_a_letter_nobody_needs_says_how_it_is_ended_and_where_it_comes_back_to(server):
    sent = letter(
        return_path="bounce+abcdefgh234567@bounces.venire.example",
        unsubscribe="https://venire.example/unsubscribe/" + "x" * 60,
    )
    assert await server.way().send(sent) == MailAnswer("sent")
    (got,) = arrived(server, sent)
    joined = "".join(got["List-Unsubscribe"].split())
    assert joined == f"<{sent.unsubscribe}>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = got["Return-Path"]
    assert path is None or str(path).strip("<>") == sent.return_path


@pytest.mark.parametrize("reader", sorted(REFUSED))
async def test_what_is_said_of_a_reader_has_its_class(server, reader):
    sent = letter(reader)
    assert await server.way().send(sent) == REFUSED[reader][1]
    assert not [one for one in server.kept() if one["Message-ID"] == sent.message_id]


async def test_who_is_put_out_is_told_so_whoever_the_letter_is_for(server):
    way = server.way("put-out@venire.example")
    assert await way.send(letter()) == MailAnswer("closed", "550 5.7.1")


class Odd(Mailbox):
    """Answers a whole letter with this; the empty answer hangs up in the middle of it."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802
        if not self.said:
            raise ConnectionResetError
        return self.said or await super().handle_DATA(_server, session, envelope)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("550 5.7.1 looks like spam", MailAnswer("throttled", "550 5.7.1")),
        ("554 no", MailAnswer("throttled", "554")),
        ("550 5.1.1 nobody", MailAnswer("rejected", "550 5.1.1")),
        ("452 4.3.1 disk full", MailAnswer("throttled", "452 4.3.1")),
    ],
)
async def test_a_letter_refused_as_a_whole_is_not_its_readers_fault(said, answer):
    with served(Odd(said)) as port:
        way = Server(f"smtp://127.0.0.1:{port}", list).way()
        assert await way.send(letter()) == answer


async def test_a_line_cut_in_the_middle_of_a_letter_is_no_answer():
    conversation = (
        b"220 mail.test\r\n", b"250 mail.test\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 Go on\r\n"
    )  # fmt: skip
    with speaking(*conversation, pause_s=0.02) as port:
        way = SmtpSubmission(read_server(f"smtp://127.0.0.1:{port}"), sender=SENDER, whole_s=1.0)
        answer = await way.send(letter())
    assert answer.outcome == "unavailable"


async def test_policy_against_one_reader_does_not_shut_the_server():
    mailbox = Mailbox()
    mailbox.answers = ["550 5.7.1 blocked by policy"]
    with served(mailbox) as port:
        way = Server(f"smtp://127.0.0.1:{port}", list).way()
        assert await way.send(letter()) == MailAnswer("throttled", "550 5.7.1")
        assert await way.send(letter()) == MailAnswer("sent")
