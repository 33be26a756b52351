"""A guardian's consent: the account waits until the guardian, or a moderator for them, agrees.

The link is made from the row by a secret of this site, so that it can be sent again; it works once.
Unanswered for 30 days, the account is closed.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from venire.events import AccountAdmitted
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Gone, NotFound
from venire.kernel.ids import AccountId
from venire.people.admin_log import log_line
from venire.people.model import CONSENT, Account
from venire.people.store import changed_account_writes, load_account, site_salt
from venire.storage.tables.defences import CONSENTS, ConsentRow
from venire.storage.timers import timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

WAITING = "waiting"
GIVEN = "given"
REFUSED = "refused"
WAIT_MS = 30 * DAY_MS
TIMER = "consent"
_SIGNATURE = 16
_NONCE = 16
_LONGEST = 200


def consent_writes(
    world: World, account: Account, *, next_state: str, guardian_email: str
) -> list[Write]:
    """The rows of a consent that is asked for, in the commit that makes the account."""
    now_ms = world.now_ms()
    row = ConsentRow(
        account_id=account.id,
        nonce=world.chance.token(_NONCE),
        guardian_email=guardian_email or None,
        state=WAITING,
        next_state=next_state,
        asked_at_ms=now_ms,
        until_ms=now_ms + WAIT_MS,
        decided_at_ms=None,
        decided_by=None,
    )
    end = timer(f"account:{account.id}", TIMER, str(account.id), row.until_ms)
    return [Put(CONSENTS, row), end]


async def load_consent(world: World, account_id: int) -> ConsentRow | None:
    """What became of the consent to an account; None where none was needed."""
    return await world.storage.get(CONSENTS, (account_id,))


async def consent_link(world: World, row: ConsentRow) -> str:
    """The address that the guardian opens."""
    body = row.account_id.to_bytes(8, "big")
    signed = body + await _signature(world, body, row.nonce)
    token = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    return f"{world.site.base_url}/consent/{token}"


async def _signature(world: World, body: bytes, nonce: bytes) -> bytes:
    salt = await site_salt(world, "consent_links")
    return hmac.digest(salt, body + nonce, "sha256")[:_SIGNATURE]


async def consent_asked(world: World, token: str) -> ConsentRow:
    """What a link asks for. NotFound `record_not_found`; Gone `consent_answered`."""
    try:
        signed = base64.urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        signed = b""
    body = signed[:8]
    account_id = int.from_bytes(body, "big")
    well_formed = len(signed) == len(body) + _SIGNATURE and account_id < 1 << 63
    row = await load_consent(world, account_id) if well_formed else None
    if row is None or not hmac.compare_digest(signed[8:], await _signature(world, body, row.nonce)):
        raise NotFound("record_not_found", "Record not found")
    if row.state != WAITING or row.until_ms <= world.now_ms():
        raise Gone("consent_answered", "This was answered already, or its time is over")
    return row


async def give_consent(world: World, account_id: int, *, by: int | None = None) -> Account:
    """Let a minor in, as far as this goes: address or moderator may still be waited for.

    `by`: the moderator who says so in the guardian's place. NotFound `record_not_found`.
    """
    row, account = await _waiting(world, account_id)
    now_ms = world.now_ms()
    given = msgspec.structs.replace(
        row, state=GIVEN, guardian_email=None, decided_at_ms=now_ms, decided_by=by
    )
    new = msgspec.structs.replace(account, version=account.version + 1, state=row.next_state)
    writes = [*changed_account_writes(account, new), Put(CONSENTS, given)]
    if by is not None:
        writes.append(
            log_line(
                world,
                actor_id=by,
                action="consent",
                target=str(account_id),
                reason="",
                aggregate=f"account:{account_id}",
            )
        )
    told = [AccountAdmitted(AccountId(account_id))]
    await world.storage.commit(f"account:{account_id}", writes, told, expect=account.version)
    return new


async def _waiting(world: World, account_id: int) -> tuple[ConsentRow, Account]:
    row = await load_consent(world, account_id)
    account = await load_account(world, account_id)
    if row is None or account is None or row.state != WAITING or account.state != CONSENT:
        raise NotFound("record_not_found", "Record not found")
    return row, account


async def refuse_consent(world: World, account_id: int) -> AccountId | None:
    """Note a guardian's no; whom to close for it, None where there is nothing to refuse."""
    row = await load_consent(world, account_id)
    if row is None or row.state != WAITING:
        return None
    refused = msgspec.structs.replace(
        row, state=REFUSED, guardian_email=None, decided_at_ms=world.now_ms()
    )
    if not await world.storage.compare_and_set(CONSENTS, row, refused):
        raise Conflict("try_again", "This changed meanwhile: try again")
    return AccountId(account_id)
