"""Chat services over apprise, for alerts without content.

Source: apprise's documentation of each service, and the services' own of what `check` asks.

What a juror types is an address at a service that the operator named: it is matched whole against
what addresses look like there and handed over as a value. No URL is ever made of it. The library
waits in a thread of its own, tells success or failure and no more: after a failure the service is
asked whether we are still served, which says whose fault it was.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from venire.adapters.chat.bounded_requests import BOUNDED, bind
from venire.adapters.http import Answer, VendorHttp, checked_address
from venire.kernel.errors import Invalid
from venire.kernel.messages import ChatMessage
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorUnavailable,
    fault_of_status,
)

_WHOLE_S: Final = 12.0
_STEP_S: Final = 4.0
AT_ONCE: Final = 4
_LONGEST: Final = 255
_SLACK_CLOSED: Final = frozenset(
    {
        "account_inactive",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
"""What Slack says when it is we who are refused (its documentation of `auth.test`)."""


class _Service(msgspec.Struct, frozen=True):
    """How a service is spoken to. `at`: where it is, None where the operator has to say so.

    `looks`: what an address there is. `parts`: what the library is given besides the server.
    `probe`: what is asked to know whether we are served.
    """

    schema: str
    looks: re.Pattern[str]
    parts: Callable[[str, Mapping[str, str], str], dict[str, Any]]
    probe: Callable[[str], tuple[str, str, dict[str, str]]]
    at: str | None = None


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"} if secret else {}


SERVICES: Final[Mapping[str, _Service]] = {
    "ntfy": _Service(
        "ntfy",
        re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
        lambda to, _, secret: {
            "targets": [to],
            "mode": "private",
            "include_image": False,
            **({"auth": "token", "token": secret} if secret else {}),
        },
        lambda secret: ("GET", "/v1/health", _bearer(secret)),
    ),
    "matrix": _Service(
        "matrix",
        re.compile(r"[!@#][A-Za-z0-9._=-]{1,120}:[A-Za-z0-9.-]{1,120}(:[0-9]{1,5})?"),
        lambda to, _, secret: {
            "targets": [to],
            "user": None,
            "password": secret,
            "discovery": False,
            "e2ee": False,
            "include_image": False,
        },
        lambda secret: ("GET", "/_matrix/client/v3/account/whoami", _bearer(secret)),
    ),
    "telegram": _Service(
        "tgram",
        re.compile(r"[1-9][0-9]{0,18}"),
        lambda to, _, secret: {"targets": [to], "bot_token": secret, "detect_owner": False},
        lambda secret: ("GET", f"/bot{secret}/getMe", {}),
        "https://api.telegram.org",
    ),
    "slack": _Service(
        "slack",
        re.compile(r"[UW][A-Z0-9]{5,20}"),
        lambda to, _, secret: {"targets": [f"+{to}"], "access_token": secret, "mode": "bot"},
        lambda secret: ("POST", "/api/auth.test", _bearer(secret)),
        "https://slack.com",
    ),
    "signal": _Service(
        "signal",
        re.compile(r"\+[1-9][0-9]{6,14}"),
        lambda to, options, _: {"targets": [to], "source": options.get("from", "")},
        lambda _: ("GET", "/v1/about", {}),
    ),
}
"""The services that can be named; another one is a row here and its receiver in the tests."""


class AppriseChat:
    """One chat service. `secret`: a token; `options`: `address` where it is, `from` our number."""

    def __init__(
        self,
        service: str,
        secret: str,
        options: Mapping[str, str],
        *,
        loopback: bool = False,
        whole_s: float = _WHOLE_S,
    ) -> None:
        if service not in SERVICES:
            raise Invalid("settings_invalid", f"chat: one of {', '.join(SERVICES)}")
        self._service = SERVICES[service]
        self._name = service
        self._secret = secret
        self._options = dict(options)
        self._whole_s = whole_s
        address = self._options.pop("address", "") or self._service.at or ""
        self._address = checked_address(address, loopback=loopback, private=True)
        self._http = VendorHttp(self._address, loopback=loopback, private=True, whole_s=whole_s / 2)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._plugin("+15005550001" if service == "signal" else "T12345")

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    def accepts(self, recipient: str) -> bool:
        """See `ChatService.accepts`."""
        return len(recipient) <= _LONGEST and bool(self._service.looks.fullmatch(recipient))

    async def send(self, message: ChatMessage) -> None:
        """See `ChatService.send`."""
        if not self.accepts(message.recipient):
            raise Rejected("recipient")
        plugin = self._plugin(message.recipient)
        try:
            async with asyncio.timeout(self._whole_s):
                said = await self._in_thread(
                    lambda: bool(plugin.notify(body=message.text, title=message.title))
                )
        except TimeoutError:
            raise VendorUnavailable("timeout", in_doubt=True) from None
        if not said:
            # Served, and not sent: it is this recipient whom it does not reach.
            await self.check()
            raise Rejected("not_sent")

    async def check(self) -> None:
        """See `ChatService.check`."""
        method, path, headers = self._service.probe(self._secret)
        answer = await self._http.ask(method, path, headers=headers)
        fault = _fault(answer)
        if fault is not None:
            raise fault

    def _plugin(self, recipient: str) -> Any:
        """The library's own object for one recipient, made of values and not of a URL."""
        parts = urlsplit(self._address)
        secure = parts.scheme == "https"
        given = {
            "schema": self._service.schema + ("s" if secure and self._service.at is None else ""),
            "host": parts.hostname,
            "port": parts.port,
            "secure": secure,
            "verify": True,
            "redirect": False,
            "cto": _STEP_S,
            "rto": _STEP_S,
            **self._service.parts(recipient, self._options, self._secret),
        }
        made = _instantiate(given)
        if made is None:
            raise Invalid(
                "settings_invalid", f"chat: {self._name}: its secret or options are wrong"
            )
        bind(made)
        if self._name == "telegram":
            made.notify_url = f"{self._address}/bot"
        elif self._name == "slack":
            made.api_url = f"{self._address}/api/{{}}"
        return made

    async def _in_thread(self, work: Callable[[], bool]) -> bool:
        """Run it in a thread that nobody waits for at the end: one that drips holds it long."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()

        def settle(said: bool) -> None:
            self._room.release()
            if not answered.done():
                answered.set_result(said)

        def run() -> None:
            try:
                BOUNDED.begin(self._whole_s)
                said = work()
            except Exception:  # noqa: BLE001 - whatever a plugin stumbles over is a failure
                said = False
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, said)

        threading.Thread(target=run, name="chat", daemon=True).start()
        return await answered


def _instantiate(given: Mapping[str, Any]) -> Any:
    """The library's object of these values, None where it will not have them."""
    with warnings.catch_warnings():
        # It imports modules that Python 3.13 no longer has, where there are any.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        # It writes down whom it could not reach; and what it asks by, whole addresses, of which
        # Telegram's hold our token.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        asset = apprise.AppriseAsset(
            async_mode=False, secure_logging=True, http_redirects=False, storage_mode="memory"
        )
        return apprise.Apprise.instantiate(dict(given), asset=asset, suppress_exceptions=True)


def _fault(answer: Answer) -> VendorFault | None:
    told = answer.json()
    if not answer.good:
        if answer.status == 404:  # noqa: PLR2004 - HTTP; Telegram's word for a token that ended
            return AccountClosed("http_404")
        fault = fault_of_status(answer.status, retry_after_s=answer.retry_after_s)
        return VendorUnavailable(fault.said) if isinstance(fault, Rejected) else fault
    if not isinstance(told, dict):
        return VendorUnavailable("no_answer")
    if told.get("ok") is False:
        # Slack says everything with a 200.
        said = str(told.get("error", "not_ok"))[:40]
        return AccountClosed(said) if said in _SLACK_CLOSED else VendorUnavailable(said)
    return None
