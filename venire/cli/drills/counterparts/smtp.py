"""A stand-in of a mail submission server (RFC 5321, RFC 6409) on the loopback, without TLS.

It takes every letter and keeps it, until it is told to refuse: for now (4xx), because the account
is gone (5xx before any recipient), or by saying nothing at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
from email.message import EmailMessage
from typing import Final, Literal

import msgspec

Refusal = Literal["", "closed", "later", "hang"]
_ANSWERS: Final = {
    "EHLO": "250 drill.invalid",
    "HELO": "250 drill.invalid",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


class Taken(msgspec.Struct, frozen=True):
    """A letter as it came: envelope, and the whole message."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, read."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


class Submission:
    """One server, to be served as other stand-ins are. `refuses` may be set at any moment."""

    def __init__(self) -> None:
        self.letters: list[Taken] = []
        self.refuses: Refusal = ""
        self.url = ""

    @property
    def address(self) -> str:
        """Where it listens, as the settings name it."""
        return self.url.replace("http://", "smtp://")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, ValueError):
                await self._converse(reader, writer)
        except asyncio.CancelledError:
            # It ends, and so does this: asyncio would log a task that was only told to stop.
            return
        finally:
            writer.transport.abort()

    async def refuse(self, writer: asyncio.StreamWriter) -> None:
        """Take no letter: for good, or for now."""
        closed = self.refuses == "closed"
        await _say(writer, "550 5.7.1 account closed" if closed else "451 4.3.2 later")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "220 drill.invalid ESMTP")
        sender, recipients = "", list[str]()
        while line := await reader.readline():
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            verb = verb.upper()
            if self.refuses == "hang":
                await asyncio.sleep(3600)
            if verb == "MAIL" and self.refuses:
                await self.refuse(writer)
                continue
            await _say(writer, _ANSWERS.get(verb, "502 5.5.1 not here"))
            if verb == "MAIL":
                sender, recipients = _path(rest), []
            elif verb == "RCPT":
                recipients.append(_path(rest))
            elif verb == "DATA":
                self.letters.append(Taken(sender, tuple(recipients), await _read(reader)))
                await _say(writer, "250 2.0.0 taken")
            elif verb == "QUIT":
                return


async def _say(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(line.encode() + b"\r\n")
    await writer.drain()


def _path(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


async def _read(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) not in {b".\r\n", b""}:
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)
