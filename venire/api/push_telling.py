"""From a notification to the devices of its reader: a title, a line of text, and no more.

Source: docs.joinmastodon.org/methods/push and what apps decode: `notification_id` is a number, and
`access_token` must be there. Ours is empty: tokens are kept as hashes, so nobody could send one,
and a push service that stores messages never holds a key to an account.
"""

from __future__ import annotations

import html
import re

import msgspec

from venire.api.entities.account import account_jsons
from venire.cases.court import Court
from venire.events import Notified
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import NotFound
from venire.kernel.i18n import translate
from venire.kernel.ids import id_ms
from venire.kernel.ports import PushMessage
from venire.posts import notifications, push
from venire.posts.filters import filters_of
from venire.posts.notifications import Told
from venire.posts.push import Subscription
from venire.storage.verbs import Envelope

HEARS = (Notified,)
BODY_CHARACTERS = 140
NAME_CHARACTERS = 100
_TAGS = re.compile(r"<[^>]*>")

TITLES = {
    "mention": "{name} mentioned you",
    "status": "{name} just posted",
    "reblog": "{name} boosted your post",
    "follow": "{name} is now following you",
    "follow_request": "{name} asks to follow you",
    "favourite": "{name} favourited your post",
    "poll": "A poll has ended",
    "update": "A post you boosted was edited",
    "quote": "{name} quoted your post",
    "quoted_update": "A post you quoted was edited",
    "admin.sign_up": "{name} signed up",
    "admin.report": "{name} sent a report",
}
"""By kind of notification; each in every language of the site."""


class _Sender(msgspec.Struct, frozen=True):
    """What is needed of an account's entity."""

    display_name: str
    username: str
    avatar_static: str
    note: str


_SENDER = msgspec.json.Decoder(_Sender)


class Payload(msgspec.Struct, frozen=True):
    """What a device gets to read."""

    access_token: str
    preferred_locale: str
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str


async def on_notified(court: Court, envelope: Envelope) -> None:
    """Offer a notification to those devices of its reader that want it."""
    event = envelope.event
    if not isinstance(event, Notified):
        return
    world = court.world
    if world.now_ms() - id_ms(event.notification_id) > DAY_MS:
        # After a long rest nobody wants yesterday's on the lock screen.
        return
    if not await push.any_device(world, event.account_id):
        return
    try:
        told = await notifications.load(world, event.account_id, event.notification_id)
    except NotFound:
        return
    devices = await push.listening(world, event.account_id, told.type, told.from_id)
    if not devices or await _unwanted(court, told):
        return
    found = (await account_jsons(world, [told.from_id])).get(told.from_id)
    if found is None:
        return
    sender = _SENDER.decode(found)
    for device in devices:
        payload = payload_of(told, sender, device.locale)
        _offer(court, device, msgspec.json.encode(payload))


async def _unwanted(court: Court, told: Told) -> bool:
    """Whether its reader filters it away: nothing on a lock screen could be taken back."""
    if told.post is None or told.post.author_id == told.account_id:
        return False
    filters = await filters_of(court.world, told.account_id)
    return filters.hides(told.post, "notifications")


def _offer(court: Court, device: Subscription, payload: bytes) -> None:
    message = PushMessage(
        endpoint=device.endpoint,
        p256dh=device.p256dh,
        auth=device.auth,
        standard=device.standard,
        payload=payload,
    )
    court.push.offer(device.id, message, lambda: push.gone(court.world, device))


def payload_of(told: Told, sender: _Sender, locale: str) -> Payload:
    """What a device is told of a notification, in its language."""
    name = (sender.display_name or sender.username)[:NAME_CHARACTERS]
    title = translate(locale, TITLES[told.type], name=name)
    body = sender.note
    if told.post is not None:
        body = told.post.warning or told.post.text
    return Payload(
        access_token="",
        preferred_locale=locale,
        notification_id=told.id,
        notification_type=told.type,
        icon=sender.avatar_static,
        title=title,
        body=_shortened(body if told.post is not None else html.unescape(_TAGS.sub(" ", body))),
    )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= BODY_CHARACTERS else line[: BODY_CHARACTERS - 1] + "…"
