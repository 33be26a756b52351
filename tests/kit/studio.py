"""A site that takes files, and has nothing else to hear and to wait for."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from tests.kit.courthouse import Courthouse
from tests.kit.site import open_site, usual_subscriptions
from venire.adapters.objects.local import LocalObjects
from venire.cases.court import Court
from venire.posts.media import following, uploading
from venire.posts.media.studio import Films, Studio, Tools
from venire.storage.relay import Subscription
from venire.storage.world import World


def studio_parts(folder: Path, films: Films | None = None) -> dict[str, Any]:
    """What `open_site` is given for a site that takes files."""

    def parts(world: World) -> dict[str, Any]:
        return {"media": Tools(world, LocalObjects(folder / "media"), Studio(1, films=films))}

    def hears(court: Court) -> Sequence[Subscription]:
        return (
            *usual_subscriptions(court.world),
            Subscription(
                "media", lambda told: following.follow(court.world, told), hears=following.HEARS
            ),
            Subscription(
                "media_work",
                lambda told: uploading.convert(court.media, told),
                hears=uploading.HEARS,
            ),
        )

    return {"parts": parts, "subscriptions": hears}


@contextlib.asynccontextmanager
async def open_studio(folder: Path, films: Films | None = None) -> AsyncIterator[Courthouse]:
    """Open such a site; `settle` fires its timers too."""
    async with open_site(folder, **studio_parts(folder, films)) as site:
        yield Courthouse(site, [])
