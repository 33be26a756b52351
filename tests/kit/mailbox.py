"""A real SMTP server on 127.0.0.1, in a thread of its own, with faults on request."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email
import email.policy
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USERNAME, PASSWORD = "venire@mail.test", "correct horse"


class Mailbox:
    """What arrived. `answers` are given to recipients first, one each; then everything is taken."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        self.signed_in: list[str] = []
        self.over_tls: list[bool] = []
        self.arrived = threading.Event()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        self.letters.append(read)
        self.recipients.append(list(envelope.rcpt_tos))
        self.over_tls.append(session.ssl is not None)
        self.arrived.set()
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        good = (data.login, data.password) == (USERNAME.encode(), PASSWORD.encode())
        self.signed_in.append(data.login.decode())
        return AuthResult(success=good, handled=good)


@contextlib.contextmanager
def served(
    mailbox: Mailbox,
    *,
    context: ssl.SSLContext | None = None,
    implicit: bool = False,
    sign_in: bool = False,
    port: int = 0,
) -> Iterator[int]:
    """Serve a mailbox; the port. With `context` TLS: by STARTTLS, or `implicit`."""
    options = {
        "authenticator": mailbox.authenticate if sign_in else None,
        "auth_required": sign_in,
        "auth_require_tls": context is not None and not implicit,
        "tls_context": None if implicit else context,
        "require_starttls": context is not None and not implicit,
    }
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(8)
    over: list[Callable[[], object]] = []

    async def serve() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        over.append(lambda: loop.call_soon_threadsafe(ended.set))
        server = await loop.create_server(
            lambda: SMTP(mailbox, hostname="mail.test", loop=loop, **options),
            sock=listening,
            ssl=context if implicit else None,
        )
        await ended.wait()
        server.close()
        rest = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for one in rest:
            one.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="mail")
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        while not over:
            time.sleep(0.01)
        over[0]()
        thread.join(10)


@contextlib.contextmanager
def speaking(*said: bytes, pause_s: float = 0.0, port: int = 0) -> Iterator[int]:
    """A server that says this on each connection, slowly if told so, and then nothing; its port."""
    over = threading.Event()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(8)
        listening.settimeout(0.05)
        kept: list[socket.socket] = []

        def run() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    one, _ = listening.accept()
                    kept.append(one)
                    for part in said:
                        one.sendall(part)
                        if over.wait(pause_s):
                            return

        thread = threading.Thread(target=run, name="odd-server")
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join(10)
            for one in kept:
                one.close()


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for a name, and who trusts it: the server's context and the client's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=3_650))
        .not_valid_after(now + dt.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "mail.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(
        cadata=made.public_bytes(serialization.Encoding.PEM).decode()
    )
    return server, client
