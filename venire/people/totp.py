"""Codes from an app, by time (RFC 6238): six digits, a new one every 30 seconds. Pure.

One step of drift each way; a code is compared in constant time, and none at or below a step that
was used fits again.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

import pyotp

STEP_MS: Final = 30_000
SECRET_BYTES: Final = 20
"""As RFC 4226 section 4 recommends for HMAC-SHA-1, the one that every app knows."""
DRIFT: Final = 1
_DIGITS: Final = 6
_GROUP: Final = 4


def shown(secret: bytes) -> str:
    """A secret as people type it into an app: base32 in groups of four."""
    text = _text(secret)
    return " ".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def address(secret: bytes, username: str, site: str) -> str:
    """What an app reads from a link or a picture (`otpauth://totp/...`)."""
    return pyotp.TOTP(_text(secret)).provisioning_uri(name=username, issuer_name=site)


def step_of(now_ms: int) -> int:
    """The step that a moment lies in."""
    return now_ms // STEP_MS


def code_at(secret: bytes, step: int) -> str:
    """The code of a step."""
    return pyotp.HOTP(_text(secret), digits=_DIGITS).at(step)


def fitting_step(secret: bytes, code: str, now_ms: int, *, above: int) -> int | None:
    """The step whose code this is, newer than `above`; None where it is none. Constant time."""
    given = digits(code).encode()
    found: int | None = None
    for step in range(max(0, step_of(now_ms) - DRIFT), step_of(now_ms) + DRIFT + 1):
        good = hmac.compare_digest(code_at(secret, step).encode(), given)
        found = step if good and step > above else found
    return found


def digits(code: str) -> str:
    """A code as it was meant: blanks and hyphens between digits are how people read them."""
    return "".join(sign for sign in code[:40] if sign.isascii() and sign.isdigit())


def _text(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=")
