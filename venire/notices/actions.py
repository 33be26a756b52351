"""The desk's doors: receive, confirm, choose, release; and what cases push down onto items."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from venire.events import NoticeConfirmed, NoticeItemLocated, NoticeReceived
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.kernel.ports import ObjectStore
from venire.notices import rules, store
from venire.notices.attachments import Files
from venire.notices.model import (
    MAX_SCREENSHOT_BYTES,
    ItemState,
    Notice,
    NoticeItem,
    ParsedItem,
    ParsedNotice,
    UnreadableCode,
)
from venire.storage.world import World

_TRIES = 20
_FILES_AT_ONCE = 8
_EVENTS_AT_ONCE = 200


class Limits(Protocol):
    """How far a notice acts by itself (`policy.toml`, section `notices`)."""

    @property
    def confirm_over_items(self) -> int:
        """Items."""

    @property
    def confirm_over_items_and_share(self) -> int:
        """Items."""

    @property
    def confirm_over_share(self) -> float:
        """Of a day's posts."""

    @property
    def hold_budget_per_day(self) -> int:
        """Holds a day and provider."""


class Sender(NamedTuple):
    """Who sent a notice, as far as the door tells: a token's provider, a signed-in operator."""

    provider: str
    verified: bool
    posts_per_day: int


class Delivery(NamedTuple):
    """A notice as it arrived: read, as raw bytes, and the files beside it."""

    parsed: ParsedNotice
    raw: bytes
    files: Files


async def receive(
    world: World,
    objects: ObjectStore,
    limits: Limits,
    delivery: Delivery,
    sender: Sender,
) -> Notice:
    """Keep a notice with everything that came with it; durable when this returns.

    The same (provider, reference) again is the same notice, and nothing is done twice.
    """
    parsed = delivery.parsed
    provider = sender.provider or parsed.provider
    notice_id = await store.claim_reference(
        world.storage, provider, parsed.reference, world.ids.next(), world.now_ms()
    )
    there = await store.load(world.storage, notice_id)
    if there is not None:
        return there
    repeated = rules.repeats(parsed.items)
    items = await _first_items(objects, parsed.items, delivery.files, repeated)
    notice = Notice(
        id=notice_id,
        provider=provider,
        reference=parsed.reference,
        kind=parsed.kind,
        received_at_ms=parsed.received_at_ms,
        imported_at_ms=world.now_ms(),
        due_at_ms=rules.due_at_ms(parsed.received_at_ms, parsed.due_hours),
        reply_to=parsed.reply_to,
        category=parsed.category,
        item_count=len(items),
        verified=sender.verified,
        needs_confirmation=rules.needs_confirmation(
            len(items),
            sender.posts_per_day,
            over_items=limits.confirm_over_items,
            over_items_and_share=limits.confirm_over_items_and_share,
            share=limits.confirm_over_share,
        ),
        remarks=parsed.remarks,
    )
    raw_key = await objects.put(delivery.raw)
    for part in store.in_parts(notice_id, items):
        await world.storage.commit(store.aggregate(notice_id), part)
    try:
        await world.storage.commit(
            store.aggregate(notice_id),
            [store.put_notice(notice, "reading", raw_key, 1), *store.put_identity(notice)],
            [NoticeReceived(notice_id)],
            expect=0,
        )
    except Conflict:
        # The same notice came twice at once: the other one was first.
        there = await store.load(world.storage, notice_id)
        return there or notice
    return notice


async def _first_items(
    objects: ObjectStore, parsed: Sequence[ParsedItem], files: Files, repeated: dict[int, int]
) -> list[NoticeItem]:
    gate = asyncio.Semaphore(_FILES_AT_ONCE)

    async def one(item: ParsedItem) -> NoticeItem:
        async with gate:
            key, code = await _keep_file(objects, item, files)
        state: ItemState = "unreadable" if code else rules.first_state(item)
        duplicate = repeated.get(item.n) if state == "received" else None
        return NoticeItem(
            n=item.n,
            state="duplicate" if duplicate is not None else state,
            kind=item.kind,
            url=item.url,
            text=item.text,
            screenshot=item.screenshot,
            screenshot_key=key,
            category=item.category,
            note=item.note,
            given_n=item.given_n,
            code=code or item.code,
            duplicate_of=duplicate,
        )

    return list(await asyncio.gather(*(one(item) for item in parsed)))


async def _keep_file(
    objects: ObjectStore, item: ParsedItem, files: Files
) -> tuple[str, UnreadableCode | None]:
    if not item.screenshot or item.code is not None:
        return "", None
    found = files.look(item.screenshot)
    if isinstance(found, str):
        return "", found
    content = await asyncio.to_thread(found.read)
    if len(content) > MAX_SCREENSHOT_BYTES:
        return "", "too_large"
    return await objects.put(content), None


async def reading(world: World) -> bool:
    """Whether some notice of late is still being read."""
    year = int(iso_ms(world.now_ms())[:4])
    for notice_id in await store.recent(world.storage, year, 20):
        row = await store.load_row(world.storage, notice_id)
        if row is not None and row.state == "reading":
            return True
    return False


async def save_item(
    world: World, notice_id: int, item: NoticeItem, *, announce: bool = False
) -> None:
    """Write an item as it stands now."""
    events = [NoticeItemLocated(notice_id, item.n)] if announce else []
    await world.storage.commit(store.aggregate(notice_id), store.put_item(notice_id, item), events)


async def change_notice(
    world: World, notice_id: int, change: dict[str, object], *, state: str | None = None
) -> Notice:
    """Change a notice's head. Raises NotFound `notice_not_found`."""
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, notice_id)
        if row is None:
            raise NotFound("notice_not_found", "there is no such notice")
        notice = msgspec.structs.replace(store.notice_of(row), **change)
        write = store.put_notice(notice, state or row.state, row.raw_key, row.version + 1)
        try:
            await world.storage.commit(store.aggregate(notice_id), [write], expect=row.version)
        except Conflict:
            continue
        return notice
    raise Unavailable("notice_busy", "try again in a moment")


async def settle(world: World, notice_id: int) -> None:
    """Bring a notice's state in line with its items."""
    row = await store.load_row(world.storage, notice_id)
    if row is None:
        return
    notice = store.notice_of(row)
    items = await store.items(world.storage, notice_id)
    state = rules.notice_state(items, waits_for_confirmation=not notice.may_hold)
    if state == row.state:
        return
    change: dict[str, object] = {}
    if state == "final" and notice.final_at_ms is None:
        change["final_at_ms"] = world.now_ms()
    await change_notice(world, notice_id, change, state=state)


async def set_item_states(world: World, post_id: int, state: ItemState, *, at_ms: int) -> None:
    """A post's case has taken a step: tell every notice item that found the post.

    An item with several posts is `removed` when all of them are; until then it keeps the state of
    the one that is furthest behind.
    """
    for notice_id, n in await store.items_about(world.storage, post_id):
        item = await store.item(world.storage, notice_id, n)
        if item is None or item.state == state or not rules.may_follow(item.state, state):
            continue
        held_at_ms = item.held_at_ms or (at_ms if state in {"held", "removed"} else None)
        decided = at_ms if state in {"removed", "kept", "disputed"} else item.decided_at_ms
        changed = msgspec.structs.replace(
            item, state=state, held_at_ms=held_at_ms, decided_at_ms=decided
        )
        await save_item(world, notice_id, changed)
        await settle(world, notice_id)


async def confirm(world: World, notice_id: int, actor_id: int) -> Notice:
    """A person vouches for a notice that nothing may act on by itself."""
    notice = await store.load(world.storage, notice_id)
    if notice is None:
        raise NotFound("notice_not_found", "there is no such notice")
    if notice.confirmed_at_ms is not None:
        return notice
    confirmed = await change_notice(
        world, notice_id, {"confirmed_at_ms": world.now_ms(), "confirmed_by": actor_id}
    )
    items = await store.items(world.storage, notice_id)
    events = [
        NoticeItemLocated(notice_id, item.n)
        for item in items
        if item.state in {"located", "awaiting_confirmation"}
    ]
    for start in range(0, len(events), _EVENTS_AT_ONCE):
        await world.storage.commit(
            store.aggregate(notice_id), [], events[start : start + _EVENTS_AT_ONCE]
        )
    await world.storage.commit(store.aggregate(notice_id), [], [NoticeConfirmed(notice_id)])
    return confirmed


async def choose(world: World, notice_id: int, n: int, post_ids: Sequence[int]) -> NoticeItem:
    """A person says which posts an item means; none of them means that it was not found."""
    item = await store.item(world.storage, notice_id, n)
    if item is None:
        raise NotFound("notice_item_not_found", "there is no such item")
    state: ItemState = "located" if post_ids else "not_found"
    if not rules.may_follow(item.state, state):
        raise Conflict("item_not_open", "this item is not waiting for a choice", state=item.state)
    chosen = msgspec.structs.replace(item, state=state, posts=tuple(post_ids), confidence=1.0)
    await save_item(world, notice_id, chosen, announce=bool(post_ids))
    await settle(world, notice_id)
    return chosen
