"""Where a notice item meets a case: what it located is held, judged, and told back to it."""

from __future__ import annotations

import msgspec

from venire.cases import intake, public, store
from venire.cases.court import Court
from venire.cases.model import Case, Source, Subject
from venire.events import NoticeConfirmed, NoticeItemLocated, NoticeReceived
from venire.kernel.clock import HOUR_MS
from venire.notices import actions as notices
from venire.notices import desk, rules
from venire.notices import store as notice_store
from venire.notices.model import ItemState, Notice, NoticeItem
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, Post
from venire.storage.verbs import Envelope


async def on_notice(court: Court, envelope: Envelope) -> None:
    """Read and locate the items of a notice whose sender is known."""
    await _read(court, envelope, verified=True)


async def on_unverified_notice(court: Court, envelope: Envelope) -> None:
    """The same for all others: a subscriber of its own, since anyone may send a thousand items."""
    await _read(court, envelope, verified=False)


async def _read(court: Court, envelope: Envelope, *, verified: bool) -> None:
    event = envelope.event
    if not isinstance(event, NoticeReceived):
        return
    notice = await notice_store.load(court.world.storage, event.notice_id)
    if notice is None or notice.verified != verified:
        return
    await public.note_notice(court, notice.id)
    tools = desk.Tools(court.world, court.search, court.objects, court.ocr)
    await desk.read_notice(tools, notice.id)
    await notices.settle(court.world, notice.id)


async def on_confirmed(court: Court, envelope: Envelope) -> None:
    """A person has vouched for a notice: what it found is acted on."""
    event = envelope.event
    if isinstance(event, NoticeConfirmed):
        await notices.announce(court.world, event.notice_id)
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
        await notices.change_item(court.world, notice.id, item.n, _waiting)
        return
    for post in await posts.load_many(court.world, item.posts):
        if post.state != DELETED:
            await _judge(court, notice, item, post)
    await _catch_up(court, notice, item)


async def _judge(court: Court, notice: Notice, item: NoticeItem, post: Post) -> None:
    if post.visibility not in LISTED:
        # What was not said in public is read only when a recipient reports it.
        return
    category = rules.category_named(item.category or notice.category) or "other"
    source = Source(
        kind="notice",
        ref=f"{notice.id}:{item.n}",
        category=category,
        at_ms=court.world.now_ms(),
        due_at_ms=_own_deadline(notice, court.world.now_ms()),
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


def _own_deadline(notice: Notice, now_ms: int) -> int | None:
    """When the body itself wants to hear; one that has passed, or nearly, is nobody's clock."""
    return notice.due_at_ms if notice.due_at_ms > now_ms + HOUR_MS else None


def _waiting(item: NoticeItem) -> NoticeItem | None:
    if item.state != "located":
        return None
    return msgspec.structs.replace(item, state="awaiting_confirmation")


async def _catch_up(court: Court, notice: Notice, item: NoticeItem) -> None:
    """An item whose posts were held or removed before it came stands where they stand."""
    found = await posts.load_many(court.world, item.posts)
    loaded = [
        await store.case_of_subject(court.world.storage, "post", post_id) for post_id in item.posts
    ]
    cases = [case for case in loaded if case is not None]
    state = _state_of(found, cases)
    now_ms = court.world.now_ms()

    def catch_up(now: NoticeItem) -> NoticeItem | None:
        # Asked of the item as it is by then: its case may have gone further in the meantime.
        if state is None or now.state == state or not rules.may_follow(now.state, state):
            return None
        moments = [case.held_at_ms or case.measured_at_ms or 0 for case in cases]
        return msgspec.structs.replace(
            now,
            state=state,
            held_at_ms=now.held_at_ms or max(moments, default=None),
            decided_at_ms=now_ms if state == "removed" else now.decided_at_ms,
        )

    await notices.change_item(court.world, notice.id, item.n, catch_up)


def _state_of(found: list[Post], cases: list[Case]) -> ItemState | None:
    if found and all(post.state == DELETED for post in found):
        return "deleted_by_author"
    if cases and all(case.measure == "remove" for case in cases):
        return "removed"
    if cases and all(case.hold == "held" or case.measure == "remove" for case in cases):
        return "held"
    return None
