"""One request for a page: who asks, in which language, with which form; and how it is answered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from venire.cases.court import Court
from venire.kernel.errors import Forbidden
from venire.kernel.i18n import LANGUAGES, negotiate, translate
from venire.people.addresses import telling_network
from venire.people.model import CONSENT, PENDING, UNCONFIRMED, Account
from venire.people.rules import may_write
from venire.people.sessions import SESSION_MS, form_token, session_account, session_cookie
from venire.people.standing import standing
from venire.people.tokens import new_secret
from venire.storage.world import World
from venire.treasury.membership_rules import Prices
from venire.web.forms import Form
from venire.web.limits import WebLimits
from venire.web.problems import SignInNeeded
from venire.web.rendering import render
from venire.web.settings import WebSettings

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; manifest-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script at all, nothing from elsewhere, no style inside a page.

The pages that ask for a passkey add one script of the site's own (`entering.SCRIPT_POLICY`).
"""

_LANGUAGE_COOKIE = "venire_language"
_LANGUAGE_S = 365 * 24 * 3600


class Visit:
    """What a page's handler is given. `form` is filled before the handler of a POST runs."""

    def __init__(
        self,
        court: Court,
        settings: WebSettings,
        limits: WebLimits | None,
        request: Request,
        *,
        viewer: Account | None,
        session: str,
        language: str,
    ) -> None:
        self.court = court
        self.settings = settings
        self.request = request
        self.viewer = viewer
        self.session = session
        self.language = language
        self.form = Form()
        self._limits = limits
        self._new_cookies: list[tuple[str, str, int | None]] = []
        self._form_cookie = request.cookies.get(form_cookie(court.world), "")
        self._made_secret = ""

    # who asks

    @property
    def world(self) -> World:
        """Storage, time, chance, ids."""
        return self.court.world

    @property
    def viewer_id(self) -> int | None:
        """The account that is signed in."""
        return None if self.viewer is None else self.viewer.id

    @property
    def takes(self) -> Prices:
        """What may be paid for here; nothing on a site that takes no payments."""
        return Prices() if self.court.money is None else self.court.money.prices

    @property
    def moderates(self) -> bool:
        """Whether a moderator or an admin is signed in."""
        return self.viewer is not None and self.viewer.moderates

    @property
    def address(self) -> str:
        """The network address of the caller; empty if unknown."""
        return self.request.client.host if self.request.client else ""

    def member(self) -> Account:
        """The member who asks; a stranger is led to the sign-in page."""
        if self.viewer is None:
            raise SignInNeeded
        return self.viewer

    def moderator(self) -> Account:
        """The moderator who asks. Forbidden `role_required`."""
        account = self.member()
        if not account.moderates:
            raise Forbidden("role_required", "This page is for moderators")
        return account

    async def writer(self, *, posting: bool = False) -> Account:
        """A member who may write now. Forbidden `account_suspended`, `posting_stopped`."""
        account = self.member()
        stands = await standing(self.world, account.id)
        if may_write(stands, posting=posting, waived=self.world.site.acceptance):
            return account
        if stands.suspended or stands.terminated:
            raise Forbidden("account_suspended", "Your account is suspended")
        raise Forbidden("posting_stopped", "You cannot post until the verdict on an earlier post")

    async def count(self, limit: str, key: str = "") -> None:
        """Count a call against a limit: under a key, else by account, else by network."""
        if self._limits is None:
            return
        who = key or (f"account:{self.viewer_id}" if self.viewer is not None else "")
        # One household has 2**64 IPv6 addresses: they count as one.
        network = telling_network(self.address) or self.address
        await self._limits.take(limit, who or f"network:{network}")

    # words

    def t(self, text: str, **data: object) -> str:
        """A text in the reader's language."""
        return translate(self.language, text, **data)

    def in_language(self, texts: dict[str, str]) -> str:
        """Which of a policy's texts the reader gets."""
        return texts.get(self.language) or texts["en"]

    # forms and cookies

    @property
    def form_secret(self) -> str:
        """What this browser's forms are made from: its session, or a cookie of their own."""
        return self.session if self.viewer is not None else self._form_cookie

    def form_token(self) -> str:
        """The token that a form on this page carries."""
        if not self.form_secret and not self._made_secret:
            self._made_secret = new_secret(self.world)
            self.set_cookie(form_cookie(self.world), self._made_secret, None)
        return form_token(self.form_secret or self._made_secret)

    def set_cookie(self, name: str, value: str, lasts_s: int | None) -> None:
        """Give the browser a cookie with the answer; an empty value takes it away."""
        self._new_cookies.append((name, value, lasts_s))

    def sign_in(self, secret: str) -> None:
        """Give the browser its session."""
        name = session_cookie(self.world.site.base_url)
        self.set_cookie(name, secret, SESSION_MS // 1000 if secret else 0)

    # answers

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Answer with a page."""
        body = render(template, self, **values)
        return Response(body, status, media_type="text/html")

    def redirect(self, path: str, **query: str) -> Response:
        """Lead the browser to another page of this site, by GET."""
        joint = "&" if "?" in path else "?"
        return RedirectResponse(f"{path}{joint}{urlencode(query)}" if query else path, 303)

    def dressed(self, response: Response) -> Response:
        """The answer with the headers and cookies that every page has."""
        private = self.viewer is not None or bool(self._new_cookies)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        headers.setdefault("Cache-Control", "no-store" if private else "no-cache")
        headers.setdefault("Vary", "Accept-Language, Cookie")
        headers.setdefault("Content-Language", self.language)
        for name, value, lasts_s in self._new_cookies:
            response.set_cookie(
                name,
                value,
                max_age=lasts_s,
                path="/",
                secure=self.world.site.base_url.startswith("https://"),
                httponly=True,
                samesite="lax",
            )
        return response

    def remember_language(self) -> None:
        """Keep the language that was asked for by the switch."""
        self.set_cookie(_LANGUAGE_COOKIE, self.language, _LANGUAGE_S)


def form_cookie(world: World) -> str:
    """The name of the cookie that forms are made from before anyone is signed in."""
    secure = world.site.base_url.startswith("https://")
    return "__Host-venire_form" if secure else "venire_form"


async def open_visit(
    court: Court, settings: WebSettings, limits: WebLimits | None, request: Request
) -> Visit:
    """Read who asks and in which language."""
    session = request.cookies.get(session_cookie(court.world.site.base_url), "")
    viewer = await session_account(court.world, session)
    if viewer is not None and waits(viewer, settings):
        viewer = None
    visit = Visit(
        court,
        settings,
        limits,
        request,
        viewer=viewer,
        session=session,
        language=chosen_language(court, request),
    )
    if request.query_params.get("lang", "") in LANGUAGES:
        visit.remember_language()
    return visit


def chosen_language(court: Court, request: Request) -> str:
    """The language of the switch, of its cookie, of the browser's wish, of the site."""
    switched = (request.query_params.get("lang", ""), request.cookies.get(_LANGUAGE_COOKIE, ""))
    for language in switched:
        if language in LANGUAGES:
            return language
    return negotiate(request.headers.get("accept-language", ""), court.world.site.language)


def waits(account: Account, settings: WebSettings) -> bool:
    """Whether an account may not be used yet."""
    return account.state in {PENDING, CONSENT} or (
        account.state == UNCONFIRMED and settings.confirmed_contact_required
    )
