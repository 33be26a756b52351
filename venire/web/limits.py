"""How often one may ask of the pages. Off in the acceptance profile.

Counted with the API's calls where the processes of a site share their counters: a password is not
guessed twice as often at two doors, nor in two processes.
"""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from venire.kernel.errors import Throttled

LIMITS: dict[str, tuple[int, int]] = {
    "sign_in": (25, 5),
    "sign_in_name": (20, 10),
    "second_step": (10, 60),
    "unsubscribe": (600, 10),
    "sign_up": (5, 30),
    "link": (30, 10),
    "letter": (10, 30),
    "letter_name": (5, 60),
    "post": (300, 30),
    "report": (60, 30),
    "notice": (120, 5),
    "copyright": (10, 60),
    "checkout": (10, 10),
    "moderate": (600, 10),
}
"""Row: calls, minutes. What costs a password hash or tells somebody is counted."""


class WebLimits:
    """The counters of a site; of one process alone where it shares none."""

    def __init__(self, counters: Storage | None = None) -> None:
        self._limiter = FixedWindowRateLimiter(counters or MemoryStorage())

    async def take(self, name: str, key: str) -> None:
        """Count one call under a key. Throttled `throttled`."""
        calls, minutes = LIMITS[name]
        item: RateLimitItem = RateLimitItemPerMinute(calls, minutes)
        if not await self._limiter.hit(item, name, key):
            raise Throttled("throttled", "Too many requests", retry_after_s=minutes * 60)
