"""Passkeys: what a browser is asked, and whether what it answers is right.

Source: W3C Web Authentication Level 3, sections 7.1 and 7.2, by the library `webauthn`. A passkey
works for one domain (its relying party), so a member makes one for each standby domain too. A
challenge is signed, bound to who asked and ends; nothing is kept until it is answered, and then
that it was, so that it answers nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Invalid
from venire.people.model import Account
from venire.storage.tables.factors import SPENT_CEREMONIES, PasskeyRow, SpentCeremonyRow
from venire.storage.world import Site, World

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor
    from webauthn.registration.verify_registration_response import VerifiedRegistration

LASTS_MS: Final = 10 * MINUTE_MS
MAKE: Final = "make"
ENTER: Final = "enter"
SECOND: Final = "second"
AGAIN: Final = "again"
"""Purposes of a challenge: a new passkey, a sign-in by it alone, as second step, to confirm."""
_NONCE: Final = 16
_TIME: Final = 8
_MARK: Final = 16
_LONGEST: Final = 16_384
_CREDENTIAL_BYTES: Final = 1_023
"""As section 4 of the standard bounds an identifier."""
_PURPOSE: Final = "passkey challenge"


class Party(NamedTuple):
    """Whom a passkey is for: a domain, and the origin of its pages."""

    domain: str
    origin: str


def party_of(site: Site, host: str) -> Party | None:
    """The party of the address that a browser used; None where there can be no passkey.

    Only the site's own domain and its standby domains: a Host header is the caller's to choose.
    """
    if host == site.host:
        name = urlsplit(site.base_url).hostname or ""
        return None if _is_number(name) else Party(name, site.base_url)
    return Party(host, f"https://{host}") if host in site.passkey_domains else None


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return not name
    return True


class Answered(NamedTuple):
    """A passkey that was used: how often, by itself, and whether it asked who uses it."""

    sign_count: int
    verified: bool


def new_challenge(world: World, purpose: str, bound: str, party: Party) -> bytes:
    """A challenge for one purpose. `bound`: the browser, the sign-in or the account that asks."""
    body = world.chance.token(_NONCE) + (world.now_ms() + LASTS_MS).to_bytes(_TIME, "big")
    return body + _signature(world, purpose, bound, party, body)


def _signature(world: World, purpose: str, bound: str, party: Party, body: bytes) -> bytes:
    said = f"{purpose}\0{party.domain}\0{bound}".encode() + b"\0" + body
    return world.vault.mark(_PURPOSE, said)[:_MARK]


def _known_challenge(
    world: World, credential: dict[str, Any], purpose: str, bound: str, party: Party
) -> bytes | None:
    """The challenge that an answer says it is for, where it is ours and not over."""
    try:
        said = json.loads(_bytes(credential["response"]["clientDataJSON"]))
        challenge = _bytes(said["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    body, signature = challenge[:-_MARK], challenge[-_MARK:]
    if len(body) != _NONCE + _TIME:
        return None
    if not hmac.compare_digest(signature, _signature(world, purpose, bound, party, body)):
        return None
    until_ms = int.from_bytes(body[_NONCE:], "big")
    return challenge if until_ms > world.now_ms() else None


async def _spend(world: World, challenge: bytes) -> bool:
    until_ms = int.from_bytes(challenge[_NONCE : _NONCE + _TIME], "big")
    row = SpentCeremonyRow(hashlib.sha256(challenge).hexdigest(), until_ms)
    there = await world.storage.put_if_absent(SPENT_CEREMONIES, row, expires_at_ms=until_ms)
    return there is None


def _bytes(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ValueError
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError from error


def refused() -> Invalid:
    """Why no passkey lets in is the same for all reasons."""
    return Invalid("passkey_refused", "The passkey was not accepted: try again")


def read_credential(text: str) -> dict[str, Any]:
    """What a browser answered, as JSON. Invalid `passkey_refused`."""
    try:
        found = json.loads(text[: _LONGEST + 1]) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise refused()
    return found


def credential_id_of(credential: dict[str, Any]) -> bytes:
    """Which passkey an answer is from. Invalid `passkey_refused`."""
    try:
        found = _bytes(credential["rawId"])
    except (KeyError, ValueError) as error:
        raise refused() from error
    if not 0 < len(found) <= _CREDENTIAL_BYTES:
        raise refused()
    return found


def credential_hash(credential_id: bytes) -> bytes:
    """The key under which a passkey is found."""
    return hashlib.sha256(credential_id).digest()


def user_handle(world: World, account_id: int) -> bytes:
    """What an authenticator keeps for an account: no name, and the same at each party."""
    return world.vault.mark("passkey user", str(account_id).encode())


def making_options(
    world: World, account: Account, party: Party, there: Sequence[PasskeyRow], bound: str
) -> dict[str, Any]:
    """What `navigator.credentials.create` is given, as the standard's JSON."""
    from venire.people import webauthn_library as library

    options = library.generate_registration_options(
        rp_id=party.domain,
        rp_name=world.site.title,
        user_id=user_handle(world, account.id),
        user_name=account.username,
        user_display_name=account.username,
        challenge=new_challenge(world, MAKE, bound, party),
        timeout=LASTS_MS,
        authenticator_selection=library.AuthenticatorSelectionCriteria(
            resident_key=library.ResidentKeyRequirement.PREFERRED,
            user_verification=library.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(there, party),
    )
    return dict(json.loads(library.options_to_json(options)))


def using_options(
    world: World, purpose: str, party: Party, there: Sequence[PasskeyRow], bound: str
) -> dict[str, Any]:
    """What `navigator.credentials.get` is given. Without `there` any passkey of the party will do.

    Alone a passkey has to ask who uses it; beside a password that it is there is enough.
    """
    from venire.people import webauthn_library as library

    wished = (
        library.UserVerificationRequirement.REQUIRED
        if purpose == ENTER
        else library.UserVerificationRequirement.PREFERRED
    )
    options = library.generate_authentication_options(
        rp_id=party.domain,
        challenge=new_challenge(world, purpose, bound, party),
        timeout=LASTS_MS,
        allow_credentials=_descriptors(there, party),
        user_verification=wished,
    )
    return dict(json.loads(library.options_to_json(options)))


def _descriptors(
    there: Sequence[PasskeyRow], party: Party
) -> list[PublicKeyCredentialDescriptor] | None:
    from venire.people import webauthn_library as library

    return [
        library.PublicKeyCredentialDescriptor(
            id=row.credential_id,
            transports=[library.AuthenticatorTransport(one) for one in row.transports.split()]
            or None,
        )
        for row in there
        if row.party == party.domain
    ] or None


def transports_of(credential: dict[str, Any]) -> str:
    """How an authenticator says that it is reached; what is not in the standard is left out."""
    from venire.people import webauthn_library as library

    response = credential.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    named = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    return " ".join(sorted(library.TRANSPORTS.intersection(named[:20])))


async def check_made(
    world: World, credential: dict[str, Any], party: Party, bound: str
) -> VerifiedRegistration:
    """A new passkey, checked. Invalid `passkey_refused`: of another origin, replayed, over."""
    from venire.people import webauthn_library as library

    challenge = _known_challenge(world, credential, MAKE, bound, party)
    if challenge is None:
        raise refused()
    try:
        made = library.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=party.origin,
        )
    except library.FAULTS as error:
        raise refused() from error
    if len(made.credential_id) > _CREDENTIAL_BYTES or not await _spend(world, challenge):
        raise refused()
    return made


async def check_used(
    world: World, ceremony: tuple[dict[str, Any], Party, str], row: PasskeyRow, *, purpose: str
) -> Answered:
    """A passkey's answer, checked. Invalid `passkey_refused`.

    `ceremony`: what the browser answered, its party, and what the challenge was bound to. Another
    origin, a replay, a count that went back (section 6.1.1: a copy) are refused
    alike.
    """
    from venire.people import webauthn_library as library

    credential, party, bound = ceremony
    challenge = _known_challenge(world, credential, purpose, bound, party)
    if challenge is None or row.party != party.domain:
        raise refused()
    try:
        used = library.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=party.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=purpose == ENTER,
        )
    except library.FAULTS as error:
        raise refused() from error
    if not await _spend(world, challenge):
        raise refused()
    return Answered(used.new_sign_count, used.user_verified)
