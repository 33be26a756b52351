"""Whether this machine can carry a site: each check says what it found, and what would help.

Nothing here needs the network to be there: what cannot be asked is said to be unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import socket
import stat
import sys
import threading
from pathlib import Path
from typing import Literal

import msgspec

from venire import __version__
from venire.cases.policy import load_policy
from venire.cli.founding.machine import service_user
from venire.kernel.clock import Clock, iso_ms
from venire.kernel.errors import Problem
from venire.kernel.ports import Letter, MailAnswer, MailService
from venire.people import letters
from venire.server import site_names
from venire.server.mail import mail_services
from venire.server.settings import Settings
from venire.server.vendor_settings import of_kind
from venire.server.wiring import House
from venire.storage.leases import LeaderLock

State = Literal["good", "warning", "wrong", "unknown"]
_LEAST_BYTES = 1 << 30
_LEAST_MEMORY_MB = 900
_ASK_S = 5.0
_PYTHON = (3, 11)
_UNSYNCHRONISED = 5


class Check(msgspec.Struct, frozen=True):
    """What was looked at, how it is, what was found, and what would help."""

    name: str
    state: State
    found: str
    hint: str = ""


def check_machine(settings: Settings, clock: Clock) -> list[Check]:
    """Everything that can be looked at without opening the site."""
    checks = [
        _python(),
        _disk(settings.folder),
        _memory(),
        _clock(clock),
        _folder(settings.folder),
        _port(settings),
        _domain(settings),
        _handles(settings),
        _policy(settings),
        _tools(),
    ]
    return [check for check in checks if check is not None]


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < _PYTHON:
        return Check("python", "wrong", found, "3.11 or later is needed")
    return Check("python", "good", f"{found}, venire {__version__}")


def _disk(folder: Path) -> Check:
    there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / (1 << 30):.1f} GB free"
    if free < _LEAST_BYTES:
        return Check("disk", "warning", found, "a site grows: give it 10 GB and more")
    return Check("disk", "good", found)


def _memory() -> Check:
    size_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    if size_mb < _LEAST_MEMORY_MB:
        return Check("memory", "warning", f"{size_mb} MB", "1 GB is the least; add swap")
    return Check("memory", "good", f"{size_mb} MB")


def _clock(clock: Clock) -> Check:
    now_ms = clock.now_ms()
    found = iso_ms(now_ms)[:19] + "Z"
    # A clock that is behind this very program is wrong, whatever else it says.
    if now_ms < Path(__file__).stat().st_mtime_ns // 1_000_000:
        return Check("clock", "wrong", found, "it is behind: set it (timedatectl set-ntp true)")
    kept = _clock_is_kept()
    if kept is None:
        return Check("clock", "good", found)
    if not kept:
        hint = "nobody sets it: timedatectl set-ntp true, or install chrony"
        return Check("clock", "warning", found, hint)
    return Check("clock", "good", f"{found}, kept by a time service")


def _clock_is_kept() -> bool | None:
    """Whether the kernel says that its clock is synchronised (adjtimex(2)); None if unknown."""
    with contextlib.suppress(AttributeError, OSError):
        room = (ctypes.c_char * 512)()
        answer = ctypes.CDLL(None).adjtimex(ctypes.byref(room))
        if answer >= 0:
            return bool(answer != _UNSYNCHRONISED)
    return None


def _folder(folder: Path) -> Check | None:
    if not folder.exists():
        return Check("folder", "good", f"{folder.resolve()}, not made yet")
    found = str(folder.resolve())
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Check("folder", "warning", found, f"others may look into it: chmod 700 {folder}")
    if folder.stat().st_uid == 0:
        hint = "it is root's: make it, and run init, as the user that will serve the site"
        return Check("folder", "warning", f"{found}, of root", hint)
    return Check("folder", "good", f"{found}, of {service_user(folder)}")


def _port(settings: Settings) -> Check:
    found = f"{settings.host} port {settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((settings.host, settings.port))
        except OSError as error:
            if _runs(settings.folder):
                return Check("port", "good", f"{found}: this site is running there")
            hint = f"{error.strerror}: choose another with --port, or end what listens there"
            return Check("port", "wrong", found, hint)
    return Check("port", "good", f"{found} is free")


def _runs(folder: Path) -> bool:
    if not (folder / "leader.lock").exists():
        return False
    lock = LeaderLock(folder)
    free = lock.acquire()
    lock.release()
    return not free


def _domain(settings: Settings) -> Check:
    host = settings.domain.rpartition(":")[0] if _has_port(settings.domain) else settings.domain
    host = host.strip("[]")
    addresses = _addresses(host)
    if addresses is None:
        return Check("domain", "unknown", host, "no name server answered: are you offline?")
    if not addresses:
        hint = f"no address is known for it: make an A (and AAAA) record for {host}"
        return Check("domain", "warning", host, hint)
    return Check("domain", "good", f"{host} is at {', '.join(addresses[:3])}")


def _handles(settings: Settings) -> Check:
    try:
        names = site_names.in_force(settings)
    except Problem as problem:
        return Check("handles", "wrong", problem.code, problem.hint)
    found = f"end with @{names.handle_domain or settings.domain}"
    if not site_names.moved(settings, names):
        return Check("handles", "good", found)
    hint = "members keep what they are called; only the setting handle_domain would change it"
    return Check("handles", "good", f"{found}, the site is at {settings.domain}", hint)


def _has_port(domain: str) -> bool:
    return domain.rpartition(":")[2].isdigit() and not domain.endswith("]")


def _addresses(host: str) -> list[str] | None:
    """The addresses of a host; None when nobody answered in time."""
    answers: list[list[str] | None] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.append(sorted({str(address[4][0]) for address in found}))
        except socket.gaierror as error:
            answers.append(None if error.errno == socket.EAI_AGAIN else [])
        except UnicodeError:
            answers.append([])

    # The system's resolver knows no deadline: whoever waits for it must be able to leave.
    asking = threading.Thread(target=ask, name="domain", daemon=True)
    asking.start()
    asking.join(_ASK_S)
    return answers[0] if answers else None


def _policy(settings: Settings) -> Check:
    name = settings.policy or "the one that ships"
    try:
        policy = (
            load_policy(settings.folder / settings.policy) if settings.policy else load_policy()
        )
    except Problem as problem:
        return Check("policy", "wrong", name, problem.hint or problem.code)
    except OSError as error:
        return Check("policy", "wrong", name, error.strerror or "cannot be read")
    return Check("policy", "good", f"{name}, version {policy.version}, jury {policy.jury.preset}")


def _tools() -> Check:
    names = ("ffmpeg", "ffprobe", "tesseract")
    missing = [name for name in names if shutil.which(name) is None]
    found = ", ".join(name for name in names if name not in missing) or "none"
    hints = []
    if {"ffmpeg", "ffprobe"} & set(missing):
        hints.append("apt install ffmpeg: without it video and sound are refused")
    if "tesseract" in missing:
        hints.append("apt install tesseract-ocr: without it screenshots are read slower")
    return Check("tools", "warning" if hints else "good", found, "; ".join(hints))


# mail


def check_mail(settings: Settings, test_to: str, clock: Clock) -> Check:
    """Whether letters can go out; with `test_to` one does."""
    if not settings.mail and not of_kind(settings.vendors, "mail"):
        hint = (
            "no letters: a moderator confirms each address, and nobody can choose a new password"
            " (--mail smtp://user@host:587 --mail-password-file FILE)"
        )
        return Check("mail", "warning", "none", hint)
    try:
        answer = asyncio.run(_try_mail(settings, test_to, clock))
    except Problem as problem:
        return Check("mail", "wrong", settings.mail, problem.hint or problem.code)
    if answer.outcome == "sent":
        return Check("mail", "good", f"{settings.mail}, from {settings.mail_sender}")
    return Check("mail", "wrong", f"{settings.mail}: {answer.said}", _MAIL_HINTS[answer.outcome])


_MAIL_HINTS = {
    "rejected": "the server does not take a letter to that address",
    "throttled": "the server asks to come back later: letters are tried again by themselves",
    "unavailable": "is the name right, and does your host let port 587 or 465 out?",
    "closed": "the server refuses us: look at the user, the password and --mail-from",
}


async def _try_mail(settings: Settings, test_to: str, clock: Clock) -> MailAnswer:
    """The worst answer of all submissions: a second one that refuses us is no second one."""
    answer = MailAnswer("unavailable", "off in this profile")
    for service in mail_services(settings).values():
        answer = await _try_submission(service, settings, test_to, clock)
        if answer.outcome != "sent":
            break
    return answer


async def _try_submission(
    service: MailService, settings: Settings, test_to: str, clock: Clock
) -> MailAnswer:
    if not test_to:
        return await service.check()
    now_ms = clock.now_ms()
    return await service.send(
        Letter(
            to=test_to,
            subject=f"A letter from {settings.title}",
            text=f"Letters from {settings.url} arrive.\n",
            message_id=f"<test.{now_ms}@{settings.mail_sender.rpartition('@')[2]}>",
            written_at_ms=now_ms,
            language="en",
        )
    )


async def check_letters(house: House) -> Check:
    """How the letters fare that were written so far."""
    post = await letters.post_of(house.world)
    found = f"{post.waiting} wait, {len(post.lost)} were given up in three days"
    if post.lost:
        said = sorted({row.said or "no answer" for row in post.lost})
        return Check("letters", "warning", found, f"said last: {', '.join(said[:3])}")
    return Check("letters", "good", found)


def lines_of(checks: list[Check]) -> list[str]:
    """Checks as a person reads them."""
    signs = {"good": "ok", "warning": "!", "wrong": "WRONG", "unknown": "?"}
    lines = []
    for check in checks:
        lines.append(f"  {signs[check.state]:<6} {check.name:<8} {check.found}")
        if check.hint:
            lines.append(f"         {'':<8} {check.hint}")
    return lines
