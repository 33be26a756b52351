"""Which numbers are written to, how often, and when a route is closed. Pure.

Texts cost money, and a share of it reaches whoever owns the number: a site that sends codes to any
number pays whoever asks for enough of them. So everything here is closed unless it is opened, and
everything is counted before it is sent (design, continuity, OTP abuse).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.kernel.errors import Invalid

CODE_DIGITS: Final = 6
CODE_TRIES: Final = 5
CODE_MS: Final = 10 * MINUTE_MS
_LONGEST: Final = 40
_PREFIX_LEAVES: Final = 4
_AT_ONCE: Final = 3
_AT_ONCE_MS: Final = 10 * MINUTE_MS
_FIRST_WAIT_MS: Final = MINUTE_MS
_LONGEST_WAIT_MS: Final = 32 * MINUTE_MS
_JITTER: Final = 0.25
PACE_KEPT_MS: Final = DAY_MS
PREFIX_MS: Final = 7 * DAY_MS
_CONVERSION_FROM: Final = 30
_CONVERSION_LEAST: Final = 0.2
_RECEIPTS_FROM: Final = 30
_RECEIPTS_LEAST: Final = 0.5
_UNKNOWN_FROM: Final = 10
ALARMS: Final = (
    "codes_not_used",
    "texts_not_delivered",
    "receipts_missing",
    "receipts_too_many",
    "receipts_unknown",
)
"""What may be wrong with a day's texts."""
_TAKES_TEXTS: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""Neither premium nor shared cost, neither a pager nor a line that only rings; and no VoIP, of
which one person has as many as they like."""
_REGION = re.compile(r"[A-Z]{2}")


class Cap(msgspec.Struct, frozen=True):
    """So many texts in so long."""

    most: int
    lasts_ms: int


NETWORK: Final = Cap(10, HOUR_MS)
SESSION: Final = Cap(5, HOUR_MS)
ACCOUNT: Final = Cap(10, DAY_MS)
PREFIX: Final = Cap(20, HOUR_MS)


class TextPolicy(msgspec.Struct, frozen=True):
    """What an operator allows. `countries`: ISO 3166-1 regions; none of them, and nobody is asked.

    `cost`: of one text, in minor units; `budget`: of one hour, in the same.
    """

    countries: tuple[str, ...] = ()
    per_day: int = 500
    cost: int = 10
    budget: int = 2_000


class Number(msgspec.Struct, frozen=True):
    """A number that may be written to. `prefix`: all but its last four digits."""

    e164: str
    region: str
    dial: int
    prefix: str


class Pace(msgspec.Struct, frozen=True):
    """The last moments at which a number was written to, and from when on it may be again."""

    times: tuple[int, ...] = ()
    waits: int = 0
    next_at_ms: int = 0


class Counted(msgspec.Struct, frozen=True):
    """Texts and what became of them. `sent` are codes; nobody says anything to an alert."""

    sent: int = 0
    verified: int = 0
    delivered: int = 0
    failed: int = 0
    alerts: int = 0


def check_policy(policy: TextPolicy) -> None:
    """Refuse what cannot be meant. Invalid `settings_invalid`."""
    for region in policy.countries:
        if not _REGION.fullmatch(region) or not phonenumbers.country_code_for_region(region):
            hint = "phone_countries: two capital letters each, as ID"
            raise Invalid("settings_invalid", hint)
    if policy.per_day < 1 or policy.cost < 1 or policy.budget < policy.cost:
        raise Invalid(
            "settings_invalid",
            "texts_per_day, text_cost: 1 or more; text_budget: text_cost or more",
        )


def read_number(text: str, region: str, countries: Collection[str]) -> Number:
    """A number as a person types it, in the way of `region` unless it begins with a plus.

    Invalid `phone_invalid`, `phone_country_closed`, `phone_kind_refused`.
    """
    if len(text) > _LONGEST:
        raise _no_number()
    try:
        found = phonenumbers.parse(text, region if region in countries else None)
    except phonenumbers.NumberParseException as error:
        raise _no_number() from error
    if found.extension or not phonenumbers.is_valid_number(found):
        raise _no_number()
    home = phonenumbers.region_code_for_number(found) or ""
    if home not in countries:
        raise Invalid("phone_country_closed", "Texts to this country are not sent from here")
    if phonenumbers.number_type(found) not in _TAKES_TEXTS:
        raise Invalid("phone_kind_refused", "This is not the number of a mobile phone")
    e164 = phonenumbers.format_number(found, PhoneNumberFormat.E164)
    return Number(e164, home, found.country_code or 0, e164[:-_PREFIX_LEAVES])


def _no_number() -> Invalid:
    return Invalid("phone_invalid", "This is not a phone number: write it with + and country code")


def masked(e164: str) -> str:
    """A number as its owner is shown it: enough to know it by."""
    return f"{e164[:3]}…{e164[-3:]}"


def wait_ms(pace: Pace, now_ms: int) -> int:
    """How long until a number may be written to; 0 for now."""
    again_ms = pace.next_at_ms
    if len(pace.times) >= _AT_ONCE:
        again_ms = max(again_ms, pace.times[0] + _AT_ONCE_MS)
    return max(0, again_ms - now_ms)


def paced(pace: Pace, now_ms: int, luck: float) -> Pace:
    """The pace after one more text. `luck`, 0 to 1, spreads what would all come back at once.

    Three in ten minutes are free; after that each waits twice as long as the one before, from one
    minute to 32. A day of silence begins anew.
    """
    if pace.times and now_ms - pace.times[-1] >= PACE_KEPT_MS:
        pace = Pace()
    times = (*pace.times, now_ms)[-_AT_ONCE:]
    if len(times) < _AT_ONCE:
        return Pace(times, 0, now_ms)
    plain_ms = min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS << min(pace.waits, 10))
    return Pace(times, pace.waits + 1, now_ms + round(plain_ms * (1 + _JITTER * luck)))


def converts(counted: Counted) -> bool:
    """Whether enough of a prefix's codes come back: people type them in, pumps do not."""
    if counted.sent < _CONVERSION_FROM:
        return True
    return counted.verified >= _CONVERSION_LEAST * counted.sent


def alarms(counted: Counted, unknown: int) -> tuple[str, ...]:
    """What of a day an operator should look at, by name."""
    found = []
    if not converts(counted):
        found.append("codes_not_used")
    settled = counted.delivered + counted.failed
    if settled >= _RECEIPTS_FROM and counted.delivered < _RECEIPTS_LEAST * settled:
        found.append("texts_not_delivered")
    if settled >= _RECEIPTS_FROM and counted.verified > settled:
        # People say codes of texts that no receipt tells of: the receipts are not the truth.
        found.append("receipts_missing")
    if settled > counted.sent + counted.alerts:
        found.append("receipts_too_many")
    if unknown >= _UNKNOWN_FROM:
        found.append("receipts_unknown")
    return tuple(found)


def code_text(domain: str, code: str, words: str) -> str:
    """A text with a code. Its last line binds it to the site (WICG, origin-bound codes)."""
    return f"{words}\n\n@{domain.partition(':')[0]} #{code}"


def segments(text: str) -> int:
    """How many texts a text costs (3GPP TS 23.038): 160 plain characters, 70 of any others."""
    if _is_plain(text):
        length, one, more = len(text), 160, 153
    else:
        length, one, more = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= one else -(-length // more)


_PLAIN: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def _is_plain(text: Sequence[str]) -> bool:
    return all(sign in _PLAIN for sign in text)
