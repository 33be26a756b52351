"""What the spine and the faces are given: the world, and the parts that a judgement needs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

from venire.kernel.ports import ObjectStore, SearchIndex
from venire.storage.world import World

if TYPE_CHECKING:
    from venire.cases.beacons import Beacons
    from venire.cases.policy import Policy
    from venire.detectors.model import Detectors
    from venire.jury.chats import Chats
    from venire.jury.freezing import Pools
    from venire.notices.ocr import OcrPool
    from venire.people.texts import Phones
    from venire.posts.media.studio import Tools
    from venire.posts.push_delivery import PushDelivery
    from venire.record.actions import Sequencer
    from venire.treasury.desk import Money


class Pulse(Protocol):
    """Whether the house has caught up with what it was told."""

    async def drained(self) -> bool:
        """Whether every subscriber has heard every event there is."""


@dataclasses.dataclass(frozen=True)
class Court:
    """One per process, built in `server/wiring.py`, passed first to every action of the spine."""

    world: World
    policy: Policy
    detectors: Detectors
    search: SearchIndex
    objects: ObjectStore
    sequencer: Sequencer
    pools: Pools
    ocr: OcrPool
    site_account_id: int
    pulse: Pulse
    push: PushDelivery
    media: Tools
    beacons: Beacons | None = None
    """The public randomness beacon, where the operator named one."""
    phones: Phones | None = None
    """The way to people's phones, where the operator has one."""
    money: Money | None = None
    """Processors, payers and prices; None where a site takes and pays nothing by itself."""
    chats: Chats | None = None
    """Chat services for alerts, where the operator named some."""
