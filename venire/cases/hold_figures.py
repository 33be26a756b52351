"""How many holds there were, and how many did not last: counted from the record's entries alone.

Anyone can count the same from the public log. Here it goes on from where it came to, so that
nobody's question reads the log from its beginning; counted anew it comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from venire.cases.court import Court
from venire.events import CaseStepped
from venire.kernel.errors import Conflict
from venire.record import store as record
from venire.record.entry import decode_entry
from venire.record.model import TILE_WIDTH
from venire.storage.tables.clocks import RECORD_FIGURES, RecordFiguresRow
from venire.storage.verbs import Envelope, Put

HEARS: Final = (CaseStepped,)
STEPS: Final = frozenset({"hold", "lift", "release", "measure"})
_BUNDLES: Final = 40
"""At most so many bundles in one go: a house that was never counted catches up over a few."""


class Figures(msgspec.Struct, frozen=True):
    """Holds, and what ended those that did not last. Of posts: a stopped account is no hold.

    `lifted` is by cause: verdict and moderator make a false hold; clock one that nobody judged in
    time; appeal what was undone later. `pending_suspensions`: authors stopped until a verdict.
    """

    holds: int = 0
    lifted: dict[str, int] = {}
    pending_suspensions: int = 0

    @property
    def false_holds(self) -> int:
        """Holds of what was found to be within the rules."""
        return self.lifted.get("verdict", 0) + self.lifted.get("moderator", 0)


def counted(figures: Figures, headers: Iterable[Mapping[str, Any]]) -> Figures:
    """The figures with more entries counted. Pure: the same entries give the same."""
    holds, stopped, lifted = figures.holds, figures.pending_suspensions, dict(figures.lifted)
    for header in headers:
        kind, action = header["type"], header.get("action")
        if kind == "hold" or (kind == "moderator_action" and action == "hold"):
            holds += 1
        elif kind == "measure" and header["measure"] == "suspend" and "verdict" not in header:
            stopped += 1
        elif kind == "lift" and "measure" not in header:
            lifted[header["cause"]] = lifted.get(header["cause"], 0) + 1
        elif kind == "moderator_action" and action == "lift" and not header.get("undo"):
            lifted["moderator"] = lifted.get("moderator", 0) + 1
    return Figures(holds=holds, lifted=lifted, pending_suspensions=stopped)


async def hear(court: Court, envelope: Envelope) -> None:
    """Count on when a hold began or ended."""
    event = envelope.event
    if isinstance(event, CaseStepped) and event.step in STEPS:
        await count_on(court)


async def current(court: Court) -> tuple[Figures, int]:
    """The figures as far as they are counted, and the size of the record they are counted to."""
    row = await court.world.storage.get(RECORD_FIGURES, (court.sequencer.epoch,))
    if row is None:
        return Figures(), 0
    return msgspec.json.decode(row.body, type=Figures), row.through


async def count_on(court: Court) -> None:
    """Count the entries that have come since, up to a bound; somebody else may be at it too."""
    storage, epoch = court.world.storage, court.sequencer.epoch
    row = await storage.get(RECORD_FIGURES, (epoch,))
    through = 0 if row is None else row.through
    figures = Figures() if row is None else msgspec.json.decode(row.body, type=Figures)
    head = await record.head(storage, epoch)
    size = 0 if head is None else head.size
    for _ in range(_BUNDLES):
        if through >= size:
            break
        entries = await record.bundle(storage, epoch, through // TILE_WIDTH, TILE_WIDTH)
        new = [one for one in entries if through <= one.leaf_index < size]
        if not new:
            break
        figures = counted(figures, (decode_entry(one.entry).header for one in new))
        through = new[-1].leaf_index + 1
    if row is not None and through == row.through:
        return
    version = 1 if row is None else row.version + 1
    body = msgspec.json.encode(figures)
    new_row = RecordFiguresRow(epoch=epoch, version=version, through=through, body=body)
    try:
        await storage.commit(f"figures:{epoch}", [Put(RECORD_FIGURES, new_row)], expect=version - 1)
    except Conflict:
        return
