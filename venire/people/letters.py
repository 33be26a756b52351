"""Letters by e-mail: queued from events, each once; and the links in them.

A letter is a row: to whom and of what kind. Its address, its text and its link are made when it is
handed over (`post_office.py`), so a letter that is tried again is the same letter, and no address
or secret lies in the queue. A link is signed with the address that it went to, and ends.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
from typing import Final

import msgspec

from venire.events import AccountAdmitted, AccountCreated, FactorsChanged, LetterAsked
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, utc_day
from venire.kernel.errors import Conflict, Gone, NotFound
from venire.kernel.i18n import supported
from venire.people import suppression, unsubscribing
from venire.people.consent import consent_link, load_consent
from venire.people.factor_rows import NEWS, TRIES_SPENT
from venire.people.mail_codes import CODE, code_of
from venire.people.model import (
    ACTIVE,
    CONSENT,
    DELETED,
    PENDING,
    UNCONFIRMED,
    Account,
    Login,
)
from venire.people.store import email_hash, load_account, load_login, site_salt
from venire.storage.tables.letters import (
    LETTER_ALLOWANCES,
    LETTERS,
    LETTERS_DUE,
    LETTERS_LOST,
    LetterAllowanceRow,
    LetterDueRow,
    LetterLostRow,
    LetterRow,
)
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World

_log = logging.getLogger(__name__)

CONFIRM: Final = "confirm"
GUARDIAN: Final = "guardian"
ADMITTED: Final = "admitted"
RESET: Final = "reset"
SIGN_IN: Final = "sign_in"
LEAVE: Final = "leave"
SUMMONS: Final = "summons"
"""To a juror, who may have chosen to hear by mail: it says no more than that the room has one."""
MOVED: Final = "moved"
"""To everybody: the site is reached elsewhere from now on."""
MEMBERSHIP: Final = "membership"
"""To a member whose membership ends, or has ended, and is not renewed by itself."""
PATHS: Final = {
    CONFIRM: "/confirm",
    RESET: "/password",
    SIGN_IN: "/sign-in",
    LEAVE: "/account/delete",
}
"""Kind -> where its link leads, before the token."""
_PLAIN: Final = {ADMITTED: "/sign-in", SUMMONS: "/jury", MOVED: "", MEMBERSHIP: "/membership"}
"""Kind -> where it leads; nothing in the address is the reader's alone."""
ASKED: Final = frozenset(PATHS)
"""Kinds that somebody may ask for."""
LASTS_MS: Final = {
    CONFIRM: 7 * DAY_MS,
    RESET: 6 * HOUR_MS,
    SIGN_IN: 6 * HOUR_MS,
    LEAVE: DAY_MS,
    SUMMONS: 4 * HOUR_MS,
    CODE: 10 * MINUTE_MS,
}
HEARS: Final = (AccountCreated, AccountAdmitted, LetterAsked, FactorsChanged)
SECURITY: Final = frozenset(NEWS)
"""Kinds that tell of a change of how somebody signs in; they have an allowance of their own."""
OPTIONAL: Final = frozenset({SUMMONS, MOVED})
"""Kinds that nobody needs: they can be unsubscribed, and a complaint stops them."""

QUEUED: Final = "queued"
SENT: Final = "sent"
LOST: Final = "lost"
NEEDLESS: Final = "needless"
BY_HAND: Final = "by_hand"
"""States of a letter. Needless: nobody is there any more whom it would reach."""

KEPT_MS = 30 * DAY_MS
TRIED_MS = 3 * DAY_MS
"""How long a letter is tried again."""
DAILY = 10
"""Letters to one address in a day: nobody's mailbox is filled through us."""
_ALLOWANCES: Final = dict.fromkeys(NEWS, "security ") | {
    CODE: "codes ",
    TRIES_SPENT: "tries ",
}
"""Allowances apart: whoever has a password and no more must not use up what tells its owner."""
_SIGNATURE = 16
_NONCE = 16
_LONGEST = 100
_TRIES = 8
_COUNTED = 1_000


async def ask(world: World, account_id: int | None, kind: str) -> None:
    """Ask for a letter; the same work, and the same answer, where there is no such account."""
    told = LetterAsked(account_id or 0, kind)
    await world.storage.commit(f"letter_asked:{world.ids.next()}", [], [told])


async def hear(world: World, envelope: Envelope) -> None:
    """Queue the letter that an event calls for, once."""
    event = envelope.event
    if not world.site.letters or not isinstance(event, HEARS) or not event.account_id:
        return
    account = await load_account(world, event.account_id)
    login = await load_login(world, event.account_id)
    if account is None or login is None or account.state == DELETED:
        return
    if isinstance(event, FactorsChanged):
        # An address that nobody confirmed may be a stranger's.
        known = event.kind in SECURITY and login.confirmed_at_ms is not None
        kind = event.kind if known else ""
    elif isinstance(event, LetterAsked):
        held = await suppression.reason_of(world, login.email)
        kind = _asked(event.key, account, login, again=held is not None)
    else:
        kind = _called_for(account, login, admitted=isinstance(event, AccountAdmitted))
    if kind:
        await _queue(world, envelope.id, account, login, kind)


def _called_for(account: Account, login: Login, *, admitted: bool) -> str:
    if account.state == CONSENT:
        return GUARDIAN
    if account.state in {UNCONFIRMED, PENDING}:
        return CONFIRM if login.confirmed_at_ms is None else ""
    return ADMITTED if admitted and account.state == ACTIVE else ""


def _asked(kind: str, account: Account, login: Login, *, again: bool) -> str:
    if kind == CONFIRM and again and account.state == ACTIVE:
        # Letters to this address came back: its owner says that it takes them now.
        return CONFIRM
    if kind == CONFIRM and login.confirmed_at_ms is not None:
        return ""
    if kind == CONFIRM and account.state not in {UNCONFIRMED, PENDING}:
        return ""
    # Whoever cannot sign in any more may still have everything about them erased.
    return kind if kind in ASKED and (kind == LEAVE or not account.disabled) else ""


async def send(world: World, account_id: int, kind: str, *, letter_id: int) -> bool:
    """Queue a letter of the house's own accord, once per id; whether there is a way to send it.

    Only to an address that its owner has confirmed. Who has left comes back by a code.
    """
    account = await load_account(world, account_id)
    login = await load_login(world, account_id)
    confirmed = login is not None and login.confirmed_at_ms is not None
    if account is None or login is None or not world.site.letters or not confirmed:
        return False
    if account.state != ACTIVE and (kind, account.state) != (CODE, DELETED):
        return False
    await _queue(world, letter_id, account, login, kind)
    return await world.storage.get(LETTERS, (letter_id,)) is not None


async def fate_of(world: World, letter_id: int) -> LetterRow | None:
    """What became of a letter; None where there is none, or not any more."""
    return await world.storage.get(LETTERS, (letter_id,))


async def _queue(world: World, letter_id: int, account: Account, login: Login, kind: str) -> None:
    if await world.storage.get(LETTERS, (letter_id,)) is not None:
        return
    address = await address_of(world, kind, login)
    if not address or await stopped(world, account.id, kind, address):
        return
    if not await _spend(world, address, _ALLOWANCES.get(kind, "")):
        _log.warning("letter_over_allowance", extra={"kind": kind, "account": account.id})
        return
    row = _row(world, letter_id, account.id, kind, supported(login.locale))
    # Somebody sits and waits for a code: it goes before whatever else is due.
    due_ms = row.queued_at_ms - (DAY_MS if kind == CODE else 0)
    due = LetterDueRow(0, due_ms, row.id)
    try:
        await world.storage.commit(f"letter:{row.id}", [put(row), Put(LETTERS_DUE, due)], expect=0)
    except Conflict:
        # The same event, told twice at once.
        return


def _row(world: World, letter_id: int, account_id: int, kind: str, language: str) -> LetterRow:
    now_ms = world.now_ms()
    return LetterRow(
        id=letter_id,
        version=1,
        account_id=account_id,
        kind=kind,
        state=QUEUED,
        nonce=world.chance.token(_NONCE),
        language=language,
        queued_at_ms=now_ms,
        until_ms=now_ms + LASTS_MS.get(kind, TRIED_MS),
        settled_at_ms=None,
        used_at_ms=None,
        tries=0,
        said="",
    )


def put(row: LetterRow) -> Write:
    """A letter's row as a write: it lapses by itself."""
    return Put(LETTERS, row, row.queued_at_ms + KEPT_MS)


async def _spend(world: World, address: str, purpose: str) -> bool:
    """Count a letter to an address; whether there may be one more today."""
    now_ms = world.now_ms()
    salt = await site_salt(world, "letter_allowances")
    said = f"{purpose}{utc_day(now_ms)} ".encode() + email_hash(address)
    key = hmac.new(salt, said, hashlib.sha256).hexdigest()
    first = LetterAllowanceRow(key, 1)
    for _ in range(_TRIES):
        row = await world.storage.put_if_absent(
            LETTER_ALLOWANCES, first, expires_at_ms=now_ms + DAY_MS
        )
        if row is None:
            return True
        if row.spent >= DAILY:
            return False
        more = msgspec.structs.replace(row, spent=row.spent + 1)
        if await world.storage.compare_and_set(LETTER_ALLOWANCES, row, more):
            return True
    raise Conflict("try_again", "This changed meanwhile: try again")


async def stopped(world: World, account_id: int, kind: str, address: str) -> bool:
    """Whether a letter of a kind does not go: the mailbox takes none, or nobody wants it.

    A letter to confirm an address always goes: by it letters are let through again.
    """
    if kind in OPTIONAL and await unsubscribing.has_stopped(world, account_id, kind):
        return True
    reason = None if kind == CONFIRM else await suppression.reason_of(world, address)
    return reason == suppression.BOUNCED or (reason is not None and kind in OPTIONAL)


async def address_of(world: World, kind: str, login: Login) -> str:
    """Where a letter goes; empty where nobody waits for it any more."""
    if kind != GUARDIAN:
        return login.email
    row = await load_consent(world, login.account_id)
    return "" if row is None else row.guardian_email or ""


# links


async def link_of(world: World, row: LetterRow, login: Login) -> str:
    """An address that a letter leads to, or its code; empty where nobody waits for it any more."""
    if row.kind in SECURITY:
        return f"{world.site.base_url}/settings/security"
    if row.kind in _PLAIN:
        return f"{world.site.base_url}{_PLAIN[row.kind]}"
    if row.kind == CODE:
        return code_of(world, row)
    if row.kind == GUARDIAN:
        asked = await load_consent(world, row.account_id)
        return "" if asked is None else await consent_link(world, asked)
    body = row.id.to_bytes(8, "big")
    signed = body + await _signature(world, row, login)
    token = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    return f"{world.site.base_url}{PATHS[row.kind]}/{token}"


async def link_by_hand(world: World, account: Account, kind: str, *, lasts_ms: int) -> str:
    """A link as a letter would have it, for an operator to hand over in another way."""
    login = await load_login(world, account.id)
    if login is None:
        raise NotFound("record_not_found", "Record not found")
    made = _row(world, world.ids.next(), account.id, kind, supported(login.locale))
    row = msgspec.structs.replace(
        made, state=BY_HAND, until_ms=made.queued_at_ms + lasts_ms, settled_at_ms=world.now_ms()
    )
    await world.storage.commit(f"letter:{row.id}", [put(row)], expect=0)
    return await link_of(world, row, login)


async def _signature(world: World, row: LetterRow, login: Login) -> bytes:
    salt = await site_salt(world, "letter_links")
    said = row.kind.encode() + b"\0" + row.id.to_bytes(8, "big") + row.nonce
    return hmac.digest(salt, said + email_hash(login.email), "sha256")[:_SIGNATURE]


async def read_link(world: World, kind: str, token: str) -> tuple[LetterRow, Account]:
    """The letter that a link is from, and whose. NotFound `record_not_found`; Gone `link_over`."""
    try:
        signed = base64.urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        signed = b""
    letter_id = int.from_bytes(signed[:8], "big")
    row = None
    if len(signed) == 8 + _SIGNATURE and letter_id < 1 << 63:
        row = await world.storage.get(LETTERS, (letter_id,))
    login = None if row is None else await load_login(world, row.account_id)
    if row is None or login is None or row.kind != kind:
        raise NotFound("record_not_found", "Record not found")
    if not hmac.compare_digest(signed[8:], await _signature(world, row, login)):
        raise NotFound("record_not_found", "Record not found")
    account = await load_account(world, row.account_id)
    over = row.used_at_ms is not None or row.until_ms <= world.now_ms()
    if over or account is None or account.state == DELETED:
        raise Gone("link_over", "This link was used already, or its time is over")
    return row, account


async def spend_link(world: World, row: LetterRow) -> None:
    """Use a link, the first time only. Gone `link_over`."""
    for _ in range(_TRIES):
        found = await world.storage.get(LETTERS, (row.id,))
        if found is None or found.used_at_ms is not None:
            break
        used = msgspec.structs.replace(found, version=found.version + 1, used_at_ms=world.now_ms())
        try:
            await world.storage.commit(f"letter:{row.id}", [put(used)], expect=found.version)
        except Conflict:
            # It was noted as sent at this moment.
            continue
        return
    raise Gone("link_over", "This link was used already, or its time is over")


# for operators


class Postbag(msgspec.Struct, frozen=True):
    """How the letters fare: how many wait (`more`: or even more), what was given up of late."""

    waiting: int
    more: bool
    lost: tuple[LetterLostRow, ...]


async def post_of(world: World, *, days: int = 3) -> Postbag:
    """How the letters fare now, and what was given up in the last days, newest first."""
    waiting = await world.storage.range(LETTERS_DUE, (0,), limit=_COUNTED)
    lost: list[LetterLostRow] = []
    for back in range(days):
        day = utc_day(world.now_ms() - back * DAY_MS)
        lost += await world.storage.range(LETTERS_LOST, (day,), limit=100)
    return Postbag(len(waiting), len(waiting) == _COUNTED, tuple(lost))
