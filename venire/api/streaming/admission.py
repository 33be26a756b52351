"""Who may open a socket, how many, and whether they still may.

A token is asked for at the door and again every half minute, and at once when an event says that
it ended: a socket may be open for days, and what it was opened with may not.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterator

import msgspec
from starlette.requests import Request

from venire.api.authentication import identify
from venire.api.limits import RateLimits
from venire.api.parameters import Viewer
from venire.api.settings import ApiSettings
from venire.api.streaming.channels import Channel
from venire.kernel.errors import Forbidden, Problem, Throttled, Unauthenticated, Unavailable
from venire.people.addresses import telling_network
from venire.people.rules import may_write
from venire.people.scopes import covers
from venire.people.standing import standing
from venire.storage.world import World


@dataclasses.dataclass(frozen=True, slots=True)
class Caps:
    """How many sockets may be open at once: behind one address there may be a whole carrier."""

    by_account: int = 32
    by_network: int = 2_000
    altogether: int = 12_000


class Pass(msgspec.Struct, frozen=True):
    """What a socket was let in with. `token` is the secret itself: it is shown again and again."""

    account_id: int
    token_id: int
    scopes: frozenset[str]
    token: str

    def check(self, channel: Channel) -> None:
        """Refuse a channel that the token is not for. Forbidden `outside_scopes`."""
        if not covers(self.scopes, channel.scope):
            raise Forbidden(
                "outside_scopes",
                "This action is outside the authorized scopes",
                scopes=[channel.scope],
            )


class Admission:
    """The door of one process. `caps` None: no limit at all, for the acceptance profile."""

    def __init__(self, world: World, settings: ApiSettings, caps: Caps | None) -> None:
        self._world = world
        self._settings = settings
        self._caps = caps
        self._limits = RateLimits(settings.counters) if caps is not None else None
        self._open: Counter[str] = Counter()
        self._altogether = 0

    async def admit(self, token: str | None, address: str) -> Pass:
        """Let somebody in, and count the try.

        Unauthenticated `access_token_invalid`; Forbidden `account_suspended`, `email_unconfirmed`,
        `approval_pending`; Throttled.
        """
        viewer: Viewer | None = None
        try:
            viewer = await self._viewer(token)
        finally:
            # Guessing tokens is counted like any other call.
            if self._limits is not None:
                await self._limits.take("general", viewer, address)
        return await self._checked(viewer, token or "")

    async def still(self, admitted: Pass) -> bool:
        """Whether a socket would be let in again as it was."""
        try:
            return (
                await self._checked(await self._viewer(admitted.token), admitted.token) == admitted
            )
        except Problem:
            return False

    async def _viewer(self, token: str | None) -> Viewer:
        headers = [(b"authorization", f"Bearer {token or ''}".encode("latin-1", "replace"))]
        viewer = await identify(
            self._world, Request({"type": "http", "headers": headers}), self._settings
        )
        if viewer is None or viewer.account_id is None:
            # An app by itself has no home, and Mastodon lets it hear nothing else either.
            raise Unauthenticated("access_token_invalid", "The access token is invalid")
        return viewer

    async def _checked(self, viewer: Viewer, token: str) -> Pass:
        account_id = int(viewer.account_id or 0)
        stands = await standing(self._world, account_id)
        if not may_write(stands, posting=False, waived=self._world.site.acceptance):
            raise Forbidden(
                "account_suspended", "Your account is suspended: you cannot do this now"
            )
        return Pass(account_id, viewer.token_id, viewer.scopes, token)

    @contextlib.contextmanager
    def counted(self, admitted: Pass, address: str) -> Iterator[None]:
        """Count a socket while it is open. Throttled `too_many_streams`; Unavailable."""
        account = f"account:{admitted.account_id}"
        network = f"network:{telling_network(address) or ''}"
        if self._caps is not None:
            if self._altogether >= self._caps.altogether:
                raise Unavailable("unavailable", "This part of the site does not answer now")
            crowded = not network.endswith(":") and self._open[network] >= self._caps.by_network
            if self._open[account] >= self._caps.by_account or crowded:
                raise Throttled("too_many_streams", "Too many streams are open", retry_after_s=60)
        self._altogether += 1
        for key in (account, network):
            self._open[key] += 1
        try:
            yield
        finally:
            self._altogether -= 1
            for key in (account, network):
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]
