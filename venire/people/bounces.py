"""Letters that came back: which one, and whether its mailbox takes anything at all.

A letter goes out with a return path of its own, `bounce+TOKEN@DOMAIN` (VERP, RFC 5321 section
3.6.3 and common practice): the token names the letter and the address it went to, signed, so that
nobody can silence somebody by sending us a made-up report. Read are delivery status notifications
(RFC 3464) and complaints (RFC 5965), with strict limits; everything else is put aside.
"""

from __future__ import annotations

import base64
import binascii
import email.policy
import hmac
import re
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from typing import Final, Literal, NamedTuple

from venire.kernel.errors import Invalid, NotFound, TooLarge
from venire.people.store import email_hash, load_login, site_salt
from venire.people.suppression import BOUNCED, COMPLAINED, of_the_mailbox, suppress
from venire.storage.tables.letters import LETTERS, LetterRow
from venire.storage.world import World

Fate = Literal["suppressed", "complained", "noted"]
MESSAGE_BYTES: Final = 256 * 1024
"""A notification may bring the whole letter back; ours are a few thousand bytes."""
_PARTS: Final = 20
_BLOCKS: Final = 20
_MARK: Final = 10
_ID: Final = 8
_TOKEN = re.compile(r"bounce\+([a-z2-7]{29})@([a-z0-9.-]{1,255})", re.IGNORECASE)
"""In base32: a server on the way may change the case of a local part."""
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


class Report(NamedTuple):
    """What a message says: of a delivery `failed` for good with a status, or of a `complaint`."""

    failed: str
    complaint: bool
    sender: str


async def return_path(world: World, row: LetterRow, address: str) -> str:
    """Where a letter comes back to; empty where nothing does."""
    if not world.site.bounces:
        return ""
    body = row.id.to_bytes(_ID, "big")
    token = base64.b32encode(body + await _signature(world, body, address)).decode()
    return f"bounce+{token.lower().rstrip('=')}@{world.site.bounces}"


async def _signature(world: World, body: bytes, address: str) -> bytes:
    salt = await site_salt(world, "bounce_tokens")
    return hmac.digest(salt, body + email_hash(address), "sha256")[:_MARK]


async def take_in(world: World, recipient: str, message: bytes) -> Fate:
    """Take in what came back. `recipient`: the address that it was sent to.

    Raises TooLarge `message_too_large`, Invalid `message_unreadable`, NotFound `record_not_found`
    for a token that is not of ours, or whose owner has another address by now.
    """
    if len(message) > MESSAGE_BYTES:
        raise TooLarge("message_too_large", "The message is too large", limit=MESSAGE_BYTES)
    report = read_report(message)
    address = await _address_of(world, recipient, report)
    if report.complaint:
        await suppress(world, address, COMPLAINED, "complaint")
        return "complained"
    if of_the_mailbox(report.failed):
        await suppress(world, address, BOUNCED, report.failed)
        return "suppressed"
    return "noted"


async def _address_of(world: World, recipient: str, report: Report) -> str:
    """The address that the letter went to. NotFound `record_not_found`."""
    # A complaint goes to whom the mailbox service knows; it names the letter's own return path.
    found = _TOKEN.fullmatch(recipient.strip("<> ")) or (
        _TOKEN.fullmatch(report.sender) if report.complaint else None
    )
    if found is None:
        raise _unknown()
    try:
        signed = base64.b32decode(found[1].upper() + "===")
    except binascii.Error as error:
        raise _unknown() from error
    body, mark = signed[:_ID], signed[_ID:]
    letter_id = int.from_bytes(body, "big")
    row = await world.storage.get(LETTERS, (letter_id,)) if letter_id < 1 << 63 else None
    login = None if row is None else await load_login(world, row.account_id)
    address = "" if login is None else login.email
    if not hmac.compare_digest(mark, await _signature(world, body, address)) or login is None:
        raise _unknown()
    return address


def _unknown() -> NotFound:
    return NotFound("record_not_found", "Record not found")


def read_report(message: bytes) -> Report:
    """What a message says. Pure. Invalid `message_unreadable` for one that is no such report."""
    try:
        # By the plain policy: the newer one reads headers in full, and stumbles on hostile ones.
        parsed = message_from_bytes(message, policy=email.policy.compat32)
        parts = _parts(parsed)
    except (MessageError, ValueError, LookupError, RecursionError) as error:
        raise _unreadable() from error
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            return Report(_failure(part), complaint=False, sender="")
        if kind == "message/feedback-report":
            return _complaint(part)
    raise _unreadable()


def _unreadable() -> Invalid:
    return Invalid("message_unreadable", "This is no report about a letter")


def _parts(parsed: Message) -> list[Message]:
    """The parts of a report; the standard has two or three."""
    held = parsed.get_payload() if parsed.is_multipart() else None
    if parsed.get_content_type() != "multipart/report" or not isinstance(held, list):
        return []
    return [part for part in held[:_PARTS] if isinstance(part, Message)]


def _blocks(part: Message) -> list[Message]:
    """Groups of fields: the library reads those of a delivery status, not of a complaint."""
    held = part.get_payload()
    if isinstance(held, list):
        return [block for block in held[:_BLOCKS] if isinstance(block, Message)]
    body = part.get_payload(decode=True)
    text = body if isinstance(body, bytes) else b""
    return [message_from_bytes(text, policy=email.policy.compat32)]


def _failure(part: Message) -> str:
    """The status of the first recipient that a letter failed for, for good; empty for none."""
    for block in _blocks(part)[1:]:
        action = _field(block, "Action").lower()
        status = _STATUS.search(_field(block, "Status"))
        if action == "failed" and status is not None and status[0].startswith("5"):
            return status[0]
    return ""


def _complaint(part: Message) -> Report:
    (block, *_) = _blocks(part) or [part]
    if _field(block, "Feedback-Type").lower() != "abuse":
        raise _unreadable()
    sender = _field(block, "Original-Mail-From").strip("<>").lower()
    return Report("", complaint=True, sender=sender)


def _field(block: Message, name: str) -> str:
    value = block.get(name, "")
    return str(value)[:1_000].strip()
