"""How often one may ask of the pages. Counted in this process; off in the acceptance profile."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from venire.kernel.errors import Throttled

LIMITS: dict[str, tuple[int, int]] = {
    "sign_in": (25, 5),
    "sign_in_name": (20, 10),
    "sign_up": (5, 30),
    "link": (30, 10),
    "letter": (10, 30),
    "letter_name": (5, 60),
    "post": (300, 30),
    "report": (60, 30),
    "notice": (120, 5),
    "moderate": (600, 10),
}
"""Row: calls, minutes. What costs a password hash or tells somebody is counted."""


class WebLimits:
    """The counters of one process."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def take(self, name: str, key: str) -> None:
        """Count one call under a key. Throttled `throttled`."""
        calls, minutes = LIMITS[name]
        item: RateLimitItem = RateLimitItemPerMinute(calls, minutes)
        if not await self._limiter.hit(item, name, key):
            raise Throttled("throttled", "Too many requests", retry_after_s=minutes * 60)
