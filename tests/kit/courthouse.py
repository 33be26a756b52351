"""A whole house in the test's process: detectors, search, record, juries; a clock one can move."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from tests.kit.site import BASE_URL, Member, OpenSite, open_site
from venire.adapters.objects.local import LocalObjects
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.cases import store
from venire.cases.beacons import Beacons
from venire.cases.model import Case
from venire.cases.policy import load_policy
from venire.cases.public import note_policy
from venire.detectors.bank import TextBank
from venire.detectors.batching import Bench
from venire.detectors.model import Detectors
from venire.detectors.run import load_models
from venire.jury import actions as jury
from venire.jury import freezing
from venire.kernel.ports import RandomnessSource
from venire.notices.ocr import OcrPool
from venire.people import actions as people
from venire.posts.media.studio import Films, Studio, Tools
from venire.record.actions import Sequencer
from venire.record.note import Signer
from venire.server.subscriptions import subscriptions
from venire.server.workers import timer_handlers
from venire.storage.timers import Timers
from venire.storage.world import World

THREAT = "We will hang every one of you traitors from the nearest tree tonight, count on it."
MILD = "The council meeting was long and the coffee was cold, see you all next week."


class Caught:
    """Tests settle by themselves: nobody asks whether the house has caught up."""

    async def drained(self) -> bool:
        return True


@dataclasses.dataclass
class Courthouse:
    """An open site with everything on it."""

    site: OpenSite
    jurors: list[Member]

    @property
    def court(self) -> Any:
        return self.site.court

    @property
    def world(self) -> World:
        return self.site.court.world

    async def settle(self) -> None:
        """Let every subscriber hear, and every due timer fire, until nothing is left."""
        await self.site.settle()
        timers = Timers(self.site.storage, self.site.clock, timer_handlers(self.court))
        while await timers.fire_due():
            await self.site.settle()

    async def seat_pool(self, size: int, *, bench: int = 1) -> None:
        """Sign jurors up, and freeze a pool of them."""
        for number in range(size):
            member = await self.site.member(f"juror_{number}")
            (await member.post("/api/v1/jury/opt_in", json={"consent": True})).raise_for_status()
            self.jurors.append(member)
        for number in range(bench):
            member = await self.site.member(f"bench_{number}")
            await jury.appoint(self.world, member.id, bench=True, paid=False)
            self.jurors.append(member)
        await freezing.freeze(
            self.world, self.court.sequencer, self.court.policy, frozen_by="clock"
        )

    async def post(self, author: Member, text: str, **more: Any) -> str:
        """Publish a post and let it be looked at; its id."""
        made = await author.post("/api/v1/statuses", json={"status": text, **more})
        made.raise_for_status()
        await self.settle()
        return str(made.json()["id"])

    async def case_on(self, post_id: str) -> Case | None:
        """The case on a post, if there is one."""
        return await store.case_of_subject(self.site.storage, "post", int(post_id))

    async def summoned(self) -> list[tuple[Member, dict[str, Any]]]:
        """Everyone with an open summons, and it."""
        found = []
        for juror in self.jurors:
            waiting = (await juror.get("/api/v1/jury/summons")).json()
            found += [(juror, summons) for summons in waiting]
        return found

    async def vote(self, votes: Sequence[str] | str, *, most: int = 60) -> int:
        """Everyone summoned votes, in turn from `votes` (or all the same); how many did."""
        given = 0
        while given < most:
            waiting = await self.summoned()
            if not waiting:
                return given
            for juror, summons in waiting:
                vote = votes if isinstance(votes, str) else votes[min(given, len(votes) - 1)]
                path = f"/api/v1/jury/summons/{summons['id']}"
                if (await juror.post(f"{path}/accept")).is_success:
                    cast = await juror.post(f"{path}/ballot", json={"vote": vote})
                    given += cast.is_success
                await self.settle()
        return given


@contextlib.asynccontextmanager
async def open_courthouse(
    folder: Path,
    *,
    jurors: int = 0,
    films: Films | None = None,
    randomness: RandomnessSource | None = None,
    begins_ms: int | None = None,
    base_url: str = BASE_URL,
) -> AsyncIterator[Courthouse]:
    """Open a house in a folder, with a frozen pool where `jurors` are asked for.

    `films`: an ffmpeg, where video and sound are taken. `randomness`: where rounds of the beacon
    are read; without one, draws are by the operator's seed. `base_url`: where it is served.
    """
    made: dict[str, Any] = {}

    def parts(world: World) -> dict[str, Any]:
        made["sequencer"] = Sequencer(world, Signer("venire.test/record", b"k" * 32))
        made["search"] = SqliteIndex(folder / "search.db")
        made["ocr"] = OcrPool(workers=1)
        models = load_models()
        return {
            "policy": load_policy(),
            "detectors": Detectors(models, TextBank(), Bench(models)),
            "search": made["search"],
            "objects": LocalObjects(folder / "objects"),
            "sequencer": made["sequencer"],
            "pools": freezing.Pools(world),
            "ocr": made["ocr"],
            "site_account_id": 0,
            "pulse": Caught(),
            "beacons": None if randomness is None else Beacons(randomness, world.clock),
            "media": Tools(world, LocalObjects(folder / "media"), Studio(1, films=films)),
        }

    async with open_site(
        folder,
        parts=parts,
        subscriptions=subscriptions,
        begins_ms=begins_ms,
        base_url=base_url,
    ) as site:
        account = await people.ensure_site_account(site.world)
        object.__setattr__(site.court, "site_account_id", account.id)
        made["sequencer"].start()
        house = Courthouse(site, [])
        try:
            await freezing.freeze(
                site.world, made["sequencer"], site.court.policy, frozen_by="clock"
            )
            if jurors:
                await house.seat_pool(jurors)
            await note_policy(site.court)
            yield house
        finally:
            await made["sequencer"].stop()
            await made["ocr"].close()
            await made["search"].close()
            await asyncio.sleep(0)
