"""Pools frozen by the clock: what the leader does beside answering."""

from __future__ import annotations

import asyncio
from typing import Final

from venire.jury import store
from venire.jury.actions import Settings
from venire.jury.freezing import freeze
from venire.kernel.clock import MINUTE_MS
from venire.record.actions import Sequencer
from venire.storage.world import World

_LOOK_S: Final = 5


async def keep_epochs(
    world: World, sequencer: Sequencer, policy: Settings, epoch_minutes: int
) -> None:
    """Freeze pools by the clock, for ever: the leader's task.

    Sheets that draws asked for in between do not put off the hour at which members may enter.
    """
    while True:
        newest = await store.newest_epochs(world.storage, 1)
        due_ms = 0
        if newest and newest[0].state == "frozen":
            entered = await store.epoch(world.storage, newest[0].members_of)
            due_ms = (entered or newest[0]).frozen_at_ms + epoch_minutes * MINUTE_MS
        if world.now_ms() >= due_ms:
            await freeze(world, sequencer, policy, frozen_by="clock")
        await asyncio.sleep(_LOOK_S)
