"""`venire run`: the site, served."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from venire.api.app import create_app
from venire.api.settings import ApiSettings, RuleText
from venire.cases.policy import Policy
from venire.kernel.errors import Unavailable
from venire.server.logs import configure_logging
from venire.server.settings import Settings
from venire.server.wiring import open_house
from venire.server.workers import leading
from venire.web.routes import lost_page, web_routes

_log = logging.getLogger(__name__)
_BACKLOG = 2048


class _Server(uvicorn.Server):
    """Ends by returning, so that the house is closed; uvicorn's own raises the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on the usual signals while the block runs."""
        usual = {kind: signal.signal(kind, self.handle_exit) for kind in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for kind, handler in usual.items():
                signal.signal(kind, handler)

    def stop(self) -> None:
        """Stop as soon as what is being answered is."""
        self.should_exit = True


async def serve(settings: Settings) -> None:
    """Serve a site until it is told to stop. Raises Unavailable `workers_died`."""
    configure_logging(settings)
    sockets = _listen(settings)
    async with open_house(settings) as house:
        api = api_settings(settings, house.court.policy)
        app = create_app(
            house.court,
            api,
            extra_routes=web_routes(house.court, api),
            problem_page=lost_page(house.court, api),
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies) or "",
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=10,
            # Longer than clients and proxies keep an idle connection: who closes first must be
            # the one who would use it next, or a request is lost on its way.
            timeout_keep_alive=75,
            lifespan="off",
        )
        server = _Server(config)
        async with leading(house, server.stop):
            _greet(settings, house.court.sequencer.verifier_key)
            await server.serve(sockets=sockets)


def _greet(settings: Settings, key: str) -> None:
    """What a person at the terminal needs: where it is, and the key that proves the record."""
    lines = [f"Venire is at {settings.url}", f"record key   {key}"]
    if settings.acceptance:
        lines.insert(
            0,
            "WARNING: acceptance profile. Cheap passwords, no limits, no confirmation: for tests"
            " and drills on this machine only, never for people.",
        )
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _listen(settings: Settings) -> list[socket.socket]:
    """Listening sockets. The acceptance profile answers on both loopback addresses."""
    hosts = [settings.host]
    if settings.acceptance:
        hosts = ["127.0.0.1", "::1"]
    sockets: list[socket.socket] = []
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listening.bind((host, settings.port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            if host == "::1" and sockets:
                # A machine without IPv6: the other loopback address is enough.
                continue
            raise Unavailable(
                "address_in_use",
                f"cannot listen on {host} port {settings.port}: {error.strerror};"
                " choose another with --port",
            ) from error
        sockets.append(listening)
    return sockets


def api_settings(settings: Settings, policy: Policy) -> ApiSettings:
    """What the face is told of the settings."""
    rules = tuple(
        RuleText(
            id=str(category.rule),
            text=category.title["en"],
            hint=category.text["en"],
            translations=tuple(
                (language, title, category.text.get(language, ""))
                for language, title in sorted(category.title.items())
            ),
        )
        for category in policy.categories
    )
    return ApiSettings(
        registrations=settings.registrations,
        confirmed_contact_required=not settings.acceptance,
        minimum_age=0 if settings.acceptance else settings.minimum_age,
        rate_limits=not settings.acceptance,
        description=settings.description,
        rules=rules,
    )
