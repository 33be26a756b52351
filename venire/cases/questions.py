"""What a case that judges no post shows its jurors, and who may not be asked (`asking.py`)."""

from __future__ import annotations

import msgspec

from venire.cases import store
from venire.cases.model import Case
from venire.jury import gold_store
from venire.storage.tables.calibration import GoldRow
from venire.storage.verbs import Storage


async def about(storage: Storage, case: Case) -> Case:
    """The case whose people may not judge: the one judged again, or a question's cover.

    A question has no author; without the ties of some author its draw would exclude almost nobody,
    and the record would tell it from the others.
    """
    if case.asks == "again":
        return await store.load(storage, case.asks_ref) or case
    if case.asks:
        return msgspec.structs.replace(case, author_id=case.cover_id)
    return case


async def asked_before(storage: Storage, case: Case) -> frozenset[int]:
    """Who has seen what this case asks, in another case: they are of an earlier panel of it."""
    if case.asks == "again":
        seats = await store.seats(storage, case.asks_ref)
        origin = await store.load(storage, case.asks_ref)
        seen = frozenset(seat.juror_id for seat in seats)
        return seen if origin is None else seen | await asked_before(storage, origin)
    if case.asks:
        return await gold_store.asked(storage, case.asks_ref)
    return frozenset()


async def question_of(storage: Storage, case: Case) -> GoldRow | None:
    """The question that a case asks; None for one that shows a post."""
    if case.asks in {"gold", "doubted"}:
        return await gold_store.load(storage, case.asks_ref)
    return None
