"""Who may still decide a sealed case: nobody hears an appeal against a decision they made.

Who decided last stands on its row; who ever did, in its log. Both are asked.
"""

from __future__ import annotations

from venire.cases.model import Case
from venire.kernel.errors import Conflict, Forbidden
from venire.storage.tables.child_safety import SEALED_LOG, SealedRow
from venire.storage.world import World

_LOGGED = 1_000


async def check(world: World, case: Case, row: SealedRow, person_id: int, verdict: str) -> None:
    """Refuse an appeal to who decided, and the same finding by a second: they hear the appeal.

    Raises Forbidden `second_person_needed`, Conflict `nothing_to_change`.
    """
    first = row.decided_by in {None, person_id}
    if case.appeal is None:
        if verdict == "violates" and case.measure == "remove" and not first:
            raise Conflict("nothing_to_change", "the other has found so; you hear the appeal")
        return
    lines = await world.storage.range(SEALED_LOG, (case.id,), limit=_LOGGED)
    said = any(one.actor_id == person_id and one.act in {"violates", "keeps"} for one in lines)
    # Their own line of this hearing, when it was cut off, keeps nobody from ending it.
    if row.decided_by == person_id or (said and row.heard_by != person_id):
        raise Forbidden("second_person_needed", "an appeal is heard by who did not decide before")
