"""What a juror chose: consent kept with its warning, pause, channels and quiet hours.

These rows lie with the juror's own and are written in the same commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from venire.jury import store, warning
from venire.jury.model import Juror
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from venire.storage.tables.service import CHOICES, CONSENTS, JurorChoicesRow, JurorConsentRow
from venire.storage.verbs import Put, Storage, Write
from venire.storage.world import World

USUAL: Final = ("message", "push", "mail")
"""The ways to a juror in the order in which they are tried, unless chosen."""
CHANNELS: Final = (*USUAL, "sms", "chat")
"""The ways to a juror that there are. A text costs money and a chat needs an address: those two are
gone by whoever chose them, and by nobody else."""
PAUSE_DAYS_MOST: Final = 366
_DAY_MINUTES: Final = 1_440
_OFFSETS: Final = range(-12 * 60, 14 * 60 + 1)
_TRIES = 10
_NAMES = msgspec.json.Decoder(tuple[str, ...])


class Choices(msgspec.Struct, frozen=True):
    """`quiet_from`, `quiet_to`: minutes of the juror's own day; the same for no quiet hours."""

    paused_until_ms: int = 0
    channels: tuple[str, ...] = USUAL
    quiet_from: int = 0
    quiet_to: int = 0
    utc_offset: int = 0


class Consent(msgspec.Struct, frozen=True):
    """When a juror consented, and after which warning."""

    at_ms: int
    warning: str
    language: str


async def load(storage: Storage, account_id: int) -> Choices:
    """The choices of a juror; the usual ones where nothing was chosen."""
    row = await storage.get(CHOICES, (account_id,))
    if row is None:
        return Choices()
    return Choices(
        paused_until_ms=row.paused_until_ms,
        # A channel that this version does not know any more is passed over.
        channels=tuple(name for name in _NAMES.decode(row.channels) if name in CHANNELS),
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        utc_offset=row.utc_offset,
    )


async def consent_of(storage: Storage, account_id: int) -> Consent | None:
    """The last consent of a juror; None for one who was appointed and never asked."""
    rows = await storage.range(CONSENTS, (account_id,), limit=1)
    return Consent(rows[0].at_ms, rows[0].warning, rows[0].language) if rows else None


def put_consent(account_id: int, at_ms: int, language: str) -> Write:
    """The write of a consent to the warning as it stands."""
    return Put(CONSENTS, JurorConsentRow(account_id, at_ms, warning.VERSION, language))


def check_channels(channels: Sequence[str]) -> tuple[str, ...]:
    """An order of channels. Invalid `channel_unknown`: each once, and at least two of them.

    One way alone would be a summons that nobody hears when it breaks.
    """
    chosen = tuple(dict.fromkeys(channels))
    if len(chosen) < 2 or not set(chosen) <= set(CHANNELS):  # noqa: PLR2004
        raise Invalid("channel_unknown", "Choose at least two of message, push, mail, sms and chat")
    return chosen


def read_time(text: str) -> int:
    """A time of the day, `HH:MM`, as minutes. Invalid `quiet_hours_invalid`."""
    hours, colon, minutes = text.partition(":")
    plain = hours.isascii() and minutes.isascii() and hours.isdigit() and minutes.isdigit()
    if not (colon and plain and int(hours) in range(24) and int(minutes) in range(60)):
        raise Invalid("quiet_hours_invalid", "Quiet hours are times of the day")
    return int(hours) * 60 + int(minutes)


def check_quiet(quiet_from: int, quiet_to: int, utc_offset: int) -> None:
    """Refuse what is no time of the day. Invalid `quiet_hours_invalid`."""
    day = range(_DAY_MINUTES)
    if quiet_from not in day or quiet_to not in day or utc_offset not in _OFFSETS:
        raise Invalid("quiet_hours_invalid", "Quiet hours are times of the day")


async def choose(world: World, account_id: int, **changed: object) -> Choices:
    """Change some of a juror's choices (fields of `Choices`, checked by the caller).

    Raises NotFound `not_a_juror`.
    """
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, account_id)
        if row is None:
            raise NotFound("not_a_juror", "You have not consented to serve")
        new = msgspec.structs.replace(await load(world.storage, account_id), **changed)
        writes = [_same(store.juror_of(row), row.version), _put(account_id, new)]
        try:
            await world.storage.commit(f"juror:{account_id}", writes, expect=row.version)
        except Conflict:
            continue
        return new
    raise Unavailable("juror_busy", "try again in a moment")


def _same(juror: Juror, version: int) -> Write:
    return store.put_juror(juror, version + 1)


def _put(account_id: int, new: Choices) -> Write:
    row = JurorChoicesRow(
        account_id=account_id,
        paused_until_ms=new.paused_until_ms,
        channels=msgspec.json.encode(new.channels),
        quiet_from=new.quiet_from,
        quiet_to=new.quiet_to,
        utc_offset=new.utc_offset,
    )
    return Put(CHOICES, row)


async def pause(world: World, account_id: int, days: int) -> Choices:
    """Be asked nothing for some days; 0 ends a pause. Invalid `pause_invalid`."""
    if not 0 <= days <= PAUSE_DAYS_MOST:
        raise Invalid("pause_invalid", "A pause has 1 to 366 days; 0 ends it")
    until_ms = world.now_ms() + days * DAY_MS if days else 0
    return await choose(world, account_id, paused_until_ms=until_ms)
