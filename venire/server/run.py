"""`venire run`: the site, served."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import dataclasses
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import HANDLED_SIGNALS

from venire.adapters.name_servers import NameServers
from venire.api.app import Application, create_app
from venire.api.counters import SharedCounters
from venire.api.settings import ApiSettings, RuleText
from venire.api.streaming.route import WORD_BYTES, StreamingRoute
from venire.cases.policy import Policy
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Unavailable
from venire.people import challenges
from venire.people.ages import load_ages
from venire.people.joining import Door
from venire.server import keys, moved, site_names
from venire.server.acknowledging import kept_first
from venire.server.connections import BoundedProtocol
from venire.server.logs import configure_logging
from venire.server.moved import kept_or_moved
from venire.server.processes import Bell, Helpers, bells, follow_parent
from venire.server.pulse import Board
from venire.server.rehearsal import rehearse
from venire.server.settings import Settings
from venire.server.shipping import call_when_waiting
from venire.server.sockets import FrameProtocol
from venire.server.upgrading import upgrade_at_start
from venire.server.wiring import open_house
from venire.server.workers import leading
from venire.storage.pace import Pace
from venire.web.routes import lost_page, web_routes

_log = logging.getLogger(__name__)
_BACKLOG = 2048
_USUAL_PROCESSES = 2
"""One writes at a time, so more help little on a small machine."""
_UNREAD_MS = 60_000
"""How long a peer may leave what it was sent unacknowledged before its connection ends."""


class _Server(uvicorn.Server):
    """Ends by returning, so that the house is closed; uvicorn's own raises the signal again."""

    def __init__(
        self, config: uvicorn.Config, streaming: StreamingRoute, told_to_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._streaming = streaming
        self._told_to_stop = told_to_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop came."""
        self._told_to_stop()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would never end by itself, then wait for what is being answered."""
        self._streaming.close()
        await super().shutdown(sockets=sockets)

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


@dataclasses.dataclass(frozen=True)
class Shared:
    """What the processes of one site were forked with."""

    board: Board
    counters: SharedCounters
    told_to_stop: Callable[[], None]


def _raise_file_limit() -> None:
    """As many open files as the system lets us have: each socket that streams is one."""
    low, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if low != most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


_M_ARENA_MAX = -8


def _share_arenas() -> None:
    """Let the C library keep two heaps, not one for each thread: our threads allocate in turns."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def run(settings: Settings, *, joins: int | None = None) -> None:
    """Serve a site until it is told to stop.

    `joins`: the process that runs the site already and asks for help; this one ends with it.
    """
    configure_logging(settings)
    if joins is not None:
        follow_parent(joins)
    _raise_file_limit()
    _share_arenas()
    count = 1 if joins is not None else settings.workers or _usual(settings)
    share = count > 1 or joins is not None
    if share and joins is None:
        _refuse_a_second_site(settings)
    sockets = [_listen(settings, share=share) for _ in range(count)]
    moved.refuse_left(settings.folder)
    if moved_to := moved.address(settings.folder):
        moved.serve_moved(moved_to, [one for each in sockets for one in each], settings, _say)
        return
    upgrade_at_start(settings)
    rung = bells(count)
    helpers = Helpers([sys.executable, "-m", "venire", *sys.argv[1:], "--joins"])
    shared = Shared(Board(), SharedCounters(SystemClock()), helpers.expect_end)

    def work(number: int, opened: Callable[[], None] | None = None) -> None:
        for other, those in enumerate(sockets):
            if other != number:
                for one in those:
                    one.close()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, sockets[number], rung[number], shared, opened))

    if count > 1:
        helpers.fork(count - 1, work)
    try:
        work(0, None if joins is not None else helpers.open_gate)
    finally:
        helpers.end()


def _usual(settings: Settings) -> int:
    """How many processes a machine gets; a port that the system chooses is one process's own."""
    return min(_USUAL_PROCESSES, len(os.sched_getaffinity(0))) if settings.port else 1


def _refuse_a_second_site(settings: Settings) -> None:
    """Raise Unavailable `address_in_use` where somebody listens already.

    Sockets that share a port let anyone of the same user in, another site of theirs too.
    """
    for one in _listen(settings, share=False):
        one.close()


async def serve(
    settings: Settings,
    sockets: list[socket.socket],
    bell: Bell,
    shared: Shared,
    opened: Callable[[], None] | None,
) -> None:
    """Serve a site from one process. The first one says when it is `opened`, and greets.

    Raises Unavailable `workers_died`.
    """
    async with open_house(settings, shared.board) as house:
        api = dataclasses.replace(
            api_settings(settings, house.court.policy, house.court.push.public_key),
            films=house.court.media.studio.films is not None,
            counters=shared.counters,
            bounce_secret=keys.bounce_secret(settings.folder, house.world.chance)
            if settings.mail_bounces
            else "",
        )
        app = create_app(
            house.court,
            api,
            extra_routes=web_routes(house.court, api),
            problem_page=lost_page(house.court, api),
        )
        paced = kept_or_moved(_paced(app, house.pulse.pace), settings.folder)
        if settings.durable == "remote":
            paced = kept_first(paced, house.storage.kept_elsewhere)
        server = _Server(_config(settings, paced), app.streaming, shared.told_to_stop)
        bell.listen()
        house.storage.on_commit(bell.ring)
        bell.on_ring(app.streaming.station.hub.wake)
        call_when_waiting(house.storage, bell)
        await rehearse(app, house.world)
        async with leading(house, server.stop, bell):
            if opened is not None:
                opened()
                _greet(settings, house.court.sequencer.verifier_key)
            await server.serve(sockets=sockets)
        bell.close()


def _paced(app: Application, pace: Pace) -> ASGIApp:
    """The application, with what runs behind it told of each read."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] == "GET":
            pace.read_answered()

    return answer


def _config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """How connections are spoken to."""
    return uvicorn.Config(
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
        http=BoundedProtocol,
        # Compressing each event for each of 5,000 sockets would cost more than all the rest.
        ws=FrameProtocol,
        ws_per_message_deflate=False,
        ws_max_size=WORD_BYTES,
        ws_ping_interval=30,
        ws_ping_timeout=30,
    )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _greet(settings: Settings, key: str) -> None:
    """What a person at the terminal needs: where it is, and the key that proves the record."""
    lines = [f"Venire is at {settings.url}", f"record key   {key}"]
    names = site_names.in_force(settings)
    if site_names.moved(settings, names):
        lines.append(f"handles end with @{names.handle_domain}, as they did before")
    if settings.acceptance:
        lines.insert(
            0,
            "WARNING: acceptance profile. Cheap passwords, no limits, no confirmation: for tests"
            " and drills on this machine only, never for people.",
        )
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _listen(settings: Settings, *, share: bool) -> list[socket.socket]:
    """Listening sockets. The acceptance profile answers on both loopback addresses.

    `share`: the kernel spreads connections over several such sockets of one address.
    """
    hosts = [settings.host]
    if settings.acceptance:
        hosts = ["127.0.0.1", "::1"]
    sockets: list[socket.socket] = []
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Handed down to each connection: else one that is never read holds its buffer for ever.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
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


def api_settings(settings: Settings, policy: Policy, vapid_public_key: str = "") -> ApiSettings:
    """What the face is told of the settings. `vapid_public_key`: what devices subscribe with."""
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
        vapid_public_key=vapid_public_key,
        rules=rules,
        country_header=settings.country_header,
        door=door(settings),
    )


def door(settings: Settings) -> Door:
    """The defences of the sign-up; the acceptance profile has none."""
    if settings.acceptance:
        return Door(per_network=0)
    return Door(
        challenge_bits=challenges.BITS if settings.sign_up_challenge else 0,
        per_network=settings.sign_ups_per_network,
        resolver=NameServers() if settings.check_mail_hosts else None,
        ages=load_ages(settings.folder / settings.ages) if settings.ages else load_ages(),
    )
