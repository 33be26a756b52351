"""Letters by message submission. Sources: RFC 6409 (submission), RFC 8314 (TLS), RFC 4954 (AUTH).

Implements `kernel.ports.MailService` with the standard library's client, in a thread. Without TLS
that verifies nothing is sent but to this machine itself. A deadline over the whole conversation
cuts the connection: a server that speaks a byte at a time never runs into a timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.policy
import email.utils
import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from venire.kernel.errors import Invalid
from venire.kernel.ports import Letter, MailAnswer, MailOutcome

Tls = Literal["starttls", "implicit", "none"]
_PORTS: Final = {"smtp": 587, "smtps": 465}
_STEP_S: Final = 20.0
_WHOLE_S: Final = 60.0
_CHECK_S: Final = 10.0
_ENHANCED = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TRANSIENT: Final = 400
_PERMANENT: Final = 500
_OF_THE_RECIPIENT = re.compile(r"5\.[12]\.\d{1,3}")
"""RFC 3463: what is said of an address or its mailbox. The rest is said of us, or of the letter."""
_HIGHEST_PORT: Final = 65_535


class Server(msgspec.Struct, frozen=True):
    """Where letters are handed over, and as whom; without `username` nobody signs in."""

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = ""


def read_server(url: str, password: str = "") -> Server:
    """Read `smtp://user@host:587` (STARTTLS) or `smtps://user@host:465` (TLS from the start).

    On this machine itself there is no TLS unless it is asked for. Raises Invalid `mail_invalid`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _invalid() from error
    host = parts.hostname or ""
    strange = parts.path.strip("/") or parts.query or parts.fragment or parts.password is not None
    if parts.scheme not in _PORTS or not host or strange or any(sign.isspace() for sign in url):
        raise _invalid()
    tls: Tls = "implicit" if parts.scheme == "smtps" else "starttls"
    if tls == "starttls" and _is_here(host):
        tls = "none"
    username = unquote(parts.username or "")
    return Server(host, port or _PORTS[parts.scheme], tls, username, password)


def _invalid() -> Invalid:
    return Invalid("mail_invalid", "mail: smtp://user@host:587 or smtps://user@host:465")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Line:
    """A connection that another thread may cut."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._over = False

    def hold(self, made: socket.socket) -> None:
        self._sockets.append(made)
        if self._over:
            self.cut()

    def cut(self) -> None:
        self._over = True
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Client(smtplib.SMTP):
    """The library's client, whose connection is known from its first moment."""

    def __init__(self, server: Server, context: ssl.SSLContext, name: str, line: _Line) -> None:
        self._server = server
        self._context = context
        self._line = line
        super().__init__(server.host, server.port, local_hostname=name, timeout=_STEP_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = socket.create_connection((host, port), timeout)
        self._line.hold(made)
        if self._server.tls == "implicit":
            return self._context.wrap_socket(made, server_hostname=host)
        return made


class SmtpSubmission:
    """Hands letters to one server. `sender` is the address that they come from."""

    def __init__(
        self,
        server: Server,
        *,
        sender: str,
        name: str = "",
        site_host: str = "localhost",
        context: ssl.SSLContext | None = None,
        whole_s: float = _WHOLE_S,
    ) -> None:
        self._server = server
        self._sender = sender
        self._name = name
        self._site_host = site_host
        self._context = context or ssl.create_default_context()
        self._whole_s = whole_s

    async def send(self, letter: Letter) -> MailAnswer:
        """See `MailService.send`."""
        try:
            message = self._message(letter)
        except (ValueError, MessageError):
            # A line end in an address or a subject, or an address that is none.
            return MailAnswer("rejected", "address_invalid")

        def hand_over(client: smtplib.SMTP) -> None:
            client.send_message(message, letter.return_path or self._sender, [letter.to])

        return await self._talk(hand_over, self._whole_s)

    async def check(self) -> MailAnswer:
        """See `MailService.check`."""

        def say_nothing(client: smtplib.SMTP) -> None:
            client.noop()

        return await self._talk(say_nothing, min(self._whole_s, _CHECK_S))

    async def _talk(self, act: Callable[[smtplib.SMTP], None], most_s: float) -> MailAnswer:
        line = _Line()
        work = asyncio.ensure_future(asyncio.to_thread(self._converse, act, line))
        try:
            async with asyncio.timeout(most_s):
                return await asyncio.shield(work)
        except TimeoutError:
            return MailAnswer("unavailable", "timeout")
        finally:
            line.cut()

    def _converse(self, act: Callable[[smtplib.SMTP], None], line: _Line) -> MailAnswer:
        try:
            client = _Client(self._server, self._context, self._site_host, line)
        except (OSError, smtplib.SMTPException) as error:
            return _answer(error)
        try:
            if self._server.tls == "starttls":
                client.starttls(context=self._context)
            if self._server.username:
                client.login(self._server.username, self._server.password)
            act(client)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            return _answer(error)
        else:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                # It has the letter: what goes wrong from here on changes nothing.
                client.quit()
            return MailAnswer("sent")
        finally:
            client.close()

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = Address(self._name, addr_spec=self._sender)
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = email.utils.formatdate(letter.written_at_ms / 1_000)
        message["Message-ID"] = letter.message_id
        # RFC 3834: nobody's holiday notice answers it.
        message["Auto-Submitted"] = "auto-generated"
        if letter.unsubscribe:
            # RFC 2369 and RFC 8058: one POST, by the reader's mail service.
            message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(letter.text, cte="quoted-printable")
        message["Content-Language"] = letter.language
        return message


_FAULTS: Final[tuple[tuple[type[Exception], MailOutcome, str], ...]] = (
    (smtplib.SMTPNotSupportedError, "unavailable", "no_starttls_or_sign_in"),
    (smtplib.SMTPServerDisconnected, "unavailable", "disconnected"),
    (ssl.SSLError, "unavailable", "tls"),
    (TimeoutError, "unavailable", "timeout"),
    (UnicodeError, "rejected", "address_invalid"),
)


def _answer(error: Exception) -> MailAnswer:
    """The class of a fault: it decides who is tried again, and when."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _refused(code, text, "rejected")
    if isinstance(error, smtplib.SMTPDataError):
        return _refused(error.smtp_code, error.smtp_error, "throttled")
    if isinstance(error, smtplib.SMTPResponseException):
        # Of sign-in, greeting and sender: it is we who are refused, not the recipient.
        return _refused(error.smtp_code, error.smtp_error, "closed")
    for kind, outcome, said in _FAULTS:
        if isinstance(error, kind):
            return MailAnswer(outcome, said)
    return MailAnswer("unavailable", "unreachable")


def _refused(code: int, text: bytes | str, permanent: MailOutcome) -> MailAnswer:
    """By the first digit of the code. What a server says in words may hold an address: left out."""
    plain = text.encode(errors="replace") if isinstance(text, str) else text
    found = _ENHANCED.search(plain)
    said = f"{code} {found[0].decode()}" if found else str(code)
    if code < _TRANSIENT:
        return MailAnswer("unavailable", "no_smtp")
    if code >= _PERMANENT:
        detail = found[0].decode() if found else ""
        if _OF_THE_RECIPIENT.fullmatch(detail):
            return MailAnswer("rejected", said)
        # Of policy, or of the letter: another server may take it, or this one later.
        return MailAnswer("throttled" if permanent == "rejected" and detail else permanent, said)
    # What is not about the recipient keeps every other letter waiting, too.
    return MailAnswer("unavailable" if permanent == "closed" else "throttled", said)
