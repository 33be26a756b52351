"""The ways to a juror: a message from the site, a push to their devices, a letter.

Each says the same: that there is an invitation. Another way (a text message, a chat) is a class
here and its name in `jury.choices.CHANNELS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from venire.cases import delivery, messages
from venire.cases.court import Court
from venire.jury.alerts import Alert
from venire.kernel.i18n import translate
from venire.kernel.ports import PushMessage, PushOutcome
from venire.people import actions as people
from venire.people import letters
from venire.posts import push
from venire.posts.push import Subscription


class Handed(NamedTuple):
    """What became of an alert on one way.

    Told: it is there. Posted: ask again. Failing: not now. Dead: not this way. `said`: the other
    side's code, never an address.
    """

    outcome: Literal["told", "posted", "failing", "dead"]
    said: str = ""


class Channel(Protocol):
    """One way to a juror. Sending the same alert again is once, or harmless."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """Send an alert this way."""

    async def look(self, court: Court, alert: Alert) -> Handed:
        """What has become of one that was only posted."""


class Message:
    """A direct message from the site's account: it is there once it is written."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        language = await people.language_of(court.world, alert.juror_id)
        text = messages.summons_message(language, f"{court.world.site.base_url}/jury")
        key = f"summons:{alert.juror_id}:{alert.id}"
        await delivery.tell(court, alert.juror_id, text, key=key)
        return Handed("told")

    async def look(self, _court: Court, _alert: Alert) -> Handed:
        """See `Channel`."""
        return Handed("told")


class _Payload(msgspec.Struct, frozen=True):
    """What a device gets to read: the fields that Mastodon's apps decode, and no key."""

    access_token: str
    preferred_locale: str
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str


class Push:
    """A push to every device that the juror has signed in from."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        devices = await push.devices(court.world, alert.juror_id)
        if not devices:
            return Handed("dead", "no_device")
        outcomes = await asyncio.gather(*(self._offer(court, alert, one) for one in devices))
        if "sent" in outcomes:
            return Handed("told")
        gone = all(outcome == "gone" for outcome in outcomes)
        return Handed("dead" if gone else "failing", str(outcomes[0]))

    async def _offer(self, court: Court, alert: Alert, device: Subscription) -> PushOutcome:
        payload = _Payload(
            access_token="",
            preferred_locale=device.locale,
            notification_id=alert.id,
            notification_type="mention",
            icon="",
            title=translate(device.locale, "There is an invitation for you in the jury room"),
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

    async def look(self, _court: Court, _alert: Alert) -> Handed:
        """See `Channel`."""
        return Handed("told")


class Mail:
    """A letter to the confirmed address; the post office says later what became of it."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        queued = await letters.send(
            court.world, alert.juror_id, letters.SUMMONS, letter_id=alert.id
        )
        return Handed("posted") if queued else Handed("dead", "no_address")

    async def look(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        letter = await letters.fate_of(court.world, alert.id)
        if letter is None or letter.state == letters.NEEDLESS:
            return Handed("failing", "no_letter")
        if letter.state == letters.SENT:
            return Handed("told")
        if letter.state == letters.LOST:
            # Refused for good is the recipient's; time that ran out is not.
            refused = letter.said.startswith("5") or letter.said == "address_invalid"
            return Handed("dead" if refused else "failing", letter.said)
        return Handed("failing", letter.said) if letter.tries else Handed("posted")


CHANNELS: Final[Mapping[str, Channel]] = {"message": Message(), "push": Push(), "mail": Mail()}
