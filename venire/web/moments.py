"""Times as people read them: how long ago, and the exact moment in UTC."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date, format_datetime, format_timedelta

from venire.kernel.clock import DAY_MS, SECOND_MS, parse_iso_ms

_LOCALES = {"en": "en_GB", "id": "id_ID"}
_RELATIVE_WITHIN_MS = 7 * DAY_MS


def _ms(at: int | str) -> int:
    return parse_iso_ms(at) if isinstance(at, str) else at


def _moment(at: int | str) -> dt.datetime:
    return dt.datetime.fromtimestamp(_ms(at) / 1000, tz=dt.UTC)


def exact(at: int | str, language: str) -> str:
    """`21 Nov 2026, 10:00 UTC`. `at` is in milliseconds, or ISO-8601."""
    text = format_datetime(_moment(at), "d MMM y, HH:mm", locale=_LOCALES[language])
    return f"{text} UTC"


def day(at: int | str, language: str) -> str:
    """`21 November 2026`."""
    return format_date(_moment(at), "d MMMM y", locale=_LOCALES[language])


def month(name: str, language: str) -> str:
    """`November 2026` of `2026-11`."""
    return format_date(_moment(f"{name}-01T00:00:00Z"), "MMMM y", locale=_LOCALES[language])


def ago(at: int | str, now_ms: int, language: str) -> str:
    """`3 minutes ago`, `in 2 hours`; beyond a week the day."""
    distance = _ms(at) - now_ms
    if abs(distance) > _RELATIVE_WITHIN_MS:
        return day(at, language)
    if abs(distance) < SECOND_MS:
        distance = -SECOND_MS
    delta = dt.timedelta(milliseconds=distance)
    return format_timedelta(delta, add_direction=True, threshold=1.2, locale=_LOCALES[language])


def lasting(length_ms: int, language: str) -> str:
    """`2 hours`: a length of time, without direction."""
    delta = dt.timedelta(milliseconds=length_ms)
    return format_timedelta(delta, threshold=1.2, locale=_LOCALES[language])


def hour(at: int | str, language: str) -> str:
    """`21 Nov 2026, 10 h UTC`: the public record says no more than the hour."""
    text = format_datetime(_moment(at), "d MMM y, HH", locale=_LOCALES[language])
    return f"{text} h UTC"
