"""What an operator has to hear at once, by other ways than the vendor that it is about.

The site's own message and, where letters can be sent, the letter that follows from it: a vendor
that puts us out is rarely alone on its day.
"""

from __future__ import annotations

from collections.abc import Callable

from venire.cases import delivery
from venire.cases.court import Court
from venire.cases.late_desks import working
from venire.events import RestoreDrillFailed, TextsAlarmed, VendorShut
from venire.jury import chats
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.storage.verbs import Envelope

HEARS = (VendorShut, TextsAlarmed, RestoreDrillFailed)


async def admins(court: Court) -> list[int]:
    """The accounts that run this site."""
    return await working(court, (), admins=True)


async def hear(court: Court, envelope: Envelope) -> None:
    """Tell every admin that a vendor refuses this site's account, or that texts look wrong."""
    event = envelope.event
    if isinstance(event, TextsAlarmed):
        await _texts_look_wrong(court, envelope, event)
    if isinstance(event, RestoreDrillFailed):
        await _backup_fails(court, envelope, event)
    if isinstance(event, VendorShut):
        await say_shut(court, event.kind, event.name, key=f"vendor:{envelope.id}")


async def say_shut(court: Court, kind: str, name: str, *, key: str) -> None:
    """Tell every admin that a vendor refuses this site's account; again with the key is once."""
    url = f"{court.world.site.base_url}/moderation/vendors"
    await _tell(
        court,
        key,
        lambda language: translate(
            language,
            "A vendor refuses this site's account: {kind}, {name}. It is not asked any"
            " more. Look into it, then let it be asked again: {url}",
            kind=kind,
            name=name,
            url=url,
        ),
    )


async def _backup_fails(court: Court, envelope: Envelope, event: RestoreDrillFailed) -> None:
    await _tell(
        court,
        f"restore:{envelope.id}",
        lambda language: translate(
            language,
            "From the store {name} this site could not be restored today: a backup that cannot be"
            " restored is none. Look with: venire restore --check",
            name=event.name,
        ),
    )


async def _texts_look_wrong(court: Court, envelope: Envelope, event: TextsAlarmed) -> None:
    url = f"{court.world.site.base_url}/moderation/texts"
    await _tell(
        court,
        f"texts:{envelope.id}",
        lambda language: translate(
            language,
            "Texts to +{dial} look wrong ({kind}). Look into it; there you can stop them all:"
            " {url}",
            dial=event.dial,
            kind=event.kind,
            url=url,
        ),
    )


async def _tell(court: Court, key: str, words: Callable[[str], str]) -> None:
    """Tell every admin in their language, once for the key, and whoever hears by chat."""
    for account_id in await admins(court):
        text = words(await people.language_of(court.world, account_id))
        await delivery.tell(court, account_id, text, key=f"{key}:{account_id}")
    await chats.tell_operators(court.world, court.chats)
