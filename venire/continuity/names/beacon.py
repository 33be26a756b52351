"""Where this site is now, signed by two of three keys that no host holds. Pure.

A beacon is a C2SP signed note, so that any program that reads the record's checkpoints reads it:

    venire-beacon/v1
    example.org
    sequence 7
    issued 2026-11-21T10:00:00.000Z
    expires 2027-02-19T10:00:00.000Z
    address https://example.org
    address https://example.net
    onion http://...onion

It is the same bytes wherever it lies: at the site, in its stores, at mirrors, in a text record of
its names. Whoever keeps the three public keys believes it from anywhere, as long as two signed it,
its time is not over, and no later one was seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from venire.kernel.clock import DAY_MS, MINUTE_MS, iso_ms, parse_iso_ms
from venire.kernel.errors import Conflict, Invalid
from venire.record.note import VerifierKey, open_note, split_note

FORMAT: Final = "venire-beacon/v1"
SIGNERS_NEEDED: Final = 2
SIGNERS: Final = 3
LONGEST_MS: Final = 400 * DAY_MS
MOST_BYTES: Final = 8 * 1024
_MOST_ADDRESSES: Final = 10
_SKEW_MS: Final = 10 * MINUTE_MS
_SITE = re.compile(r"[a-z0-9.:\[\]-]{1,255}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ONION = re.compile(r"http://[a-z2-7]{56}\.onion")


class Whereabouts(msgspec.Struct, frozen=True):
    """What a beacon says. `addresses`: where to go, the first one first; `onion` may be empty."""

    site: str
    sequence: int
    issued_at_ms: int
    expires_at_ms: int
    addresses: tuple[str, ...]
    onion: str = ""


def is_site(name: str) -> bool:
    """Whether a beacon can call a site so."""
    return _SITE.fullmatch(name) is not None


def write(said: Whereabouts) -> str:
    """The text that is signed. Invalid `beacon_malformed` for what no reader would take."""
    lines = [
        FORMAT,
        said.site,
        f"sequence {said.sequence}",
        f"issued {iso_ms(said.issued_at_ms)}",
        f"expires {iso_ms(said.expires_at_ms)}",
        *(f"address {address}" for address in said.addresses),
        *([f"onion {said.onion}"] if said.onion else []),
    ]
    for fault in _faults(said):
        raise _malformed(fault)
    return "\n".join(lines) + "\n"


def read(text: str) -> Whereabouts:
    """Read the text, which has one form only. Invalid `beacon_malformed`.

    Signatures are the caller's to check: `check`.
    """
    first, site, *rest = [*text.split("\n")[:-1], "", ""]
    fields = [line.partition(" ") for line in rest if line]
    named = {name: value for name, _, value in fields}
    try:
        said = Whereabouts(
            site=site,
            sequence=int(named.get("sequence", "")),
            issued_at_ms=parse_iso_ms(named.get("issued", "")),
            expires_at_ms=parse_iso_ms(named.get("expires", "")),
            addresses=tuple(value for name, _, value in fields if name == "address"),
            onion=named.get("onion", ""),
        )
        good = first == FORMAT and write(said) == text
    except (ValueError, OverflowError) as error:
        raise _malformed("a line is missing or unreadable") from error
    if not good:
        raise _malformed("its lines are not in their order and form")
    return said


def _faults(said: Whereabouts) -> list[str]:
    lasts_ms = said.expires_at_ms - said.issued_at_ms
    found = [
        (not is_site(said.site), "the site is named as handles end"),
        (not _NUMBER.fullmatch(str(said.sequence)), "the sequence begins with 1"),
        (not 0 < lasts_ms <= LONGEST_MS, "it lasts 400 days at most"),
        (not 1 <= len(said.addresses) <= _MOST_ADDRESSES, "it has 1 to 10 addresses"),
        (len(set(said.addresses)) < len(said.addresses), "an address stands there twice"),
        (not all(map(_is_address, said.addresses)), "an address is https, without a path"),
        (bool(said.onion) and not _ONION.fullmatch(said.onion), "no such onion address"),
    ]
    return [fault for stands, fault in found if stands]


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    plain = f"https://{host}" + (f":{port}" if port else "")
    # Other signs could change what a terminal shows to whoever is about to sign.
    return _HOST.fullmatch(host) is not None and address == plain


def _malformed(fault: str) -> Invalid:
    return Invalid("beacon_malformed", f"this is no beacon: {fault}")


def check(
    signed: bytes,
    keys: Sequence[VerifierKey],
    *,
    site: str,
    now_ms: int,
    newest: Whereabouts | None = None,
) -> Whereabouts:
    """Believe a beacon, or say why not; `newest`: the last one believed.

    Invalid `beacon_malformed`, `bad_signature`, `beacon_too_few_signers`,
    `beacon_of_another_site`, `beacon_from_the_future`, `beacon_expired`; Conflict
    `beacon_rolled_back` for an older one, or another of the same sequence.
    """
    if len(signed) > MOST_BYTES:
        raise _malformed(f"it has more than {MOST_BYTES} bytes")
    note = open_note(signed, keys)
    # One key twice, or under two names, is one signer.
    known = {(key.name, key.key_id): key.public_key for key in keys}
    signers = {known[one.name, one.key_id] for one in note.verified}
    if len(signers) < SIGNERS_NEEDED:
        raise Invalid(
            "beacon_too_few_signers",
            f"{SIGNERS_NEEDED} of the keys must sign it",
            signers=len(signers),
        )
    said = read(note.text)
    if said.site != site:
        raise Invalid("beacon_of_another_site", "it speaks of another site", said=said.site)
    if said.issued_at_ms > now_ms + _SKEW_MS:
        raise Invalid("beacon_from_the_future", "it was issued later than now: look at the clock")
    if said.expires_at_ms <= now_ms:
        raise Invalid("beacon_expired", "its time is over: have a new one signed")
    if newest is not None and said != newest and said.sequence <= newest.sequence:
        raise Conflict(
            "beacon_rolled_back",
            "a later one was seen: the next sequence is " + str(newest.sequence + 1),
            sequence=said.sequence,
        )
    return said


def text_of(signed: bytes) -> str:
    """The text under the signatures, unchecked: for whoever is about to sign it too."""
    return split_note(signed)[0]
