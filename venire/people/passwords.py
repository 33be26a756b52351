"""Passwords: Argon2id, in a thread, and the same work whether or not there is such an account.

Source: RFC 9106 section 4, second recommended option (64 MiB, 3 passes).
"""

from __future__ import annotations

import asyncio
import functools

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from venire.people.model import Login
from venire.people.store import save_login
from venire.storage.world import World

_USUAL = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
# Test suites of other projects sign up hundreds of accounts; the profile that allows this binds
# loopback only, and a hash made with it is replaced at the first sign-in elsewhere.
_CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

_AT_ONCE = 2
"""Each hash holds 64 MiB: a crowd at the door must not take all memory."""


class _Gates:
    """One gate for each event loop, since a semaphore belongs to the loop that first waits."""

    def __init__(self) -> None:
        self._gate: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def here(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._gate is None or self._loop is not loop:
            self._gate, self._loop = asyncio.Semaphore(_AT_ONCE), loop
        return self._gate


_GATES = _Gates()


def _hasher(world: World) -> PasswordHasher:
    return _CHEAP if world.site.acceptance else _USUAL


@functools.cache
def _decoy(*, cheap: bool) -> str:
    return (_CHEAP if cheap else _USUAL).hash("no account has this password")


async def hash_password(world: World, password: str) -> str:
    """The hash to store."""
    async with _GATES.here():
        return await asyncio.to_thread(_hasher(world).hash, password)


async def verify_password(world: World, login: Login | None, password: str) -> bool:
    """Whether a password opens a login. Without a login the same work is done, for nothing.

    A hash made with other parameters is replaced on the way.
    """
    async with _GATES.here():
        good = await asyncio.to_thread(_verify, world.site.acceptance, login, password)
    if good and login is not None and _hasher(world).check_needs_rehash(login.password_hash):
        fresh = await hash_password(world, password)
        await save_login(world, login, msgspec.structs.replace(login, password_hash=fresh))
    return good


async def hash_secret(world: World, secret: str) -> str:
    """The hash to store of a short secret that is no password: a recovery code."""
    return await hash_password(world, secret)


async def verify_secret(world: World, stored: str, secret: str) -> bool:
    """Whether a short secret is the one whose hash is stored; the same work where none is."""
    async with _GATES.here():
        return await asyncio.to_thread(_fits, world.site.acceptance, stored, secret)


def _fits(cheap: bool, stored: str, secret: str) -> bool:
    try:
        return _USUAL.verify(stored or _decoy(cheap=cheap), secret) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def _verify(cheap: bool, login: Login | None, password: str) -> bool:
    stored = _decoy(cheap=cheap) if login is None else login.password_hash
    try:
        return _USUAL.verify(stored, password) and login is not None
    except (VerificationError, InvalidHashError):
        return False
