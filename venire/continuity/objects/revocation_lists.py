"""The signed list of what mirrors may not show: its text, and when a list is believed. Pure.

    venire-media-revocations-1
    <the record's origin>
    <epoch>
    <entries>
    <root, RFC 6962 over the lines of the entries, base64>
    <issued, ms UTC>
    <expires, ms UTC>

It is a C2SP signed note, by the record's key under the name `<origin>/media-revocations`, so that
neither can pass for the other. The entries are lines `<sequence> m<medium>|a<account>
revoked|restored`, 256 to a page, the newest about a subject holds.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.kernel.errors import Invalid
from venire.record import tree
from venire.record.model import HASH_BYTES, Frontier
from venire.record.note import Signer, VerifierKey, key_id, open_note, sign_note

LASTS_MS: Final = HOUR_MS
SKEW_MS: Final = 5 * MINUTE_MS
"""How far the clocks of a site and its mirror may be apart."""
PAGE: Final = 256
PAGE_BYTES: Final = PAGE * 64
LIST_BYTES: Final = 8 * 1024
_FIRST: Final = "venire-media-revocations-1"
_LINES: Final = 7
_MOST: Final = 1 << 53
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_ENTRY: Final = re.compile(r"([1-9][0-9]{0,15}) ([am][1-9][0-9]{0,18}) (revoked|restored)")


class RevocationList(msgspec.Struct, frozen=True):
    """A list as it was signed."""

    origin: str
    epoch: int
    size: int
    root: bytes
    issued_at_ms: int
    expires_at_ms: int


class Entry(msgspec.Struct, frozen=True):
    """A line of it."""

    sequence: int
    subject: str
    revoked: bool


def signer_name(origin: str) -> str:
    """Under which name the record's key signs lists."""
    return f"{origin}/media-revocations"


def verifier_of(record: VerifierKey) -> VerifierKey:
    """The key that lists are checked with, from the record's."""
    name = signer_name(record.name)
    return VerifierKey(name, key_id(name, record.public_key), record.public_key)


def medium_subject(media_id: int) -> str:
    """How a medium is named in the list."""
    return f"m{media_id}"


def account_subject(account_id: int) -> str:
    """How everything of an account is named in the list."""
    return f"a{account_id}"


def line(entry: Entry) -> bytes:
    """An entry as it is served and hashed."""
    state = "revoked" if entry.revoked else "restored"
    return f"{entry.sequence} {entry.subject} {state}\n".encode()


def signed(made: RevocationList, signer: Signer) -> bytes:
    """A list as a signed note."""
    root = base64.b64encode(made.root).decode()
    lines = (
        _FIRST,
        made.origin,
        str(made.epoch),
        str(made.size),
        root,
        str(made.issued_at_ms),
        str(made.expires_at_ms),
    )
    return sign_note("\n".join(lines) + "\n", [signer])


def opened(note: bytes, record: VerifierKey) -> RevocationList:
    """A list whose signature is good. Invalid `bad_signature`, `note_malformed`, `list_malformed`.

    Whether it is to be believed now, `check` says.
    """
    text = open_note(note, [verifier_of(record)]).text
    lines = text.removesuffix("\n").split("\n")
    numbers = [one for at, one in enumerate(lines) if at in {2, 3, 5, 6}]
    if len(lines) != _LINES or lines[:2] != [_FIRST, record.name]:
        raise Invalid("list_malformed", "not a list of this record's site")
    if any(_NUMBER.fullmatch(one) is None for one in numbers):
        raise Invalid("list_malformed", "its numbers are none")
    try:
        root = base64.b64decode(lines[4], validate=True)
    except binascii.Error as error:
        raise Invalid("list_malformed", "its root is not base64") from error
    epoch, size, issued_at_ms, expires_at_ms = map(int, numbers)
    if len(root) != HASH_BYTES or not issued_at_ms < expires_at_ms <= issued_at_ms + LASTS_MS:
        raise Invalid("list_malformed", "its root or its time cannot be meant")
    return RevocationList(record.name, epoch, size, root, issued_at_ms, expires_at_ms)


def check(new: RevocationList, seen: RevocationList | None, now_ms: int) -> None:
    """Refuse a list that is not to be believed now, whoever signed it.

    Invalid `list_from_the_future` (one of the two clocks is wrong), `list_expired`,
    `list_rolled_back` (older or shorter than one that was seen, or another one of the same length).
    """
    if new.issued_at_ms > now_ms + SKEW_MS:
        raise Invalid("list_from_the_future", "this clock is behind the site's, or that one ahead")
    if now_ms >= new.expires_at_ms:
        raise Invalid("list_expired", "an hour has passed since it was signed")
    if seen is None or new.epoch > seen.epoch:
        return
    older = new.issued_at_ms < seen.issued_at_ms
    rewritten = new.size == seen.size and new.root != seen.root
    if new.epoch < seen.epoch or new.size < seen.size or older or rewritten:
        raise Invalid("list_rolled_back", "older than a list that was seen before")


def parse_page(content: bytes, first: int) -> list[Entry]:
    """The entries of a page, from sequence `first` on, without a gap. Invalid `page_malformed`."""
    entries: list[Entry] = []
    for at, text in enumerate(content.decode("ascii", "replace").splitlines()):
        found = _ENTRY.fullmatch(text)
        if found is None or int(found[1]) != first + at or at >= PAGE:
            raise Invalid("page_malformed", "not the entries that come next")
        entries.append(Entry(int(found[1]), found[2], found[3] == "revoked"))
    return entries


def extended(frontier: Frontier, entries: Sequence[Entry]) -> Frontier:
    """The tree with more entries."""
    return tree.extend(frontier, [tree.leaf_hash(line(one)) for one in entries])
