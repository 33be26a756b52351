"""Into which partition a post falls, computed from its id alone. Pure.

Partitions stay below about 100 MB at the size this is built for, and a page reads few of them.
"""

from __future__ import annotations

import datetime as dt
import functools

from venire.kernel.clock import DAY_MS
from venire.kernel.ids import id_at, id_ms

SCOPE = "local"
"""The one public page there is; what other sites send will have its own."""
PUBLIC_DAYS = 30
"""How far back the public page goes."""
SHARDS = 4
"""Partitions of one day of the public page: 650,000 rows each at 30 posts a second."""
FIRST_YEAR = 2006
"""No post is older: archives of other networks begin here."""


@functools.lru_cache(8_192)
def _date(day: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(day * DAY_MS // 1_000, tz=dt.UTC)


def year_of(identifier: int) -> int:
    """The calendar year, UTC, in which an id was given."""
    return _date(id_ms(identifier) // DAY_MS).year


def month_of(identifier: int) -> int:
    """The month, counted from year 0, in which an id was given."""
    date = _date(id_ms(identifier) // DAY_MS)
    return date.year * 12 + date.month - 1


def shard_of(identifier: int) -> int:
    """The shard of an id. By its millisecond: the low bits of an id are mostly zero."""
    return id_ms(identifier) % SHARDS


def day_of(identifier: int) -> int:
    """The day since 1970, UTC, in which an id was given."""
    return id_ms(identifier) // DAY_MS


def bucket_of(conversation_id: int, post_id: int) -> int:
    """The bucket of a post in its conversation, whose id is that of its first post.

    Buckets double: day 0, days 1 and 2, days 3 to 6 and so on, so a thread that lives for ten years
    is read with twelve ranges and one that lives for a day with one.
    """
    days = max(0, id_ms(post_id) - id_ms(conversation_id)) // DAY_MS
    return (days + 1).bit_length() - 1


def last_id_of(at_ms: int) -> int:
    """The highest id that a moment can have."""
    return id_at(at_ms + 1) - 1
