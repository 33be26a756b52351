"""The second step of a sign-in: a passkey, a code by app, letter or text, a recovery code.

After the first step (a password, or a link sent to the mailbox) a browser holds a ticket: 10
minutes, five wrong answers. The ticket is a cookie, so that a code told to somebody else's browser
opens nothing there. Ways are offered in this order; another way is a name in `ORDER`, a line in
`ways_of` and one in `_fits`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.events import FactorsChanged
from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Conflict, Invalid, Throttled
from venire.kernel.ids import AccountId
from venire.people import (
    codes,
    departures,
    factor_rows,
    factors,
    letters,
    mail_codes,
    passkeys,
    phones,
)
from venire.people.factor_rows import TRIES_SPENT
from venire.people.model import DELETED, Account
from venire.people.own_passkeys import Ceremony, passkeys_of, use_passkey
from venire.people.passkeys import Party
from venire.people.store import load_account
from venire.people.texts import Phones
from venire.people.tokens import fits_password, new_secret_of, secret_hash
from venire.storage.tables.factors import SECOND_STEPS, PasskeyRow, SecondStepRow
from venire.storage.verbs import Put
from venire.storage.world import World

PASSKEY: Final = "passkey"
TOTP: Final = "totp"
MAIL: Final = "mail"
TEXT: Final = "text"
RECOVERY: Final = "recovery"
ORDER: Final = (PASSKEY, TOTP, MAIL, TEXT, RECOVERY)
BY_PASSWORD: Final = "password"  # noqa: S105 - the name of a first step
BY_MAILBOX: Final = "mailbox"
PAUSED: Final = "paused"
LASTS_MS: Final = 10 * MINUTE_MS
TRIES: Final = 5
LETTERS: Final = 3
"""Codes by e-mail in one sign-in."""
_ATTEMPTS: Final = 8


class Waiting(msgspec.Struct, frozen=True):
    """A sign-in that waits: whose, and what may be shown. `keys`: passkeys that work here."""

    row: SecondStepRow
    account: Account
    ways: tuple[str, ...]
    keys: tuple[PasskeyRow, ...]


def ticket_cookie(base_url: str) -> str:
    """The name of the cookie that holds a ticket. Over TLS its prefix binds it to this host."""
    return "__Host-venire_step" if base_url.startswith("https://") else "venire_step"


async def begin(world: World, account_id: int, *, first: str) -> str:
    """A ticket for who took the first step; empty where that step is enough."""
    held = await factor_rows.load(world, account_id)
    if not held.needed:
        return ""
    ticket = await new_secret_of(world, account_id)
    until_ms = world.now_ms() + LASTS_MS
    row = SecondStepRow(
        ticket_hash=_key(ticket),
        version=0,
        account_id=account_id,
        first=first,
        letter_id=0,
        letters=0,
        tries=0,
        spent=False,
        until_ms=until_ms,
    )
    await _save(world, row)
    return ticket


def _key(ticket: str) -> str:
    return secret_hash(ticket).hex()


async def waiting(world: World, ticket: str, party: Party | None) -> Waiting | None:
    """The sign-in that a ticket stands for; None when it is over."""
    row = await world.storage.get(SECOND_STEPS, (_key(ticket),)) if ticket else None
    if row is None or row.spent or row.tries >= TRIES or row.until_ms <= world.now_ms():
        return None
    account = await load_account(world, row.account_id)
    if account is None or not await _may_enter(world, account):
        return None
    if not await fits_password(world, row.account_id, ticket):
        return None
    keys = tuple(
        one
        for one in await passkeys_of(world, account.id)
        if party is not None and one.party == party.domain
    )
    return Waiting(row, account, await ways_of(world, row, keys), keys)


async def ways_of(
    world: World, row: SecondStepRow, keys: tuple[PasskeyRow, ...]
) -> tuple[str, ...]:
    """How this sign-in can go on, in the order in which it is offered."""
    held = await factor_rows.load(world, row.account_id)
    by_mail = held.mail_at_ms and not _mail_shut(row, held, world.now_ms())
    there = {
        PASSKEY: bool(keys),
        TOTP: bool(held.totp_at_ms),
        MAIL: bool(by_mail) and world.site.letters,
        TEXT: bool(held.text_at_ms) and await phones.has_phone(world, row.account_id),
        RECOVERY: bool(held.codes_left),
    }
    return tuple(way for way in ORDER if there[way])


def _mail_shut(row: SecondStepRow, held: factor_rows.Factors, now_ms: int) -> str:
    """Why a code by e-mail does not count in this sign-in; empty where it does, or is off.

    One mailbox is one factor: neither after a letter that was the first step, nor soon after one
    that made the password.
    """
    if factor_rows.paused_until_ms(held.mail_at_ms, now_ms) is not None:
        return PAUSED
    return BY_MAILBOX if held.mail_at_ms is not None and row.first == BY_MAILBOX else ""


async def mail_shut(world: World, step: Waiting) -> tuple[str, int | None]:
    """Why a code by e-mail is not offered though it is on, for the page: and until when.

    `paused`, `mailbox` (the first step was a letter), or empty.
    """
    held = await factor_rows.load(world, step.account.id)
    why = _mail_shut(step.row, held, world.now_ms())
    return why, held.mail_at_ms if why == PAUSED else None


async def send_code(world: World, step: Waiting) -> None:
    """Write a letter with a code. Invalid `way_closed`, Throttled `too_many_codes`.

    A code lasts ten minutes; the one before it ends. Conflict `no_mailbox` where none can be sent.
    """
    if MAIL not in step.ways:
        raise _closed()
    if step.row.letters >= LETTERS:
        raise Throttled("too_many_codes", "Too many codes: sign in again later", retry_after_s=600)
    letter_id = world.ids.next()
    # First the letter: a code that nobody was sent must not take the place of one that was.
    if not await letters.send(world, step.account.id, mail_codes.CODE, letter_id=letter_id):
        raise factors.no_mailbox()
    for _ in range(_ATTEMPTS):
        row = await world.storage.get(SECOND_STEPS, (step.row.ticket_hash,))
        if row is None or row.spent:
            return
        sent = msgspec.structs.replace(row, letter_id=letter_id, letters=row.letters + 1)
        if await _save(world, sent):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def send_text(
    world: World, desk: Phones | None, step: Waiting, *, address: str, language: str
) -> None:
    """Send a text with a code to the account's own phone. As `codes.ask`; Invalid `way_closed`."""
    phone = await phones.phone_of(world, step.account.id)
    if TEXT not in step.ways or phone is None:
        raise _closed()
    asker = codes.Asker(step.account.id, _session(step.row), address, language)
    await codes.ask(world, desk, asker, phone.e164, region=phone.region)


def _session(row: SecondStepRow) -> str:
    """What a code by text is bound to: this sign-in and no other."""
    return f"second step:{row.ticket_hash}"


async def text_sent(world: World, step: Waiting) -> bool:
    """Whether a text of this sign-in still counts."""
    return (
        await codes.waiting(world, codes.Asker(step.account.id, _session(step.row), "")) is not None
    )


def _closed() -> Invalid:
    return Invalid("way_closed", "This account does not sign in that way")


async def answer(world: World, step: Waiting, way: str, said: str, party: Party | None) -> bool:
    """Whether what somebody says ends the second step; it is spent then. A wrong answer counts.

    Invalid `way_closed`.
    """
    if way not in step.ways:
        raise _closed()
    # Counted before it is looked at: of a thousand answers sent at once, five are.
    row = await _count(world, step.row.ticket_hash)
    if row is None:
        return False
    if not await _fits(world, row, way, said, party):
        if row.tries >= TRIES:
            await _tell(world, row.account_id)
        return False
    if not await _spend(world, row.ticket_hash):
        return False
    return await _returned(world, row.account_id)


async def _may_enter(world: World, account: Account) -> bool:
    if account.state == DELETED:
        return await departures.returnable(world, account.id)
    return not account.disabled


async def _returned(world: World, account_id: int) -> bool:
    """Whether somebody is here; who left a short while ago is back by it."""
    account = await load_account(world, account_id)
    if account is not None and account.state == DELETED:
        return await departures.come_back(world, account_id) is not None
    return account is not None


async def _count(world: World, ticket_hash: str) -> SecondStepRow | None:
    for _ in range(_ATTEMPTS):
        row = await world.storage.get(SECOND_STEPS, (ticket_hash,))
        if row is None or row.spent or row.tries >= TRIES or row.until_ms <= world.now_ms():
            return None
        counted = msgspec.structs.replace(row, tries=row.tries + 1)
        if await _save(world, counted):
            return counted
    return None


async def _spend(world: World, ticket_hash: str) -> bool:
    for _ in range(_ATTEMPTS):
        row = await world.storage.get(SECOND_STEPS, (ticket_hash,))
        if row is None or row.spent:
            return False
        if await _save(world, msgspec.structs.replace(row, spent=True)):
            return True
    return False


async def _save(world: World, row: SecondStepRow) -> bool:
    """Save the next version of a row, unless somebody was first."""
    new = msgspec.structs.replace(row, version=row.version + 1)
    try:
        await world.storage.commit(
            f"second_step:{row.ticket_hash}",
            [Put(SECOND_STEPS, new, row.until_ms)],
            expect=row.version,
        )
    except Conflict:
        return False
    return True


async def _fits(world: World, row: SecondStepRow, way: str, said: str, party: Party | None) -> bool:
    match way:
        case "totp":
            good = await factors.use_totp(world, row.account_id, said)
        case "mail":
            good = await mail_codes.fits(world, row.account_id, row.letter_id, said)
        case "text":
            good = await _fits_text(world, row, said)
        case "recovery":
            good = await factors.use_recovery(world, row.account_id, said)
        case _:
            good = party is not None and await _fits_passkey(world, row, said, party)
    return good


async def _fits_passkey(world: World, row: SecondStepRow, said: str, party: Party) -> bool:
    try:
        ceremony = Ceremony(passkeys.read_credential(said), party, row.ticket_hash)
        whose = await use_passkey(world, ceremony, purpose=passkeys.SECOND)
    except Invalid:
        return False
    return whose == row.account_id


async def _fits_text(world: World, row: SecondStepRow, said: str) -> bool:
    try:
        await codes.verify(world, codes.Asker(row.account_id, _session(row), ""), said)
    except Invalid:
        return False
    return True


async def _tell(world: World, account_id: int) -> None:
    """Somebody knows the first secret of this account and not the second: its owner hears of it."""
    told = [FactorsChanged(account_id, TRIES_SPENT)]
    await world.storage.commit(f"second_step:{world.ids.next()}", [], told)


async def enter_by_passkey(world: World, ceremony: Ceremony) -> AccountId:
    """Whom a passkey lets in by itself: it asked who uses it. Invalid `passkey_refused`."""
    account_id = await use_passkey(world, ceremony, purpose=passkeys.ENTER)
    account = await load_account(world, account_id)
    if account is None or not await _may_enter(world, account):
        raise passkeys.refused()
    await _returned(world, account_id)
    return AccountId(account_id)
