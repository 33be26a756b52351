"""What an operator has to hear at once, by other ways than the vendor that it is about.

The site's own message and, where letters can be sent, the letter that follows from it: a vendor
that puts us out is rarely alone on its day.
"""

from __future__ import annotations

from venire.cases import delivery
from venire.cases.court import Court
from venire.events import VendorShut
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people.model import ADMIN
from venire.people.store import load_account, staff
from venire.storage.verbs import Envelope

HEARS = (VendorShut,)


async def admins(court: Court) -> list[int]:
    """The accounts that run this site."""
    found = []
    for one in await staff(court.world):
        account = await load_account(court.world, one.account_id)
        if account is not None and account.role == ADMIN:
            found.append(int(one.account_id))
    return found


async def hear(court: Court, envelope: Envelope) -> None:
    """Tell every admin that a vendor refuses this site's account."""
    event = envelope.event
    if not isinstance(event, VendorShut):
        return
    for account_id in await admins(court):
        text = translate(
            await people.language_of(court.world, account_id),
            "A vendor refuses this site's account: {kind}, {name} ({said}). It is not asked any"
            " more. Look into it, then let it be asked again: {url}",
            kind=event.kind,
            name=event.name,
            said=event.said,
            url=f"{court.world.site.base_url}/moderation/vendors",
        )
        await delivery.tell(court, account_id, text, key=f"vendor:{envelope.id}:{account_id}")
