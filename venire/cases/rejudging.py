"""Verdicts judged again: chosen by a lot that binds, by a bench that is not told, and kept.

What comes out feeds the jurors' rates and the published figures. It changes no verdict: where the
bench says otherwise, a moderator is asked to look.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.cases import gold_cases, public, reviews, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.events import CaseStepped
from venire.jury import gold, gold_actions, gold_store
from venire.jury import store as jury_store
from venire.jury.gold import Question
from venire.kernel.clock import HOUR_MS
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED
from venire.storage.tables.calibration import RejudgingRow, VerdictRow
from venire.storage.verbs import Envelope
from venire.storage.world import World

HEARS: Final = (CaseStepped,)
_EPOCHS_READ: Final = (20, 200, 2_000)
_OPEN: Final = "waiting"


async def epoch_after(world: World, end_ms: int) -> int | None:
    """The first pool frozen after a moment: its seed chooses. None while there is none yet.

    That seed was committed to in the epoch before, and is revealed in the one after.
    """
    for limit in _EPOCHS_READ:
        rows = await jury_store.newest_epochs(world.storage, limit)
        after = [row for row in rows if row.frozen_at_ms >= end_ms]
        if len(after) < len(rows) or len(rows) < limit:
            frozen = [row.epoch for row in after if row.state == "frozen"]
            return min(frozen, default=None)
    return None


async def choose(court: Court, day: str, epoch: int) -> int:
    """Have the verdicts of a day judged again on which the lot falls; how many those are."""
    row = await jury_store.epoch(court.world.storage, epoch)
    if row is None:
        return 0
    chosen = 0
    async for verdict in gold_store.verdicts_on(court.world.storage, day):
        share = court.policy.calibration.again_share
        if verdict.record_index < 0 or not gold.is_chosen(row.seed, verdict.record_index, share):
            continue
        chosen += 1
        await _begin(court, verdict)
    return chosen


async def _begin(court: Court, verdict: VerdictRow) -> None:
    """Note one verdict first, under the id of the case that is to ask; then open that case."""
    storage = court.world.storage
    row = await gold_store.rejudging(storage, verdict.day, verdict.record_index)
    if row is None:
        row = RejudgingRow(
            day=verdict.day,
            record_index=verdict.record_index,
            case_id=verdict.case_id,
            round=verdict.round,
            category=verdict.category,
            verdict=verdict.verdict,
            state=_OPEN,
            again_case_id=court.world.ids.next(),
            bench_verdict=None,
            entry_index=None,
            at_ms=court.world.now_ms(),
        )
        await gold_store.save_rejudging(storage, row)
    if row.state != _OPEN or await store.load(storage, row.again_case_id) is not None:
        return
    origin = await store.load(storage, row.case_id)
    if origin is None or not await _can_be_shown(court, origin):
        await _settle(court, row, state="gone", said=None)
        return
    await gold_cases.open_case(court, _again(court, row, origin))


async def _can_be_shown(court: Court, origin: Case) -> bool:
    """Whether there is still a post to show. What may harm a child is shown to nobody again."""
    if origin.subject_kind != "post" or "child_safety" in origin.categories:
        return False
    post = await posts.load(court.world, origin.subject_id)
    return post is not None and post.state != DELETED


def _again(court: Court, row: RejudgingRow, origin: Case) -> Case:
    """A case for the bench alone, alleging what was alleged before and telling no verdict."""
    now_ms = court.world.now_ms()
    return Case(
        id=row.again_case_id,
        public_id=court.world.chance.token(16).hex(),
        subject_kind="post",
        # Its own id, which is no post's: an effect on it could reach nothing.
        subject_id=row.again_case_id,
        author_id=0,
        opened_at_ms=now_ms,
        due_at_ms=now_ms + court.policy.calibration.again_hours * HOUR_MS,
        policy_version=origin.policy_version,
        categories=origin.categories,
        sources=origin.sources,
        report_count=origin.report_count,
        contested=origin.contested,
        private=origin.private,
        # As it stood while it was judged: else the one threat that is not held is a known one.
        hold="none" if origin.hold == "none" else "held",
        asks="again",
        asks_ref=origin.id,
        asks_about=f"{row.day}:{row.record_index}",
    )


async def on_case_stepped(court: Court, envelope: Envelope) -> None:
    """What the bench said of a verdict that it did not know."""
    event = envelope.event
    if not isinstance(event, CaseStepped) or event.step != "answer":
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or case.asks != "again":
        return
    day, _, index = case.asks_about.partition(":")
    row = await gold_store.rejudging(court.world.storage, day, int(index))
    if row is None or row.state != _OPEN:
        return
    if case.verdict not in {"violates", "keeps"}:
        await _settle(court, row, state="unanswered", said=None)
        return
    agrees = case.verdict == row.verdict
    await _settle(court, row, state="agrees" if agrees else "differs", said=case.verdict)
    if agrees:
        await _learn(court, case, row)
    elif row.verdict != "hung":
        await reviews.open_review(
            court,
            kind="judged_otherwise",
            case_id=row.case_id,
            question_id=0,
            key=f"again{row.record_index}",
        )


async def _settle(court: Court, row: RejudgingRow, *, state: str, said: str | None) -> None:
    """Put the result into the record, then keep it: each verdict on which the lot fell has one."""
    header: dict[str, Any] = {"of": row.record_index, "category": row.category}
    if said is not None:
        header |= {"verdict": said, "agrees": state == "agrees"}
    index = await public.note_again(court, header, {"case": str(row.case_id)})
    settled = msgspec.structs.replace(row, state=state, bench_verdict=said, entry_index=index)
    await gold_store.save_rejudging(court.world.storage, settled)


async def _learn(court: Court, case: Case, row: RejudgingRow) -> None:
    """A public post on which a panel and a bench that knew nothing of it agree is a question."""
    origin = await store.load(court.world.storage, row.case_id)
    if origin is None or origin.private or row.category not in gold_cases.askable(court):
        return
    post = await posts.load(court.world, origin.subject_id)
    if post is None or post.state == DELETED or post.visibility not in LISTED:
        return
    if not post.text.strip() or post.attachments or post.poll or post.in_reply_to_id is not None:
        # What was judged by more than its words is no question of words.
        return
    shown = Question(
        text=post.text[: gold.TEXT_MOST],
        category=row.category,
        violates=case.verdict == "violates",
        lang=post.language if post.language in {"en", "id"} else "",
    )
    taken = await gold_store.shelf(court.world.storage, "gold", row.category)
    if len(taken) < gold_store.SHELF_MOST:
        origin_of = gold_actions.Origin("case", origin.author_id, origin.subject_id)
        await gold_actions.add(court.world, [shown], origin_of)
