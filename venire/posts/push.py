"""Push subscriptions: which of a member's devices are told of what, one for each token.

Source: docs.joinmastodon.org/methods/push. A subscription ends with its token, and when the
device's service says that the device is gone.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from venire.kernel.errors import Invalid, NotFound
from venire.people.follows import is_following
from venire.people.tokens import token_stands
from venire.storage.memory import Memory
from venire.storage.tables.push import PUSH_SUBSCRIPTIONS, PushRow
from venire.storage.world import World

ALERTS: Final = (
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "quote",
    "quoted_update",
    "admin.sign_up",
    "admin.report",
)
POLICIES: Final = ("all", "followed", "follower", "none")
"""From whom: everybody, those the member follows, the member's followers, nobody."""
ENDPOINT_LENGTH = 2_048
_KEY_BYTES = 65
_AUTH_BYTES = 16
_MOST = 200
_ALERTS = msgspec.json.Decoder(tuple[str, ...])


class Keys(msgspec.Struct, frozen=True):
    """A device's public key and secret, as they were sent: base64 of either kind."""

    p256dh: str
    auth: str


class Wanted(msgspec.Struct, frozen=True):
    """What a device wants to be told, and of whom."""

    alerts: tuple[str, ...] = ()
    policy: str = "all"


class Subscription(msgspec.Struct, frozen=True):
    """A device that is told of notifications."""

    account_id: int
    token_id: int
    id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    alerts: frozenset[str]
    policy: str
    standard: bool
    locale: str


def _subscription(row: PushRow) -> Subscription:
    return Subscription(
        account_id=row.account_id,
        token_id=row.token_id,
        id=row.id,
        endpoint=row.endpoint,
        p256dh=row.p256dh,
        auth=row.auth,
        alerts=frozenset(_ALERTS.decode(row.alerts)),
        policy=row.policy,
        standard=row.standard,
        locale=row.locale,
    )


async def subscribe(
    world: World,
    account_id: int,
    token_id: int,
    *,
    endpoint: str,
    keys: Keys,
    wanted: Wanted,
    standard: bool,
    locale: str,
) -> Subscription:
    """Tell a device from now on; a token that has a subscription gets this one instead.

    Raises Invalid `push_endpoint_invalid`, `push_key_invalid`, `push_choice_unknown`.
    """
    check_endpoint(endpoint, insecure=world.site.acceptance)
    _check_wanted(wanted)
    row = PushRow(
        account_id=account_id,
        token_id=token_id,
        id=world.ids.next(),
        endpoint=endpoint,
        p256dh=_decoded(keys.p256dh, _KEY_BYTES),
        auth=_decoded(keys.auth, _AUTH_BYTES),
        alerts=msgspec.json.encode(wanted.alerts),
        policy=wanted.policy,
        standard=standard,
        locale=locale,
        created_at_ms=world.now_ms(),
    )
    await world.storage.put(PUSH_SUBSCRIPTIONS, row)
    return _subscription(row)


def _wrong(field: str) -> dict[str, list[dict[str, str]]]:
    return {field: [{"error": "ERR_INVALID", "description": "is invalid"}]}


def _no_key() -> Invalid:
    return Invalid(
        "push_key_invalid", "The key of this device is not valid", details=_wrong("keys")
    )


def _decoded(text: str, size: int) -> bytes:
    try:
        padded = text.strip().rstrip("=") + "=" * (-len(text.strip().rstrip("=")) % 4)
        content = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _no_key() from error
    if len(content) != size or (size == _KEY_BYTES and content[0] != 4):  # noqa: PLR2004 - X9.62
        raise _no_key()
    return content


def check_endpoint(endpoint: str, *, insecure: bool = False) -> None:
    """Refuse what is no address of a push service: it must be https, by name, for everyone.

    What a name leads to is looked at when something is sent. `insecure`: http too, and addresses
    of this machine, for the acceptance profile.
    """
    problem = Invalid(
        "push_endpoint_invalid",
        "This is not the address of a push service",
        details=_wrong("endpoint"),
    )
    if len(endpoint) > ENDPOINT_LENGTH or not endpoint.isascii() or " " in endpoint:
        raise problem
    try:
        parts = urlsplit(endpoint)
        host, scheme, _ = parts.hostname or "", parts.scheme, parts.port
    except ValueError as error:
        raise problem from error
    if not host or parts.username is not None or not endpoint.isprintable():
        raise problem
    if insecure and scheme in {"http", "https"}:
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if scheme == "https" and "." in host:
            return
    raise problem


def _check_wanted(wanted: Wanted) -> None:
    if wanted.policy not in POLICIES or not set(wanted.alerts) <= set(ALERTS):
        raise Invalid(
            "push_choice_unknown",
            "A push policy is all, followed, follower or none",
            details=_wrong("policy"),
        )


async def load(world: World, account_id: int, token_id: int) -> Subscription:
    """The subscription of a token. NotFound `record_not_found`."""
    row = await world.storage.get(PUSH_SUBSCRIPTIONS, (account_id, token_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return _subscription(row)


async def change(world: World, account_id: int, token_id: int, wanted: Wanted) -> Subscription:
    """Tell a device of other things. NotFound; Invalid `push_choice_unknown`."""
    _check_wanted(wanted)
    row = await world.storage.get(PUSH_SUBSCRIPTIONS, (account_id, token_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    alerts = msgspec.json.encode(wanted.alerts)
    new = msgspec.structs.replace(row, alerts=alerts, policy=wanted.policy)
    await world.storage.put(PUSH_SUBSCRIPTIONS, new)
    return _subscription(new)


async def unsubscribe(world: World, account_id: int, token_id: int) -> None:
    """Tell a device no more. Harmless where it was not told."""
    row = await world.storage.get(PUSH_SUBSCRIPTIONS, (account_id, token_id))
    if row is not None:
        await world.storage.delete(PUSH_SUBSCRIPTIONS, row)


async def any_device(world: World, account_id: int) -> bool:
    """Whether an account has a device that is told anything."""

    async def read() -> bool:
        return bool(await world.storage.range(PUSH_SUBSCRIPTIONS, (account_id,), limit=1))

    sources = ((PUSH_SUBSCRIPTIONS, (account_id,)),)
    return await _DEVICES.recall(world.storage, account_id, sources, read)


_DEVICES: Memory[bool] = Memory()


async def devices(world: World, account_id: int) -> list[Subscription]:
    """Every device of an account, whatever it wants to be told; ended tokens are forgotten."""
    rows = await world.storage.range(PUSH_SUBSCRIPTIONS, (account_id,), limit=_MOST)
    found: list[Subscription] = []
    for one in map(_subscription, rows):
        if await token_stands(world, account_id, one.token_id):
            found.append(one)
        else:
            await unsubscribe(world, account_id, one.token_id)
    return found


async def listening(world: World, account_id: int, kind: str, from_id: int) -> list[Subscription]:
    """The devices of an account that want to be told this; one whose token ended is forgotten."""
    rows = await world.storage.range(PUSH_SUBSCRIPTIONS, (account_id,), limit=_MOST)
    found: list[Subscription] = []
    for one in map(_subscription, rows):
        if not await token_stands(world, account_id, one.token_id):
            await unsubscribe(world, account_id, one.token_id)
        elif kind in one.alerts and await _lets_through(world, one, from_id):
            found.append(one)
    return found


async def _lets_through(world: World, one: Subscription, from_id: int) -> bool:
    if one.policy == "followed":
        return await is_following(world, one.account_id, from_id)
    if one.policy == "follower":
        return await is_following(world, from_id, one.account_id)
    return one.policy == "all"


async def gone(world: World, one: Subscription) -> None:
    """A device's service said that it is gone: forget it, unless it subscribed anew meanwhile."""
    row = await world.storage.get(PUSH_SUBSCRIPTIONS, (one.account_id, one.token_id))
    if row is not None and row.id == one.id:
        await world.storage.delete(PUSH_SUBSCRIPTIONS, row)
