"""What its author deletes before it was judged: whoever waits for an outcome hears of that.

Heard from what the closing of the case says, since the case cannot be found by its post any more;
each message has a key of its own, so that it may be told twice.
"""

from __future__ import annotations

from typing import Final

from venire.cases import delivery, messages, report_desk, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.events import CaseStepped, PanelEnded
from venire.kernel.ids import parse_id
from venire.people import actions as people
from venire.posts import actions as posts
from venire.storage.verbs import Envelope

HEARS: Final = (PanelEnded, CaseStepped)


def is_withdrawn(case: Case) -> bool:
    """Whether a case is over without a decision: what it was about is gone."""
    undecided = case.verdict is None and case.measured_at_ms is None
    return case.state == "closed" and undecided and case.subject_kind == "post" and not case.asks


async def hear(court: Court, envelope: Envelope) -> None:
    """Answer everyone who reported a post that is gone, and whom it was aimed at if it was hidden.

    Takes the reports of it off the moderators' desk.
    """
    event = envelope.event
    if not isinstance(event, HEARS):
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or not is_withdrawn(case):
        return
    for source in await store.sources(court.world.storage, case.id):
        report_id = parse_id(source.ref.rpartition(":")[2])
        if source.kind != "report" or source.account_id is None or report_id is None:
            continue
        key = f"case:{case.id}:withdrawn:{source.account_id}"
        await tell_reporter(court, report_id, source.account_id, key)
    if case.held_at_ms is not None and SEALED not in case.categories:
        await _tell_targets(court, case)


async def tell_reporter(court: Court, report_id: int, reporter_id: int, key: str) -> None:
    """Tell a reporter that what they reported is gone, and note that the report is answered."""
    language = await people.language_of(court.world, reporter_id)
    await delivery.tell(court, reporter_id, messages.withdrawn_message(language), key=key)
    await report_desk.note_decided(court, report_id)


async def _tell_targets(court: Court, case: Case) -> None:
    for account_id in await posts.aimed_at(court.world, case.subject_id):
        language = await people.language_of(court.world, account_id)
        text = messages.withdrawn_target_message(language)
        await delivery.tell(court, account_id, text, key=f"case:{case.id}:withdrawn:t{account_id}")
