"""What a new account may do in an hour or a day, until it is known: the brake on waves of spam.

New is younger than a week, or under ten posts within its first month. Spent is one row for each
budget, begun anew when its time is over. Off in the acceptance profile, and for staff.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Conflict, Throttled
from venire.people.counts import load_counts
from venire.people.follows import is_following
from venire.people.model import MEMBER, Account
from venire.storage.tables.defences import BUDGETS, BudgetRow
from venire.storage.world import World

NEW_MS = 7 * DAY_MS
FEW_POSTS = 10
LATEST_MS = 30 * DAY_MS
"""After this nobody is new any more, however little they said."""
_TRIES = 8
_MENTIONS_READ = 50


class Budget(msgspec.Struct, frozen=True):
    """So much in so long."""

    most: int
    lasts_ms: int


POSTS = "posts"
STRANGERS = "strangers"
LINKS = "links"
FOLLOWS = "follows"
BUDGETS_OF_NEW: dict[str, Budget] = {
    POSTS: Budget(20, HOUR_MS),
    STRANGERS: Budget(10, HOUR_MS),
    LINKS: Budget(10, HOUR_MS),
    FOLLOWS: Budget(100, DAY_MS),
}
"""`strangers`: mentions of accounts that do not follow the one who mentions them."""


def is_new(account: Account, posts: int, now_ms: int) -> bool:
    """Whether an account is too young, or has said too little, to be trusted with more."""
    age_ms = now_ms - account.created_at_ms
    return age_ms < NEW_MS or (posts < FEW_POSTS and age_ms < LATEST_MS)


def spent_after(
    row: BudgetRow | None, account_id: int, kind: str, cost: int, now_ms: int
) -> BudgetRow | None:
    """The row once `cost` is spent; None where the budget does not allow it."""
    budget = BUDGETS_OF_NEW[kind]
    if row is None or not row.since_ms <= now_ms < row.since_ms + budget.lasts_ms:
        row = BudgetRow(account_id, kind, now_ms, 0)
    if row.spent + cost > budget.most:
        return None
    return msgspec.structs.replace(row, spent=row.spent + cost)


async def check_post(
    world: World, account: Account, *, mentions: Iterable[int] = (), links: int = 0
) -> None:
    """Count a post of a new account before it is published.

    `mentions`: whom it names. Throttled `new_account_posts`, `new_account_strangers`,
    `new_account_links`, with `retry_after_s`.
    """
    await _check(world, account, mentions, links, posts=1)


async def check_edit(
    world: World, account: Account, *, mentions: Iterable[int] = (), links: int = 0
) -> None:
    """Count what an edit of a new account adds: whom it names anew, and links. As `check_post`."""
    await _check(world, account, mentions, links, posts=0)


async def _check(
    world: World, account: Account, mentions: Iterable[int], links: int, *, posts: int
) -> None:
    if not await _limited(world, account):
        return
    strangers = 0
    for mentioned in list(dict.fromkeys(mentions))[:_MENTIONS_READ]:
        known = mentioned == account.id or await is_following(world, mentioned, account.id)
        strangers += not known
    # The dearest first: a post that is refused for its mentions has not cost one of the hour's.
    for kind, cost in ((STRANGERS, strangers), (LINKS, links), (POSTS, posts)):
        if cost:
            await _spend(world, account.id, kind, cost)


async def check_follow(world: World, account: Account) -> None:
    """Count a follow of a new account before it is made. Throttled `new_account_follows`."""
    if await _limited(world, account):
        await _spend(world, account.id, FOLLOWS, 1)


async def _limited(world: World, account: Account) -> bool:
    if world.site.acceptance or account.role != MEMBER:
        return False
    if world.now_ms() - account.created_at_ms >= LATEST_MS:
        return False
    counts = await load_counts(world, [account.id])
    return is_new(account, counts[account.id].statuses, world.now_ms())


async def _spend(world: World, account_id: int, kind: str, cost: int) -> None:
    for _ in range(_TRIES):
        now_ms = world.now_ms()
        row = await world.storage.get(BUDGETS, (account_id, kind))
        new = spent_after(row, account_id, kind, cost, now_ms)
        if new is None:
            raise _over(kind, row, now_ms)
        ends_ms = new.since_ms + BUDGETS_OF_NEW[kind].lasts_ms
        if row is None:
            if await world.storage.put_if_absent(BUDGETS, new, expires_at_ms=ends_ms) is None:
                return
        elif row.since_ms != new.since_ms:
            # Begun anew: the old row's end would be the new one's, so it goes first.
            await world.storage.delete(BUDGETS, row)
        elif await world.storage.compare_and_set(BUDGETS, row, new):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _over(kind: str, row: BudgetRow | None, now_ms: int) -> Throttled:
    since_ms = now_ms if row is None else row.since_ms
    wait_s = max(1, -(-(since_ms + BUDGETS_OF_NEW[kind].lasts_ms - now_ms) // 1_000))
    if kind == STRANGERS:
        return Throttled(
            "new_account_strangers",
            "New accounts mention few people who do not follow them: try again later",
            retry_after_s=wait_s,
        )
    if kind == LINKS:
        return Throttled(
            "new_account_links",
            "New accounts post few links: try again later",
            retry_after_s=wait_s,
        )
    if kind == FOLLOWS:
        return Throttled(
            "new_account_follows",
            "New accounts follow few people a day: try again later",
            retry_after_s=wait_s,
        )
    return Throttled(
        "new_account_posts",
        "New accounts post a little less often: try again later",
        retry_after_s=wait_s,
    )
