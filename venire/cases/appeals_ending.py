"""How an appeal's round is seated, what its verdict concludes, and what is kept of it."""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases import appeals, appeals_entries, appeals_store, entries, store
from venire.cases.court import Court
from venire.cases.draws import Prepared
from venire.cases.limits import measure_for
from venire.cases.model import Case, Round, Step
from venire.record import store as record_store
from venire.storage.verbs import Storage, Write

Headers = list[tuple[str, dict[str, Any]]]


def seated(planned: Round, drawn: Prepared) -> tuple[Round, Prepared | None]:
    """The round with as many seats as there are fresh jurors; without a draw where they are few.

    A small pool gives all who remain, five at least; with fewer the bench takes the appeal.
    """
    if drawn.eligible < appeals.SMALLEST_PANEL:
        return planned, None
    return msgspec.structs.replace(planned, seats=min(planned.seats, drawn.eligible)), drawn


async def conclusion(court: Court, case: Case) -> tuple[Step, Headers]:
    """The step that ends an appeal as its round has decided, and what the record is told."""
    outcome = appeals.outcome_of(case)
    measure = ""
    if outcome == "overturned" and case.appeal is not None and case.appeal.party == "reporter":
        measure = measure_for(case, court.policy)
    step = Step(
        "appeal_end",
        entries.step_key(case, "appeal_end"),
        court.world.now_ms(),
        outcome=outcome,
        measure=measure,
    )
    return step, await headers_of(court, case, outcome, measure=measure)


async def headers_of(
    court: Court, case: Case, outcome: str, *, measure: str = "", by_moderator: bool = False
) -> Headers:
    """The entries of an appeal's end; what follows from a moderator's act has one of its own."""
    if case.appeal is None or not outcome:
        return []
    corrects = None
    if outcome == "overturned":
        corrects = await place_of(court.world.storage, case.appeal.decision)
    headers = appeals_entries.end_headers(
        case, court.policy, outcome=outcome, measure=measure, corrects=corrects
    )
    return [each for each in headers if not by_moderator or each[0] in {"appeal", "correction"}]


async def place_of(storage: Storage, decision: str) -> int | None:
    """Where a decision stands in the record: its own entry, or its verdict where it has none."""
    found = await record_store.index_of(storage, decision)
    if found is not None:
        return found
    public_id, number, _ = decision.split(":")
    return await record_store.index_of(storage, f"{public_id}:{int(number) - 1}:verdict")


async def writes_of(storage: Storage, case: Case, applied: Case, step: Step) -> list[Write]:
    """What is kept of an appeal when a step of its case is in the record."""
    if step.type == "appeal" and applied.appeal is not None:
        row = await appeals_store.of_case(storage, case.id, applied.appeal)
        if row is None:
            return []
        appeals.APPEAL_STATES.check(row.state, "judging")
        return appeals_store.put_appeal(msgspec.structs.replace(row, state="judging"))
    if case.appeal is None or applied.appeal is not None:
        return []
    writes: list[Write] = [store.release_subject(case)] if applied.state == "closed" else []
    row = await appeals_store.of_case(storage, case.id, case.appeal)
    if row is None:
        return writes
    appeals.APPEAL_STATES.check(row.state, step.outcome)
    ended = msgspec.structs.replace(
        row, state=step.outcome, code=step.code, ended_at_ms=step.at_ms, ended_by=step.key
    )
    return [*writes, *appeals_store.put_appeal(ended)]
