"""A disputed notice item is shown again by a named operator, with reasons; nobody else can."""

from __future__ import annotations

from venire.cases import moderators, store
from venire.cases.court import Court
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, NotFound
from venire.kernel.ids import id_at
from venire.notices import store as notices
from venire.posts import listing
from venire.posts.model import Stretch


async def release_item(court: Court, notice_id: int, n: int, *, actor_id: int, reason: str) -> None:
    """Lift the hold on a disputed item's posts. Raises NotFound, Conflict `item_not_disputed`."""
    item = await notices.item(court.world.storage, notice_id, n)
    if item is None:
        raise NotFound("notice_item_not_found", "there is no such item")
    if item.state != "disputed":
        raise Conflict(
            "item_not_disputed",
            "only what the bench has kept against a notice waits for an operator",
            state=item.state,
        )
    for post_id in item.posts:
        case = await store.case_of_subject(court.world.storage, "post", post_id)
        if case is not None and case.disputed:
            await moderators.act(
                court, case.public_id, actor_id=actor_id, action="keep", reason=reason
            )


async def posts_to_compare(court: Court, items: int) -> int:
    """Posts of the last day, as far as the rule on a notice's share of them needs to know."""
    limits = court.policy.notices
    if items <= limits.confirm_over_items_and_share or items > limits.confirm_over_items:
        return 0
    return await posts_of_last_day(court, round(items / limits.confirm_over_share) + 1)


async def posts_of_last_day(court: Court, most: int) -> int:
    """How many public posts there were within a day, counted up to `most`."""
    since = id_at(court.world.now_ms() - DAY_MS)
    found = await listing.public_entries(court.world, Stretch(above=since, below=None, count=most))
    return len(found)
