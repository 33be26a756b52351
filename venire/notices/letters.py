"""Mail as a notice: an attached document, or one item for each line with an address of a page.

Whether the mail is from whom it says (DKIM, RFC 6376) is not judged here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final

from venire.kernel.errors import Invalid

_MAX_PARTS: Final = 2_000
_DOCUMENT_TYPES: Final = frozenset({"application/json", "text/csv", "application/csv"})
_DOCUMENT_ENDINGS: Final = (".json", ".csv")
# Abuse desks write hxxp and [.] so that nobody opens the page by accident.
_ADDRESS: Final = re.compile(r"\b(?:https?|hxxps?)(?::|\[:\])//[^\s<>\"'`|\\^{}]+", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)>'\""


@dataclasses.dataclass(frozen=True)
class Letter:
    """What a mail brings: addresses from its body in order, attached documents, other files."""

    sender_domain: str
    reply_to: str
    reference: str
    sent_at_ms: int | None
    urls: tuple[str, ...]
    documents: tuple[tuple[str, str, bytes], ...]
    """Name, media type, bytes."""
    files: tuple[tuple[str, bytes], ...]


def read(content: bytes) -> Letter:
    """Read one mail (RFC 5322, MIME).

    Raises:
        Invalid: `notice_mail`, when its headers or parts cannot be read.

    """
    try:
        # The modern policy decodes headers and names files; it raises on some hostile headers.
        message = message_from_bytes(content, policy=policy.default)
        return _letter(message)
    except (MessageError, ValueError, LookupError, AttributeError, IndexError, TypeError) as error:
        raise Invalid("notice_mail", "the mail cannot be read; send JSON or CSV") from error
    except RecursionError as error:
        raise Invalid("notice_mail", "the mail has parts nested too deep") from error


def addresses(text: str) -> list[str]:
    """The page addresses in a text, in order, each once, defanged ones made whole."""
    found: dict[str, None] = {}
    for match in _ADDRESS.finditer(text.replace("[.]", ".").replace("(.)", ".")):
        found[whole_address(match.group().rstrip(_TRAILING))] = None
    return list(found)


def whole_address(url: str) -> str:
    """An address as a browser takes it: `hxxps[:]//site[.]example` is `https://site.example`."""
    plain = url.strip().replace("[.]", ".").replace("(.)", ".").replace("[:]", ":")
    return re.sub(r"^hxxp", "http", plain, flags=re.IGNORECASE)


def _letter(message: EmailMessage) -> Letter:
    documents: list[tuple[str, str, bytes]] = []
    files: list[tuple[str, bytes]] = []
    for part in _leaves(message):
        name = part.get_filename() or ""
        body = part.get_payload(decode=True)
        if not isinstance(body, bytes):
            continue
        kind = part.get_content_type()
        if kind in _DOCUMENT_TYPES or name.casefold().endswith(_DOCUMENT_ENDINGS):
            documents.append((name, kind, body))
        elif name:
            files.append((name, body))
    sender = parseaddr(str(message.get("From", "")))[1]
    reply_to = parseaddr(str(message.get("Reply-To", "")))[1] or sender
    return Letter(
        sender_domain=sender.rpartition("@")[2].casefold(),
        reply_to=reply_to,
        reference=" ".join(str(message.get("Message-ID", "")).split()).strip("<>")[:255],
        sent_at_ms=_sent_ms(message),
        urls=tuple(addresses(_body(message))),
        documents=tuple(documents),
        files=tuple(files),
    )


def _leaves(message: EmailMessage) -> Iterator[MIMEPart]:
    for count, part in enumerate(message.walk()):
        if count >= _MAX_PARTS:
            raise Invalid("notice_mail", "the mail has too many parts", limit=_MAX_PARTS)
        if not part.is_multipart():
            yield part


def _sent_ms(message: EmailMessage) -> int | None:
    header = message.get("Date")
    moment = getattr(header, "datetime", None)
    return round(moment.timestamp() * 1000) if isinstance(moment, dt.datetime) else None


def _body(message: EmailMessage) -> str:
    chosen = message.get_body(preferencelist=("plain", "html"))
    if chosen is None:
        return ""
    payload = chosen.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    text = payload.decode(_charset(chosen), "replace")
    if chosen.get_content_type() != "text/html":
        return text
    stripper = _Words()
    stripper.feed(text)
    return "".join(stripper.words)


def _charset(part: MIMEPart) -> str:
    stated = part.get_content_charset() or "utf-8"
    try:
        "".encode(stated)
    except (LookupError, UnicodeError):
        return "latin-1"
    return stated


class _Words(HTMLParser):
    """What a reader sees of a page, and where its links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words.append(" ")
        if tag == "a":
            self.words.extend(f" {value} " for name, value in attrs if name == "href" and value)
