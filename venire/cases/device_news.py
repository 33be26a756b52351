"""A line of the site on somebody's devices: a title, nothing that a stranger may not see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from venire.cases.court import Court
from venire.kernel.ports import PushMessage, PushOutcome
from venire.posts import push
from venire.posts.push import Subscription


class _Payload(msgspec.Struct, frozen=True):
    """What a device gets to read: the fields that Mastodon's apps decode, and no key."""

    access_token: str
    preferred_locale: str
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str


async def tell_devices(
    court: Court, account_id: int, news_id: int, title: Callable[[str], str]
) -> list[PushOutcome]:
    """Push a title, by its language, to every device of an account; one outcome for each."""
    devices = await push.devices(court.world, account_id)
    return list(await asyncio.gather(*(_offer(court, one, news_id, title) for one in devices)))


async def _offer(
    court: Court, device: Subscription, news_id: int, title: Callable[[str], str]
) -> PushOutcome:
    payload = _Payload(
        access_token="",
        preferred_locale=device.locale,
        notification_id=news_id,
        notification_type="mention",
        icon="",
        title=title(device.locale),
        body="",
    )
    message = PushMessage(
        endpoint=device.endpoint,
        p256dh=device.p256dh,
        auth=device.auth,
        standard=device.standard,
        payload=msgspec.json.encode(payload),
    )
    outcome = await court.push.now(message)
    if outcome == "gone":
        await push.gone(court.world, device)
    return outcome
