"""What a decided round leaves for the nights: its ballots, in the commit that notes its verdict."""

from __future__ import annotations

import msgspec

from venire.cases import store
from venire.cases.model import Case, Step
from venire.jury import gold_store
from venire.kernel.clock import utc_day
from venire.storage.tables.calibration import VerdictRow
from venire.storage.verbs import Storage, Write


async def ballots_of(storage: Storage, case: Case, step: Step, record_index: int) -> list[Write]:
    """The writes that keep a round's ballots; none for a step that is no verdict of a round.

    What the bench says of a verdict or of an answer is a truth and no ballot.
    """
    current = case.round
    if step.type != "verdict" or current is None or current.number != step.round:
        return []
    if case.asks not in {"", "gold"}:
        return []
    seats = await store.seats(storage, case.id, current.number)
    # A ballot that was struck counted for nothing, and teaches nothing.
    valid = [seat for seat in seats if seat.state == "voted"]
    cast = sorted((seat.juror_id, int(seat.vote == "violates")) for seat in valid)
    row = VerdictRow(
        day=utc_day(step.at_ms),
        shard=gold_store.shard_of(case.id),
        case_id=case.id,
        round=current.number,
        kind=current.kind,
        category=case.categories[0],
        verdict=step.verdict or "hung",
        question_id=case.asks_ref if case.asks else 0,
        record_index=record_index,
        ballots=msgspec.json.encode(cast),
        at_ms=step.at_ms,
    )
    return [gold_store.put_verdict(row)]
