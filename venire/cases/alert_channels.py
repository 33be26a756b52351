"""The ways to a juror: a message from the site, a push to their devices, a letter, a text, a chat.

Each says the same: that there is an invitation. Another way is a class here and its name in
`jury.choices.CHANNELS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Protocol

from venire.cases import delivery, messages
from venire.cases.court import Court
from venire.cases.device_news import tell_devices
from venire.jury import chats
from venire.jury.alerts import Alert
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people import letters, texts


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


def _invited(language: str) -> str:
    return translate(language, "There is an invitation for you in the jury room")


class Push:
    """A push to every device that the juror has signed in from."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        outcomes = await tell_devices(court, alert.juror_id, alert.id, _invited)
        if not outcomes:
            return Handed("dead", "no_device")
        if "sent" in outcomes:
            return Handed("told")
        gone = all(outcome == "gone" for outcome in outcomes)
        return Handed("dead" if gone else "failing", str(outcomes[0]))

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
            gone = letter.said in {"address_invalid", "suppressed"}
            refused = gone or letter.said.startswith("5")
            return Handed("dead" if refused else "failing", letter.said)
        return Handed("failing", letter.said) if letter.tries else Handed("posted")


class Sms:
    """A text to the number that the juror has shown to be theirs; the vendors fail over inside."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        language = await people.language_of(court.world, alert.juror_id)
        text = messages.summons_text(language, f"{court.world.site.base_url}/jury")
        about = f"summons {alert.juror_id} {alert.id}"
        said = await texts.tell(
            court.world, court.phones, alert.juror_id, text, about=about, language=language
        )
        return _handed(said, dead=("no_phone", "rejected"))

    async def look(self, _court: Court, _alert: Alert) -> Handed:
        """See `Channel`."""
        return Handed("told")


class Chat:
    """A line at the chat services whose addresses the juror has proved, the first that takes it."""

    async def send(self, court: Court, alert: Alert) -> Handed:
        """See `Channel`."""
        language = await people.language_of(court.world, alert.juror_id)
        text = messages.summons_text(language, f"{court.world.site.base_url}/jury")
        said = await chats.tell(court.world, court.chats, alert.juror_id, text)
        return _handed(said, dead=("no_address", "rejected"))

    async def look(self, _court: Court, _alert: Alert) -> Handed:
        """See `Channel`."""
        return Handed("told")


def _handed(said: str, dead: tuple[str, ...]) -> Handed:
    if not said:
        return Handed("told")
    return Handed("dead" if said in dead else "failing", said)


CHANNELS: Final[Mapping[str, Channel]] = {
    "message": Message(),
    "push": Push(),
    "mail": Mail(),
    "sms": Sms(),
    "chat": Chat(),
}
