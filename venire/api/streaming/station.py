"""Everything that streaming in one process consists of, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

from starlette.types import Scope

from venire.api.settings import ApiSettings
from venire.api.streaming.admission import Admission, Caps
from venire.api.streaming.audience import CHANNELS_MOST, Audience
from venire.api.streaming.channels import Channel
from venire.api.streaming.hub import Hub
from venire.api.streaming.listeners import Listener
from venire.api.streaming.teller import Teller
from venire.kernel.errors import Throttled
from venire.storage.world import World

L = TypeVar("L", bound=Listener)


class Station:
    """What both faces share: who may listen, who listens, and what tells them."""

    def __init__(
        self,
        world: World,
        settings: ApiSettings,
        *,
        caps: Caps | None = None,
    ) -> None:
        limited = settings.rate_limits and not world.site.acceptance
        self.admission = Admission(world, settings, caps or (Caps() if limited else None))
        self.audience = Audience(world)
        teller = Teller(world, self.audience, self._still)
        self.hub = Hub(world, self.audience, teller.tell, self._still)

    async def _still(self, listener: Listener) -> bool:
        return await self.admission.still(listener.admitted)

    @contextlib.asynccontextmanager
    async def listening(self, token: str | None, scope: Scope, kind: type[L]) -> AsyncIterator[L]:
        """A socket of the task that calls, open while the block runs, which listens to nothing yet.

        The task is cancelled when the socket has to end and does not (`Listener.ending` says why).
        Raises what `Admission.admit` does; Throttled `too_many_streams`.
        """
        address = scope["client"][0] if scope.get("client") else ""
        admitted = await self.admission.admit(token, address)
        task = asyncio.current_task()
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(self.admission.counted(admitted, address))
            await stack.enter_async_context(self.hub.running())
            watcher = await self.audience.watchers.enter(admitted.account_id)
            stack.callback(self.audience.watchers.leave, watcher)
            listener = kind(watcher, admitted, task.cancel if task is not None else _nothing)
            self.audience.enter(listener)
            stack.callback(self.audience.leave, listener)
            yield listener

    async def subscribe(self, listener: Listener, channel: Channel) -> None:
        """Let a socket hear a channel.

        Forbidden `outside_scopes`; NotFound `record_not_found` for a list of somebody else's;
        Throttled `too_many_streams`.
        """
        listener.admitted.check(channel)
        if len(listener.channels) >= CHANNELS_MOST:
            raise Throttled("too_many_streams", "Too many streams are open", retry_after_s=60)
        await self.audience.subscribe(listener, channel)

    def close(self) -> None:
        """End every socket: the process is about to stop."""
        self.hub.end_all()


def _nothing() -> None:
    """Outside a task there is nothing to cut."""


def token_of(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The token of an Authorization header, else of the address: browsers can send nothing else.

    Never logged: `server/logs.py` cuts the query off every address.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return query.get("access_token")
