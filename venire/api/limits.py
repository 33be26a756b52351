"""How often one may ask: by account where there is one, else by network, in Mastodon's headers.

Counted in this process: with several workers each counts for itself. Off in the acceptance profile.
"""

from __future__ import annotations

import dataclasses

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from venire.api.counters import SharedCounters
from venire.api.parameters import Viewer
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Throttled
from venire.people.addresses import telling_network


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in so many minutes; `by_network` even for members."""

    calls: int
    minutes: int
    by_network: bool = False

    @property
    def item(self) -> RateLimitItem:
        """The library's form of it."""
        return RateLimitItemPerMinute(self.calls, self.minutes)


LIMITS: dict[str, Limit | None] = {
    "none": None,
    "general": Limit(300, 5),
    "app": Limit(60, 5, by_network=True),
    "sign_up": Limit(5, 30, by_network=True),
    "sign_in": Limit(25, 5, by_network=True),
    "sign_in_name": Limit(20, 10),
    "second_step": Limit(10, 60),
    "post": Limit(300, 30),
    "media": Limit(30, 30),
    "delete": Limit(30, 30),
    "report": Limit(60, 30),
    "notice": Limit(120, 5),
    "unverified_notice": Limit(10, 60),
    "copyright": Limit(10, 60, by_network=True),
    "checkout": Limit(10, 10, by_network=True),
    "webhook": Limit(3_000, 5, by_network=True),
    "phone": Limit(30, 30),
    "receipt": Limit(6_000, 5, by_network=True),
}
"""The rows that `Route.limit` names. Source: docs.joinmastodon.org/api/rate-limits."""


class RateLimits:
    """The counters of a site; of one process alone where it shares none."""

    def __init__(self, counters: SharedCounters | None = None) -> None:
        self._limiter = FixedWindowRateLimiter(counters or MemoryStorage())

    async def take(self, name: str, viewer: Viewer | None, address: str) -> dict[str, str]:
        """Count one call; return the headers for its answer. LimitReached."""
        limit = LIMITS[name]
        return {} if limit is None else await self.take_key(name, _key(limit, viewer, address))

    async def take_key(self, name: str, key: str) -> dict[str, str]:
        """Count one call under a key; return the headers for its answer. LimitReached."""
        limit = LIMITS[name]
        if limit is None:
            return {}
        allowed = await self._limiter.hit(limit.item, name, key)
        window = await self._limiter.get_window_stats(limit.item, name, key)
        headers = {
            "X-RateLimit-Limit": str(limit.calls),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Reset": iso_ms(round(window.reset_time * 1_000)),
        }
        if not allowed:
            raise LimitReached(headers, limit.minutes * 60)
        return headers


class LimitReached(Throttled):
    """Over a limit; `headers` go out with the refusal."""

    def __init__(self, headers: dict[str, str], retry_after_s: int) -> None:
        super().__init__("throttled", "Too many requests", retry_after_s=retry_after_s)
        self.headers = headers


def _key(limit: Limit, viewer: Viewer | None, address: str) -> str:
    if viewer is not None and viewer.account_id is not None and not limit.by_network:
        return f"account:{viewer.account_id}"
    # One household has 2**64 IPv6 addresses: they count as one.
    return f"network:{telling_network(address) or address}"
