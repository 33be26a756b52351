"""Second factors of an account: an app, codes by e-mail, recovery codes; and taking all away."""

from __future__ import annotations

from typing import Final

import msgspec

from venire.events import FactorsChanged
from venire.kernel.errors import Conflict, Invalid, Unavailable
from venire.people import recovery, suppression, totp
from venire.people.admin_log import log_line
from venire.people.factor_rows import (
    CLEARED,
    MAIL_ADDED,
    MAIL_PAUSED,
    MAIL_REMOVED,
    PAUSE_MS,
    RECOVERY_MADE,
    RECOVERY_USED,
    TEXT_ADDED,
    TEXT_REMOVED,
    TOTP_ADDED,
    TOTP_REMOVED,
    TRIES,
    Step,
    add,
    change,
    empty,
    load_row,
    new_codes,
)
from venire.people.own_passkeys import forget_writes, passkeys_of, save
from venire.people.phones import has_phone
from venire.people.store import load_login
from venire.storage.tables.factors import FactorsRow
from venire.storage.verbs import Write
from venire.storage.world import World

CLEAR: Final = "clear_factors"
_TOTP: Final = "totp secret"

# TOTP


async def begin_totp(world: World, account_id: int) -> bytes:
    """A new secret, which counts once its first code was given. Conflict `totp_there`."""
    secret = world.chance.token(totp.SECRET_BYTES)
    sealed = world.vault.seal(world.chance, _TOTP, str(account_id), secret)

    def decide(old: FactorsRow) -> Step:
        if old.totp_at_ms is not None:
            raise Conflict("totp_there", "There is an authenticator app already: remove it first")
        return Step(msgspec.structs.replace(old, totp_pending=sealed))

    await change(world, account_id, decide)
    return secret


async def pending_totp(world: World, account_id: int) -> bytes | None:
    """The secret that waits for its first code; None also where it was sealed by a lost key."""
    row = await load_row(world, account_id)
    if not row.totp_pending:
        return None
    try:
        return world.vault.open(_TOTP, str(account_id), row.totp_pending)
    except Unavailable:
        return None


async def confirm_totp(world: World, account_id: int, code: str) -> list[str]:
    """Count an app from now on; recovery codes if they are the first. Invalid `code_wrong`."""

    def decide(old: FactorsRow) -> Step | None:
        if not old.totp_pending:
            return None
        secret = world.vault.open(_TOTP, str(account_id), old.totp_pending)
        step = totp.fitting_step(secret, code, world.now_ms(), above=0)
        if step is None:
            return None
        now_ms = world.now_ms()
        row = msgspec.structs.replace(
            old,
            totp_sealed=old.totp_pending,
            totp_pending=b"",
            totp_step=step,
            totp_at_ms=now_ms,
        )
        return Step(row, (), TOTP_ADDED)

    codes = await add(world, account_id, decide)
    if codes is None:
        raise _wrong()
    return codes


def _wrong() -> Invalid:
    return Invalid("code_wrong", "This code is wrong, was used already, or its time is over")


async def remove_totp(world: World, account_id: int) -> None:
    """Take the app away; harmless where there is none."""

    def decide(old: FactorsRow) -> Step | None:
        if old.totp_at_ms is None and not old.totp_pending:
            return None
        row = msgspec.structs.replace(
            old, totp_sealed=b"", totp_pending=b"", totp_at_ms=None, totp_step=0
        )
        return Step(row, (), TOTP_REMOVED if old.totp_at_ms is not None else "")

    await change(world, account_id, decide)


async def use_totp(world: World, account_id: int, code: str) -> bool:
    """Whether a code is right; it is used then, and fits nowhere again."""

    def decide(old: FactorsRow) -> Step | None:
        if old.totp_at_ms is None:
            return None
        secret = world.vault.open(_TOTP, str(account_id), old.totp_sealed)
        step = totp.fitting_step(secret, code, world.now_ms(), above=old.totp_step)
        return None if step is None else Step(msgspec.structs.replace(old, totp_step=step))

    return await change(world, account_id, decide) is not None


# codes by e-mail


async def choose_mail(world: World, account_id: int, *, wanted: bool) -> list[str]:
    """Ask for a code by e-mail at sign-in, or no more; recovery codes if they are the first.

    Conflict `no_mailbox` where no letter would come: it would shut its owner out.
    """
    if wanted and not await _has_mailbox(world, account_id):
        raise no_mailbox()

    def decide(old: FactorsRow) -> Step | None:
        if (old.mail_at_ms is not None) == wanted:
            return None
        row = msgspec.structs.replace(old, mail_at_ms=world.now_ms() if wanted else None)
        return Step(row, (), MAIL_ADDED if wanted else MAIL_REMOVED)

    if wanted:
        return await add(world, account_id, decide) or []
    await change(world, account_id, decide)
    return []


def no_mailbox() -> Conflict:
    """Why there is no code by e-mail."""
    return Conflict("no_mailbox", "No letter reaches your mailbox now: use another way")


async def _has_mailbox(world: World, account_id: int) -> bool:
    login = await load_login(world, account_id)
    if login is None or login.confirmed_at_ms is None or not world.site.letters:
        return False
    return await suppression.reason_of(world, login.email) != suppression.BOUNCED


async def mailbox_was_used(world: World, account_id: int) -> None:
    """End the code by e-mail that stands beside a passkey or an app; pause one that stands alone.

    Whoever has just chosen a password by a letter would pass both steps by the same mailbox. Where
    there is nothing else, a recovery code opens the account at once; the pause is the time in which
    its owner hears of it, and ends by itself, so that nobody is shut out who lost those too.
    """
    until_ms = world.now_ms() + PAUSE_MS

    def decide(old: FactorsRow) -> Step | None:
        if old.mail_at_ms is None:
            return None
        if old.passkeys or old.totp_at_ms:
            return Step(msgspec.structs.replace(old, mail_at_ms=None), (), MAIL_REMOVED)
        return Step(msgspec.structs.replace(old, mail_at_ms=until_ms), (), MAIL_PAUSED)

    await change(world, account_id, decide)


# codes by text


async def choose_texts(world: World, account_id: int, *, wanted: bool) -> None:
    """Let a text to one's phone do as second step, or no more; it is never the only one.

    Conflict `text_alone` without another factor, `no_phone` without a number.
    """
    if wanted and not await has_phone(world, account_id):
        raise Conflict("no_phone", "Add a phone number first")

    def decide(old: FactorsRow) -> Step | None:
        if (old.text_at_ms is not None) == wanted:
            return None
        if wanted and not (old.passkeys or old.totp_at_ms or old.mail_at_ms):
            raise Conflict("text_alone", "Add a passkey or an app first: a text alone is too weak")
        row = msgspec.structs.replace(old, text_at_ms=world.now_ms() if wanted else None)
        return Step(row, (), TEXT_ADDED if wanted else TEXT_REMOVED)

    await change(world, account_id, decide)


# recovery codes


async def renew_recovery(world: World, account_id: int) -> list[str]:
    """Ten new recovery codes; the old ones end. Conflict `no_factor` without a factor."""
    codes = await new_codes(world)

    def decide(old: FactorsRow) -> Step:
        if not (old.passkeys or old.totp_at_ms or old.mail_at_ms):
            raise Conflict("no_factor", "Recovery codes come with a passkey or an app")
        return Step(codes.on(old), (), RECOVERY_MADE)

    await change(world, account_id, decide)
    return codes.shown


async def use_recovery(world: World, account_id: int, code: str) -> bool:
    """Whether a recovery code is right; it is used then."""
    for _ in range(TRIES):
        there = await load_row(world, account_id)
        after = await recovery.used(world, there.recovery, code)
        if after is None:
            return False
        kept = after

        def decide(old: FactorsRow, there: FactorsRow = there, kept: bytes = kept) -> Step | None:
            if old.recovery != there.recovery:
                return None
            return Step(msgspec.structs.replace(old, recovery=kept), (), RECOVERY_USED)

        if await change(world, account_id, decide) is not None:
            return True
    return False


# for operators


async def clear(world: World, account_id: int, *, actor_id: int, reason: str) -> None:
    """Take every factor away from somebody who lost them all; logged, and told to its owner."""
    line = log_line(
        world,
        actor_id=actor_id,
        action=CLEAR,
        target=str(account_id),
        reason=reason,
        aggregate=f"factors:{account_id}",
    )
    for _ in range(TRIES):
        head = await load_row(world, account_id)
        there = await passkeys_of(world, account_id)
        bare = msgspec.structs.replace(empty(account_id), version=head.version)
        writes: list[Write] = [line, *(write for row in there for write in forget_writes(row))]
        if await save(world, bare, writes, [FactorsChanged(account_id, CLEARED)]):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")
