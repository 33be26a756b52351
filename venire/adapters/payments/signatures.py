"""What processors sign webhooks with; compared in constant time, before a byte is read as JSON."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from venire.kernel.clock import parse_iso_ms
from venire.kernel.money import Fact, Forged
from venire.kernel.vendors import VendorUnavailable

_SIGNATURES: Final = 16
_DIGITS: Final = 12
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_ID: Final = (1 << 63) - 1


def signed_hex(secret: str, content: bytes) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def check_any(given: list[str], expected: str) -> None:
    """Refuse unless one of several signatures is the expected one. Forged `signature`."""
    found = False
    for one in given[:_SIGNATURES]:
        found |= hmac.compare_digest(one.encode(), expected.encode())
    if not found:
        raise Forged("signature")


def check_age(at_ms: int, now_ms: int, tolerance_ms: int) -> None:
    """Refuse what was signed too long ago, or is yet to be. Forged `stale`."""
    if abs(now_ms - at_ms) > tolerance_ms:
        raise Forged("stale")


def timestamp_ms(text: str) -> int:
    """Seconds since the epoch, as written in a signature. Forged `signature`."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Forged("signature")
    return int(text) * 1_000


def opened(raw: bytes) -> dict[str, Any]:
    """The object of a webhook whose sender is known. Forged `malformed`."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Forged("malformed") from error
    if not isinstance(found, dict):
        raise Forged("malformed")
    return found


def body_id(raw: bytes) -> str:
    """A name for a webhook whose sender gave it none: the same bytes are the same event."""
    return hashlib.sha256(raw).hexdigest()


def our_id(value: object) -> int | None:
    """Our own payment's id as a processor sends it back; None where it is none of ours."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 - of 2**63
        return None
    found = int(text)
    return found if 0 < found <= _ID else None


def moment_ms(value: object) -> int:
    """A moment as a processor writes it in JSON. VendorUnavailable `moment_unreadable`."""
    try:
        return parse_iso_ms(str(value))
    except (ValueError, OverflowError) as error:
        raise VendorUnavailable("moment_unreadable") from error


def mapping(value: object) -> dict[str, Any]:
    """An object of JSON; empty where something else stands."""
    return value if isinstance(value, dict) else {}


def readable(
    listed: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Sequence[Fact]]
) -> list[Fact]:
    """The facts of a processor's list. A line that cannot be read is a payment of nobody's.

    So it is told to a person as a difference, and does not hide the lines beside it.
    """
    found: list[Fact] = []
    for one in listed:
        try:
            found += read(one)
        except VendorUnavailable:
            name = str(one.get("id"))
            if not _NAME.fullmatch(name):
                name = body_id(name.encode(errors="replace"))
            found.append(Fact("paid", f"unreadable-{name}", 0))
    return found


def rows(value: object) -> list[dict[str, Any]]:
    """A list of objects. VendorUnavailable `answer_unreadable` where there is none."""
    if not isinstance(value, list):
        raise VendorUnavailable("answer_unreadable")
    return [one for one in value if isinstance(one, dict)]
