"""The desk's doors: receive, confirm, choose, release; and what cases push down onto items."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

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
    NoticeState,
    ParsedItem,
    ParsedNotice,
    UnreadableCode,
)
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, REMOVED
from venire.storage.tables.notices import NoticeRow
from venire.storage.world import World

_TRIES = 20
_FILES_AT_ONCE = 8
_EVENTS_AT_ONCE = 200
_NEAR = 50
_COURSE: Final[tuple[NoticeState, ...]] = ("reading", "awaiting_confirmation", "working", "final")
"""A notice stands where the item that is furthest behind makes it stand."""


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
    """Who sent a notice, as far as the door tells: a token's provider, a signed-in operator.

    `account_id`: the member whose notice is not verified.
    """

    provider: str
    verified: bool
    posts_per_day: int
    account_id: int = 0

    def mark(self, provider: str) -> str:
        """Whose references are one sender's.

        A member who takes a provider's name must not be able to use up its references: the
        provider's own notice would pass for one that came before, and never be read.
        """
        return provider if self.verified else f"unverified:{self.account_id}:{provider}"


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
    mark = sender.mark(provider)
    first = await store.of_reference(world.storage, mark, parsed.reference)
    if first is not None:
        return await _take_in(world, first, mark)
    repeated = rules.repeats(parsed.items)
    items = await _first_items(objects, parsed.items, delivery.files, repeated)
    notice = _head(world, limits, delivery.parsed, sender)
    raw_key = await objects.put(delivery.raw)
    for part in store.in_parts(notice.id, items):
        await world.storage.commit(store.aggregate(notice.id), part)
    head = store.put_notice(notice, "reading", raw_key, 1)
    await world.storage.commit(store.aggregate(notice.id), [head], expect=0)
    # Each sending has rows of its own until here, so that one which comes late cannot write over
    # what the desk has made of the first.
    first = await store.claim_reference(
        world.storage, mark, parsed.reference, notice.id, world.now_ms()
    )
    kept = await _take_in(world, first, mark)
    if first != notice.id:
        await store.forget(world.storage, notice)
    return kept


def _head(world: World, limits: Limits, parsed: ParsedNotice, sender: Sender) -> Notice:
    """The notice itself, as it is kept from now on."""
    return Notice(
        id=world.ids.next(),
        provider=sender.provider or parsed.provider,
        reference=parsed.reference,
        kind=parsed.kind,
        received_at_ms=parsed.received_at_ms,
        imported_at_ms=world.now_ms(),
        due_at_ms=rules.due_at_ms(parsed.received_at_ms, parsed.due_hours),
        reply_to=parsed.reply_to,
        category=parsed.category,
        item_count=len(parsed.items),
        verified=sender.verified,
        needs_confirmation=rules.needs_confirmation(
            len(parsed.items),
            sender.posts_per_day,
            over_items=limits.confirm_over_items,
            over_items_and_share=limits.confirm_over_items_and_share,
            share=limits.confirm_over_share,
        ),
        remarks=parsed.remarks,
    )


async def _take_in(world: World, notice_id: int, mark: str) -> Notice:
    """Acknowledge a notice that is whole; also one whose sender died before it could."""
    row = await store.load_row(world.storage, notice_id)
    if row is None:
        raise Unavailable("notice_busy", "try again in a moment")
    notice = store.notice_of(row)
    if row.version == 1:
        head = store.put_notice(notice, "reading", row.raw_key, 2)
        writes = [head, *store.put_identity(notice, mark)]
        with contextlib.suppress(Conflict):
            await world.storage.commit(
                store.aggregate(notice_id), writes, [NoticeReceived(notice_id)], expect=1
            )
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
    try:
        content = await asyncio.to_thread(found.read)
    except OSError:
        # Removed, or turned into something else, since it was looked up.
        return "", "missing_file"
    if len(content) > MAX_SCREENSHOT_BYTES:
        return "", "too_large"
    return await objects.put(content), None


async def latest(world: World, limit: int = 40) -> list[int]:
    """The notices of this year and the last, newest first."""
    year = int(iso_ms(world.now_ms())[:4])
    found = await store.recent(world.storage, year, limit)
    return [*found, *await store.recent(world.storage, year - 1, limit - len(found))]


async def reading(world: World) -> bool:
    """Whether some notice of late is still being read."""
    for notice_id in await latest(world, 20):
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


async def settle(world: World, notice_id: int, *, moved: int | None = None) -> None:
    """Bring a notice's state in line with its items; `moved` is the one that changed, if one did.

    A notice of ten thousand items is not read whole for each of them.
    """
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, notice_id)
        if row is None or (moved is not None and await _stays(world, row, moved)):
            return
        notice = store.notice_of(row)
        items = await store.items(world.storage, notice_id)
        state = rules.notice_state(items, waits_for_confirmation=not notice.may_hold)
        if state == row.state:
            return
        if state == "final" and notice.final_at_ms is None:
            notice = msgspec.structs.replace(notice, final_at_ms=world.now_ms())
        head = store.put_notice(notice, state, row.raw_key, row.version + 1)
        try:
            await world.storage.commit(store.aggregate(notice_id), [head], expect=row.version)
        except Conflict:
            # It moved since its items were read: what was made of them may be out of date.
            continue
        # Once more: an item that moved meanwhile may have relied on this.
    raise Unavailable("notice_busy", "try again in a moment")


async def _stays(world: World, row: NoticeRow, moved: int) -> bool:
    """Whether an item keeps the notice where it is, whatever the others are.

    An item that moved on can only move its notice if none is left where it was; the next of those
    mostly stands right behind it. While items are being read, the desk settles when it is done.
    """
    if row.state == "reading":
        return True
    waits = not store.notice_of(row).may_hold

    def alone(item: NoticeItem) -> NoticeState:
        return rules.notice_state([item], waits_for_confirmation=waits)

    item = await store.item(world.storage, row.id, moved)
    if item is None or alone(item) == row.state:
        return item is not None
    if [alone(item), row.state] == sorted([alone(item), row.state], key=_COURSE.index):
        return False
    for above, below in ((moved, None), (None, moved)):
        async for page in store.pages(world.storage, row.id, above=above, below=below, size=_NEAR):
            if any(alone(other) == row.state for other in page):
                return True
    return False


async def change_item(
    world: World, notice_id: int, n: int, change: Callable[[NoticeItem], NoticeItem | None]
) -> None:
    """Change an item from what it is at that moment; `change` gives None to leave it."""
    if await store.change_item(world.storage, notice_id, n, change):
        await settle(world, notice_id, moved=n)


async def set_item_states(world: World, post_id: int, state: ItemState, *, at_ms: int) -> None:
    """A post's case has taken a step: tell every notice item that found the post.

    An item with several posts is `removed` (or `deleted_by_author`) when none of them stands any
    more; until then it stays what it is.
    """
    for notice_id, n in await store.items_about(world.storage, post_id):
        item = await store.item(world.storage, notice_id, n)
        following = None if item is None else await _following(world, item, state)
        if following is not None:
            await change_item(world, notice_id, n, _step(following, at_ms))


async def _following(world: World, item: NoticeItem, state: ItemState) -> ItemState | None:
    """What an item becomes when one of its posts takes a step."""
    if state not in {"removed", "deleted_by_author"} or len(item.posts) == 1:
        return state
    found = await posts.load_many(world, item.posts)
    if any(post.state not in {REMOVED, DELETED} for post in found):
        return None
    return "removed" if any(post.state == REMOVED for post in found) else state


def _step(state: ItemState, at_ms: int) -> Callable[[NoticeItem], NoticeItem | None]:
    def change(item: NoticeItem) -> NoticeItem | None:
        if item.state == state or not rules.may_follow(item.state, state):
            return None
        held_at_ms = item.held_at_ms or (at_ms if state in {"held", "removed"} else None)
        decided = at_ms if state in {"removed", "kept", "disputed"} else item.decided_at_ms
        return msgspec.structs.replace(
            item, state=state, held_at_ms=held_at_ms, decided_at_ms=decided
        )

    return change


async def confirm(world: World, notice_id: int, actor_id: int) -> Notice:
    """A person vouches for a notice that nothing may act on by itself.

    Its items are announced by whoever hears of it, so that a confirmation which was acknowledged
    is never left half done.
    """
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, notice_id)
        if row is None:
            raise NotFound("notice_not_found", "there is no such notice")
        notice = store.notice_of(row)
        if notice.confirmed_at_ms is not None:
            return notice
        notice = msgspec.structs.replace(
            notice, confirmed_at_ms=world.now_ms(), confirmed_by=actor_id
        )
        writes = [
            store.put_notice(notice, row.state, row.raw_key, row.version + 1),
            store.put_in_file(notice),
        ]
        try:
            await world.storage.commit(
                store.aggregate(notice_id), writes, [NoticeConfirmed(notice_id)], expect=row.version
            )
        except Conflict:
            continue
        return notice
    raise Unavailable("notice_busy", "try again in a moment")


async def announce(world: World, notice_id: int) -> None:
    """Tell of every item that was found and not acted on yet; again is harmless."""
    events = [
        NoticeItemLocated(notice_id, item.n)
        for item in await store.items(world.storage, notice_id)
        if item.state in {"located", "awaiting_confirmation"}
    ]
    for start in range(0, len(events), _EVENTS_AT_ONCE):
        await world.storage.commit(
            store.aggregate(notice_id), [], events[start : start + _EVENTS_AT_ONCE]
        )


async def choose(world: World, notice_id: int, n: int, post_ids: Sequence[int]) -> NoticeItem:
    """A person says which posts an item means; none of them means that it was not found.

    Raises NotFound `notice_item_not_found`, `record_not_found` for what is no public post;
    Conflict `item_not_open`.
    """
    item = await store.item(world.storage, notice_id, n)
    if item is None:
        raise NotFound("notice_item_not_found", "there is no such item")
    state: ItemState = "located" if post_ids else "not_found"
    if not rules.may_follow(item.state, state) or item.state == state == "located":
        raise Conflict("item_not_open", "this item is not waiting for a choice", state=item.state)
    found = await posts.load_many(world, post_ids)
    if len(found) < len(post_ids) or any(post.visibility not in LISTED for post in found):
        # What was not said in public is judged only when a recipient reports it.
        raise NotFound("record_not_found", "There is no such post")
    chosen = msgspec.structs.replace(
        item, state=state, posts=tuple(post_ids), confidence=1.0 if post_ids else 0.0
    )
    await save_item(world, notice_id, chosen, announce=bool(post_ids))
    await settle(world, notice_id, moved=n)
    return chosen
