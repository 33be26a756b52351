"""Where a notice item meets a case: what it located is held, judged, and told back to it."""

from __future__ import annotations

import msgspec

from venire.cases import intake, store
from venire.cases.court import Court
from venire.cases.model import Case, Source, Subject
from venire.events import NoticeConfirmed, NoticeItemLocated, NoticeReceived
from venire.notices import actions as notices
from venire.notices import desk, rules
from venire.notices import store as notice_store
from venire.notices.model import ItemState, Notice, NoticeItem
from venire.posts import actions as posts
from venire.posts.model import Post
from venire.storage.verbs import Envelope


async def on_notice(court: Court, envelope: Envelope) -> None:
    """Read and locate the items of a notice that came in, or was confirmed."""
    event = envelope.event
    if isinstance(event, NoticeReceived):
        tools = desk.Tools(court.world, court.search, court.objects, court.ocr)
        await desk.read_notice(tools, event.notice_id)
    if isinstance(event, NoticeReceived | NoticeConfirmed):
        await notices.settle(court.world, event.notice_id)


async def on_item_located(court: Court, envelope: Envelope) -> None:
    """Open or join a case for each post that an item found."""
    event = envelope.event
    if not isinstance(event, NoticeItemLocated):
        return
    notice = await notice_store.load(court.world.storage, event.notice_id)
    item = await notice_store.item(court.world.storage, event.notice_id, event.n)
    if notice is None or item is None or item.state not in {"located", "awaiting_confirmation"}:
        return
    if not notice.may_hold:
        await _save(court, notice, msgspec.structs.replace(item, state="awaiting_confirmation"))
        return
    for post in await posts.load_many(court.world, item.posts):
        await _judge(court, notice, item, post)
    await _catch_up(court, notice, item)


async def _judge(court: Court, notice: Notice, item: NoticeItem, post: Post) -> None:
    category = rules.category_named(item.category or notice.category) or "other"
    source = Source(
        kind="notice",
        ref=f"{notice.id}:{item.n}",
        category=category,
        at_ms=court.world.now_ms(),
        body={"provider": notice.provider, "n": item.n},
    )
    there = await store.case_of_subject(court.world.storage, "post", post.id)
    told = there is not None and await store.has_source(court.world.storage, there.id, source)
    if not told:
        # A provider whose budget is spent still gets its cases, but hides nothing by itself.
        hold = await notice_store.count_hold(
            court.world.storage,
            notice.provider,
            court.world.now_ms(),
            court.policy.notices.hold_budget_per_day,
        )
        source = msgspec.structs.replace(source, hold=hold)
    subject = Subject("post", post.id, post.author_id)
    await intake.note_source(court.world, court.policy, subject, source)


async def _catch_up(court: Court, notice: Notice, item: NoticeItem) -> None:
    """An item whose posts were held or removed before it came stands where they stand."""
    cases = [
        case
        for post_id in item.posts
        if (case := await store.case_of_subject(court.world.storage, "post", post_id)) is not None
    ]
    state = _state_of(cases)
    now = await notice_store.item(court.world.storage, notice.id, item.n)
    if state is None or now is None or not rules.may_follow(now.state, state):
        await notices.settle(court.world, notice.id)
        return
    moments = [case.held_at_ms or case.measured_at_ms or 0 for case in cases]
    caught = msgspec.structs.replace(
        now,
        state=state,
        held_at_ms=now.held_at_ms or max(moments),
        decided_at_ms=court.world.now_ms() if state == "removed" else now.decided_at_ms,
    )
    await _save(court, notice, caught)


def _state_of(cases: list[Case]) -> ItemState | None:
    if cases and all(case.measure == "remove" for case in cases):
        return "removed"
    if cases and all(case.hold == "held" or case.measure == "remove" for case in cases):
        return "held"
    return None


async def _save(court: Court, notice: Notice, item: NoticeItem) -> None:
    await notices.save_item(court.world, notice.id, item)
    await notices.settle(court.world, notice.id)
