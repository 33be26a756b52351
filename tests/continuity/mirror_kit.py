"""A site and a read-only mirror of it, in the test's own process, with clocks one can move."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.kit.courthouse import Courthouse, open_courthouse
from venire.continuity.objects import revocation_lists, revocations
from venire.continuity.objects.mirror import Mirror
from venire.continuity.objects.mirror_folder import MirrorFolder
from venire.kernel.clock import ManualClock
from venire.posts import actions as posts
from venire.record.note import Signer
from venire.server.mirror_site import mirror_app

URL = "http://venire.test"
RECORD = Signer("venire.test/record", b"k" * 32)
SIGNER = Signer(revocation_lists.signer_name("venire.test/record"), b"k" * 32)


@dataclasses.dataclass
class Standing:
    """A site and a mirror of it; time is the site's clock, for both, unless said otherwise."""

    house: Courthouse
    mirror: Mirror
    kept: MirrorFolder
    client: httpx.AsyncClient
    clock: ManualClock
    ticks: list[float]

    def pass_time(self, by_ms: int) -> None:
        self.house.site.clock.advance(by_ms)
        self.clock.advance(by_ms)
        self.ticks[0] += by_ms / 1000

    async def round(self) -> None:
        """The site hears what happened and signs; the mirror follows."""
        await self.house.settle()
        await revocations.issue(self.house.world, SIGNER, RECORD.verifier.name, 0)
        await self.mirror.follow()

    async def shown(self, medium: dict, **headers) -> set[int]:
        """What both addresses of a medium answer at the mirror."""
        paths = (medium[one].removeprefix(URL) for one in ("url", "preview_url"))
        return {(await self.client.get(path, headers=headers)).status_code for path in paths}


@contextlib.asynccontextmanager
async def site_and_mirror(folder: Path) -> AsyncIterator[Standing]:
    """Open both, in folders of their own."""
    (made := folder / "site").mkdir()
    async with contextlib.AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_courthouse(made))
        clock, ticks = ManualClock(house.site.clock.now_ms()), [0.0]
        kept = MirrorFolder(folder / "mirror", URL, RECORD.verifier, clock, lambda: ticks[0])
        mirror = Mirror(house.site.client, URL, RECORD.verifier, kept, 1 << 30)
        transport = httpx.ASGITransport(mirror_app(kept, URL))
        client = httpx.AsyncClient(transport=transport, base_url="http://mirror.test")
        await stack.enter_async_context(client)
        yield Standing(house, mirror, kept, client, clock, ticks)


async def set_state(two, post, state) -> None:
    await posts.set_state(two.house.world, int(post["id"]), state, case_id=1, rule=None, at_ms=1)


def says(note: bytes) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=note))
    )
