"""Letters handed to a genuine mail server (OpenSMTPD): delivered, or refused with a class."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
from pathlib import Path

import pytest

from venire.adapters.mail.submission import SmtpSubmission, read_server
from venire.kernel.ports import Letter

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("smtp")]


def letter(to, number=1):
    return Letter(
        f"{to}@reader.example",
        "Undangan juri · jury summons",
        "Baris pertama.\n.a line that begins with a dot\n" + "é" * 300 + "\n",
        f"<{to}-{number}@venire.example>",
        1_795_281_617_000,
        "id",
    )


def service(sender="desk@venire.example"):
    server = read_server(os.environ["VENIRE_COUNTERPART_SMTP"])
    return SmtpSubmission(server, sender=sender, name="Venire")


async def delivered(name):
    folder = Path(os.environ["VENIRE_COUNTERPART_SMTP_MAILDIR"]) / name / "new"
    async with asyncio.timeout(10):
        while not (folder.is_dir() and list(folder.iterdir())):  # noqa: ASYNC110 - another program's
            await asyncio.sleep(0.05)
    content = next(folder.iterdir()).read_bytes()
    return email.message_from_bytes(content, policy=email.policy.default)


async def test_a_letter_lies_in_the_mailbox_as_it_was_written():
    assert (await service().check()).outcome == "sent"
    assert (await service().send(letter("ayu"))).outcome == "sent"
    found = await delivered("ayu")
    assert found["Subject"] == letter("ayu").subject
    assert found["Message-ID"] == letter("ayu").message_id
    assert found["From"] == "Venire <desk@venire.example>"
    assert found.get_content().replace("\r\n", "\n") == letter("ayu").text


@pytest.mark.parametrize(
    ("to", "outcome", "said"),
    [
        ("unknown", "rejected", "550 5.1.1"),
        ("full", "rejected", "552 5.2.2"),
        ("later", "throttled", "451 4.7.1"),
    ],
)
async def test_a_recipient_is_refused_with_a_class_of_its_own(to, outcome, said):
    answer = await service().send(letter(to))
    assert (answer.outcome, answer.said) == (outcome, said)


async def test_a_sender_who_is_put_out_is_told_from_a_recipient_who_is_not_there():
    answer = await service("put-out@venire.example").send(letter("ayu", 2))
    assert (answer.outcome, answer.said) == ("closed", "550 5.7.1")
