"""How a juror hears of a summons: one message without content, at most one in four hours."""

from __future__ import annotations

from venire.cases import delivery, messages
from venire.cases.court import Court
from venire.events import SummonsOffered
from venire.kernel.clock import HOUR_MS
from venire.people import actions as people
from venire.storage.verbs import Envelope

_EVERY_MS = 4 * HOUR_MS


async def on_summons_offered(court: Court, envelope: Envelope) -> None:
    """Tell a juror that the jury room has something; not again within four hours."""
    event = envelope.event
    if not isinstance(event, SummonsOffered):
        return
    language = await people.language_of(court.world, event.juror_id)
    text = messages.summons_message(language, f"{court.world.site.base_url}/jury")
    window = envelope.at_ms // _EVERY_MS
    await delivery.tell(court, event.juror_id, text, key=f"summons:{event.juror_id}:{window}")
