"""A house with its pages, and browsers to look at them with."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.site import BASE_URL
from tests.web.browser import Browser
from venire.api.app import create_app
from venire.api.routes import ROUTES
from venire.api.settings import ApiSettings
from venire.people import sessions
from venire.web.routes import lost_page, web_routes


@dataclasses.dataclass
class Town:
    """A courthouse that people reach with browsers. Whoever is asked for is made."""

    house: Courthouse
    app: Any
    stack: contextlib.AsyncExitStack
    known: dict[str, Any] = dataclasses.field(default_factory=dict)

    async def stranger(self, language: str = "en") -> Browser:
        browser = Browser(self.app, BASE_URL, language=language)
        await self.stack.enter_async_context(browser.client)
        return browser

    async def member(self, name: str, role: str = "member", language: str = "en") -> Browser:
        """A browser in which this member is signed in."""
        if name not in self.known:
            known = {one.username: one for one in self.house.jurors}
            self.known[name] = known.get(name) or await self.house.site.member(name, role)
        browser = await self.stranger(language)
        secret = await sessions.start_session(self.house.world, self.known[name].id)
        browser.client.cookies.set("venire_session", secret)
        return browser

    async def post(self, name: str, text: str, **more: Any) -> str:
        """Publish as a member, and let it be looked at; the path of the post."""
        if name not in self.known:
            await self.member(name)
        post_id = await self.house.post(self.known[name], text, **more)
        return f"/@{name}/{post_id}"


async def _open(folder, settings, jurors, stack, *, acceptance):
    house = await stack.enter_async_context(open_courthouse(folder, jurors=jurors))
    object.__setattr__(house.world.site, "acceptance", acceptance)
    app = create_app(
        house.court,
        settings,
        extra_routes=web_routes(house.court, settings),
        routes=ROUTES,
        problem_page=lost_page(house.court, settings),
    )
    return Town(house, app, stack)


SETTINGS = ApiSettings(confirmed_contact_required=False, minimum_age=0, rate_limits=False)


@pytest.fixture
async def open_town(tmp_path):
    """Open a town with settings of one's own."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_it(
            settings: ApiSettings = SETTINGS, *, jurors: int = 0, acceptance: bool = True
        ) -> Town:
            return await _open(tmp_path, settings, jurors, stack, acceptance=acceptance)

        yield open_it


@pytest.fixture
async def town(open_town):
    """A town without jurors."""
    return await open_town()


@pytest.fixture
async def jury_town(open_town):
    """A town with twelve jurors and one of the bench."""
    return await open_town(jurors=12)
