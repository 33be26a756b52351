"""The row that says what an account signs in with besides a password, and how it is changed.

Every change is one commit against the row's version, and is told: a letter goes to its owner.
With the first factor come ten recovery codes, shown once: whoever loses a phone, or whose passkeys
were for a domain that is gone, still comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from venire.events import FactorsChanged
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict
from venire.people import recovery
from venire.storage.tables.factors import FACTORS, FactorsRow
from venire.storage.verbs import Put, Write
from venire.storage.world import World

PASSKEY_ADDED: Final = "passkey_added"
PASSKEY_REMOVED: Final = "passkey_removed"
TOTP_ADDED: Final = "totp_added"
TOTP_REMOVED: Final = "totp_removed"
MAIL_ADDED: Final = "mail_code_added"
MAIL_REMOVED: Final = "mail_code_removed"
MAIL_PAUSED: Final = "mail_code_paused"
TEXT_ADDED: Final = "text_code_added"
TEXT_REMOVED: Final = "text_code_removed"
RECOVERY_MADE: Final = "recovery_codes_made"
RECOVERY_USED: Final = "recovery_code_used"
CLEARED: Final = "factors_cleared"
TRIES_SPENT: Final = "second_step_failed"
NEWS: Final = (
    PASSKEY_ADDED,
    PASSKEY_REMOVED,
    TOTP_ADDED,
    TOTP_REMOVED,
    MAIL_ADDED,
    MAIL_REMOVED,
    MAIL_PAUSED,
    TEXT_ADDED,
    TEXT_REMOVED,
    RECOVERY_MADE,
    RECOVERY_USED,
    CLEARED,
    TRIES_SPENT,
)
"""What an account's owner is told of, each by a letter of its own."""
TRIES: Final = 4
PAUSE_MS: Final = 3 * DAY_MS
"""How long a code by e-mail does not count after a letter has made a new password."""


def paused_until_ms(mail_at_ms: int | None, now_ms: int) -> int | None:
    """Until when a code by e-mail does not count, though it is on; None where it does, or is off.

    A clock that was ahead must shut nobody out: no pause is longer than a pause is.
    """
    if mail_at_ms is None or not now_ms < mail_at_ms <= now_ms + PAUSE_MS:
        return None
    return mail_at_ms


class Factors(msgspec.Struct, frozen=True):
    """What an account has; moments are None where it has not. `codes_left`: recovery codes.

    `mail_at_ms` to come: codes by e-mail are on, and do not count until then (`paused_until_ms`).
    """

    totp_at_ms: int | None = None
    mail_at_ms: int | None = None
    passkeys: int = 0
    codes_left: int = 0
    codes_at_ms: int | None = None
    text_at_ms: int | None = None

    @property
    def needed(self) -> bool:
        """Whether a password alone lets nobody in."""
        return bool(self.totp_at_ms or self.mail_at_ms or self.passkeys)


class Step(NamedTuple):
    """What a change comes to: the row after it, more rows, and what is told of it."""

    row: FactorsRow
    writes: Sequence[Write] = ()
    news: str = ""


def empty(account_id: int) -> FactorsRow:
    """The row of an account that has nothing but a password."""
    return FactorsRow(account_id, 0, b"", 0, None, b"", None, None, b"", None, 0)


async def load_row(world: World, account_id: int) -> FactorsRow:
    """The row of an account; one of version 0 where there is none yet."""
    return await world.storage.get(FACTORS, (account_id,)) or empty(account_id)


async def load(world: World, account_id: int) -> Factors:
    """What an account has."""
    row = await load_row(world, account_id)
    return Factors(
        row.totp_at_ms,
        row.mail_at_ms,
        row.passkeys,
        recovery.left(row.recovery),
        row.recovery_at_ms if row.recovery else None,
        row.text_at_ms,
    )


async def change(
    world: World, account_id: int, decide: Callable[[FactorsRow], Step | None]
) -> FactorsRow | None:
    """Change an account's row, whoever else does meanwhile. Conflict `try_again`.

    `decide` gives None where there is nothing to change: None is the answer then, too.
    """
    for _ in range(TRIES):
        old = await load_row(world, account_id)
        step = decide(old)
        if step is None:
            return None
        new = settled(msgspec.structs.replace(step.row, version=old.version + 1))
        told = [FactorsChanged(account_id, step.news)] if step.news else []
        try:
            await world.storage.commit(
                f"factors:{account_id}", [Put(FACTORS, new), *step.writes], told, expect=old.version
            )
        except Conflict:
            continue
        return new
    raise Conflict("try_again", "This changed meanwhile: try again")


def settled(row: FactorsRow) -> FactorsRow:
    """Recovery codes, and texts, go with the last factor that they stand in for."""
    if row.passkeys or row.totp_at_ms or row.mail_at_ms:
        return row
    return msgspec.structs.replace(row, recovery=b"", recovery_at_ms=None, text_at_ms=None)


class Codes(NamedTuple):
    """Recovery codes made beforehand, for an account that turns out to need them."""

    shown: list[str]
    kept: bytes
    at_ms: int

    def on(self, row: FactorsRow) -> FactorsRow:
        """The row with these codes."""
        return msgspec.structs.replace(row, recovery=self.kept, recovery_at_ms=self.at_ms)


async def new_codes(world: World) -> Codes:
    """Ten codes made now."""
    shown, kept = await recovery.make(world)
    return Codes(shown, kept, world.now_ms())


async def add(
    world: World, account_id: int, decide: Callable[[FactorsRow], Step | None]
) -> list[str] | None:
    """Add a factor; the recovery codes that came with it, none where there are some already."""
    there = await load_row(world, account_id)
    if decide(there) is None:
        # Ten slow hashes are not made for a wrong code.
        return None
    codes = None if there.recovery else await new_codes(world)

    def with_codes(old: FactorsRow) -> Step | None:
        step = decide(old)
        if step is None or codes is None or old.recovery:
            return step
        return step._replace(row=codes.on(step.row))

    row = await change(world, account_id, with_codes)
    if row is None:
        return None
    # Another browser may have made some at this very moment: then those are the ones.
    return codes.shown if codes is not None and row.recovery == codes.kept else []
