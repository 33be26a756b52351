"""age keys (age-encryption.org/v1) as a backup uses them: who may read it, and who can.

A recipient is public (`age1...`) and lies in the settings; an identity (`AGE-SECRET-KEY-1...`) is
kept offline, on paper or a stick. Nothing here ever puts an identity into an error or a repr.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyrage
from pyrage.x25519 import Identity, Recipient

from venire.kernel.chance import Chance
from venire.kernel.errors import Invalid, NotFound, Refused

_FILE_BYTES: Final = 64 * 1024
_CHALLENGE_BYTES: Final = 32
_CHALLENGE_MARK: Final = b"venire backup key challenge v1\n"


def read_recipient(text: str) -> Recipient:
    """A public key. Invalid `recipient_malformed`."""
    try:
        return Recipient.from_str(text.strip())
    except (pyrage.RecipientError, ValueError) as error:
        raise Invalid(
            "recipient_malformed",
            "not a public age key, age1...: age-keygen -y FILE prints it",
            recipient=text[:80],
        ) from error


def read_identities(file: Path) -> list[Identity]:
    """The secret keys in a file as age-keygen writes it; lines with # are comments.

    NotFound `identity_missing`; Invalid `identity_malformed`.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_FILE_BYTES)
    except OSError as error:
        raise NotFound(
            "identity_missing", f"{file} cannot be read: {error.strerror}", file=str(file)
        ) from error
    return parse_identities(content, str(file))


def parse_identities(content: bytes, name: str) -> list[Identity]:
    """The secret keys in the text of a key file. Invalid `identity_malformed`."""
    lines = [line.strip() for line in content.decode(errors="replace").splitlines()]
    found: list[Identity] = []
    for line in lines:
        if line and not line.startswith("#"):
            try:
                found.append(Identity.from_str(line))
            except (pyrage.IdentityError, ValueError):
                # What stands there may be most of a secret: it is not told on.
                found.clear()
                break
    if not found:
        raise Invalid(
            "identity_malformed",
            "no age identity (AGE-SECRET-KEY-1...) stands in this file",
            file=name,
        )
    return found


def seal(content: bytes, recipients: Sequence[Recipient]) -> bytes:
    """Encrypt to everybody who may read a backup."""
    if not recipients:
        raise Refused("no_recipients", "a backup that nobody could read is none")
    return bytes(pyrage.encrypt(content, list(recipients)))


def unseal(content: bytes, identities: Sequence[Identity]) -> bytes:
    """Decrypt. Invalid `sealed_unreadable`: another key's, or not as it was written."""
    try:
        return bytes(pyrage.decrypt(content, list(identities)))
    except pyrage.DecryptError as error:
        raise Invalid(
            "sealed_unreadable", "written for another key, or damaged on the way"
        ) from error


def new_challenge(recipient: Recipient, chance: Chance) -> bytes:
    """What only the holder of a key can open: its mark, 32 random bytes, and their digest."""
    secret = chance.token(_CHALLENGE_BYTES)
    digest = hmac.digest(secret, _CHALLENGE_MARK, "sha256")
    return seal(_CHALLENGE_MARK + secret + digest, [recipient])


def proves(challenge: bytes, identities: Sequence[Identity]) -> bool:
    """Whether one of these keys opens a challenge."""
    try:
        content = unseal(challenge, identities)
    except Invalid:
        return False
    mark, rest = content[: len(_CHALLENGE_MARK)], content[len(_CHALLENGE_MARK) :]
    secret, digest = rest[:_CHALLENGE_BYTES], rest[_CHALLENGE_BYTES:]
    return mark == _CHALLENGE_MARK and hmac.compare_digest(
        hmac.digest(secret, _CHALLENGE_MARK, "sha256"), digest
    )
