"""What a moderator should look at: nothing is changed by it, and nobody but moderators is told."""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

import msgspec

from venire.cases import delivery, store
from venire.cases.court import Court
from venire.jury import gold_store
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people.store import staff
from venire.storage.tables.calibration import ReviewRow

Kind = Literal["judged_otherwise", "question_wrong"]
REMARK_CHARACTERS: Final = 2_000
_SAID: Final[dict[Kind, str]] = {
    "judged_otherwise": (
        "A verdict was judged again by the bench, which did not know it, and came out otherwise."
        " Nothing has changed by that. Please look: {url}"
    ),
    "question_wrong": (
        "The bench found the answer to one of your calibration questions to be wrong. It does not"
        " count any more. Details: {url}"
    ),
}


async def open_review(
    court: Court, *, kind: Kind, case_id: int, question_id: int, key: str
) -> None:
    """Put something before the moderators; once under the same key."""
    digest = hashlib.sha256(f"venire-review/1:{key}".encode()).digest()
    identifier = int.from_bytes(digest[:8], "big") >> 1
    row = ReviewRow(
        shelf="open",
        id=identifier,
        kind=kind,
        case_id=case_id,
        question_id=question_id,
        note="",
        made_at_ms=court.world.now_ms(),
        closed_by=None,
        closed_at_ms=None,
        remark="",
    )
    await gold_store.open_review(court.world.storage, row)
    url = f"{court.world.site.base_url}/moderation/reviews"
    for one in await staff(court.world):
        language = await people.language_of(court.world, one.account_id)
        text = translate(language, _SAID[kind], url=url)
        await delivery.tell(
            court, one.account_id, text, key=f"review:{identifier}:{one.account_id}"
        )


async def reviews(court: Court) -> list[dict[str, Any]]:
    """What waits for a look, oldest first."""
    found = await gold_store.open_reviews(court.world.storage)
    return [await _view(court, row) for row in sorted(found, key=lambda row: row.made_at_ms)]


async def _view(court: Court, row: ReviewRow) -> dict[str, Any]:
    case = await store.load(court.world.storage, row.case_id)
    question = await gold_store.load(court.world.storage, row.question_id)
    return {
        "id": str(row.id),
        "kind": row.kind,
        "case": None if case is None or case.asks else case.public_id,
        "verdict": None if case is None or case.asks else case.verdict,
        "question": None if question is None else question.text,
        "made_at": iso_ms(row.made_at_ms),
    }


async def close(court: Court, review_id: int, *, actor_id: int, remark: str) -> None:
    """A moderator has looked. Raises NotFound `review_not_found`, Invalid `reason_missing`."""
    if not remark.strip() or len(remark) > REMARK_CHARACTERS:
        raise Invalid("reason_missing", "say what came of it, in 2,000 characters at most")
    row = await gold_store.review(court.world.storage, review_id)
    if row is None:
        raise NotFound("review_not_found", "there is no such open review")
    now_ms = court.world.now_ms()
    closed = msgspec.structs.replace(row, closed_by=actor_id, closed_at_ms=now_ms, remark=remark)
    await gold_store.close_review(court.world.storage, closed, utc_day(now_ms)[:7])
