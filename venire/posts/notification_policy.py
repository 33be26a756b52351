"""Whom a member wants to hear of: accept, filter (kept apart until they answer) or drop.

Source: docs.joinmastodon.org/entities/NotificationPolicy. The conditions are Mastodon's; what holds
for those who never chose is more careful with strangers: newcomers wait, except for those who
came with them. A network whose first members could not hear each other would not begin.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.kernel.ids import id_ms
from venire.people.follows import load_tie
from venire.people.model import FOLLOWING, SITE_USERNAME, Account
from venire.people.store import load_account
from venire.posts import store
from venire.posts.model import DIRECT, Post
from venire.storage.tables.notifications import PERMISSIONS, POLICIES, PermissionRow, PolicyRow
from venire.storage.world import World

ACCEPT: Final = "accept"
FILTER: Final = "filter"
DROP: Final = "drop"
CHOICES: Final = (ACCEPT, FILTER, DROP)
"""From the mildest to the strictest: where several apply the strictest holds."""

ABOUT_THE_READER: Final = frozenset(
    {
        "admin.report",
        "admin.sign_up",
        "moderation_warning",
        "poll",
        "quoted_update",
        "status",
        "update",
    }
)
"""Kinds that no policy holds back: they follow from what the reader did or asked for."""

NEW_MS: Final = 30 * DAY_MS
"""How long an account is new for someone who chose: clients say "30 days" beside that choice."""
NEW_UNCHOSEN_MS: Final = 7 * DAY_MS
"""And for those who never chose."""
TOGETHER_MS: Final = DAY_MS
"""Who joined at most so much later than a reader who never chose is no newcomer to them."""
_FOLLOWER_MS: Final = 3 * DAY_MS
"""A follow that is younger opens no door: anybody can follow for a moment (as in Mastodon)."""
_THREAD_MOST: Final = 100


class Policy(msgspec.Struct, frozen=True):
    """An account's choices. `chosen`: whether they are its own."""

    for_not_following: str = ACCEPT
    for_not_followers: str = ACCEPT
    for_new_accounts: str = FILTER
    for_private_mentions: str = FILTER
    for_limited_accounts: str = FILTER
    chosen: bool = False


class Facts(msgspec.Struct, frozen=True):
    """What stands between a reader and whoever something comes from."""

    following: bool = False
    follower: bool = False
    new: bool = False
    limited: bool = False
    private_mention: bool = False
    permitted: bool = False


def decide(policy: Policy, kind: str, facts: Facts) -> str:
    """Accept, filter or drop. Pure."""
    if kind in ABOUT_THE_READER or facts.permitted:
        return ACCEPT
    applying = [ACCEPT]
    if not facts.follower:
        applying.append(policy.for_not_followers)
    if not facts.following:
        applying.append(policy.for_not_following)
        if facts.new:
            applying.append(policy.for_new_accounts)
        if facts.limited:
            applying.append(policy.for_limited_accounts)
        if facts.private_mention:
            applying.append(policy.for_private_mentions)
    return max(applying, key=CHOICES.index)


def is_new(policy: Policy, sender: Account, reader: Account, now_ms: int) -> bool:
    """Whether an account is too young to be heard unasked. Pure."""
    age_ms = now_ms - sender.created_at_ms
    if policy.chosen:
        return age_ms < NEW_MS
    later_ms = sender.created_at_ms - reader.created_at_ms
    return age_ms < NEW_UNCHOSEN_MS and later_ms > TOGETHER_MS


async def load_policy(world: World, account_id: int) -> Policy:
    """The choices of an account."""
    row = await world.storage.get(POLICIES, (account_id,))
    if row is None:
        return Policy()
    values = msgspec.structs.asdict(row)
    del values["account_id"]
    return Policy(**values, chosen=True)


async def save_policy(world: World, account_id: int, changes: dict[str, str]) -> Policy:
    """Change some of the choices. Invalid `policy_choice_unknown`."""
    for name, choice in changes.items():
        if choice not in CHOICES:
            wrong = {"error": "ERR_INCLUSION", "description": "is not included in the list"}
            raise Invalid(
                "policy_choice_unknown",
                "A choice is accept, filter or drop",
                details={name: [wrong]},
            )
    policy = msgspec.structs.replace(await load_policy(world, account_id), chosen=True, **changes)
    values = msgspec.structs.asdict(policy)
    del values["chosen"]
    await world.storage.put(POLICIES, PolicyRow(account_id, **values))
    return policy


async def permit(world: World, account_id: int, from_id: int) -> None:
    """Let a sender through for good."""
    row = PermissionRow(account_id, from_id, world.now_ms())
    await world.storage.put(PERMISSIONS, row)


async def judge(world: World, account_id: int, from_id: int, kind: str, post: Post | None) -> str:
    """Whether an account hears of this: accept, filter or drop."""
    if kind in ABOUT_THE_READER:
        return ACCEPT
    sender, reader = await load_account(world, from_id), await load_account(world, account_id)
    if sender is None or reader is None:
        return DROP
    if sender.moderates or sender.username == SITE_USERNAME:
        return ACCEPT
    policy = await load_policy(world, account_id)
    strange = Facts(
        new=is_new(policy, sender, reader, world.now_ms()),
        limited=sender.silenced,
        private_mention=post is not None
        and post.visibility == DIRECT
        and post.author_id == sender.id,
    )
    if decide(policy, kind, strange) == ACCEPT:
        # Whatever else stands between them could only open the door that is open.
        return ACCEPT
    return decide(policy, kind, await _facts(world, strange, sender, reader, post))


async def _facts(
    world: World, strange: Facts, sender: Account, reader: Account, post: Post | None
) -> Facts:
    """All facts, of which those that need no reading are known."""
    now_ms = world.now_ms()
    tie = await load_tie(world, reader.id, sender.id)
    back = await load_tie(world, sender.id, reader.id)
    follower = back is not None and back.state == FOLLOWING
    return msgspec.structs.replace(
        strange,
        following=tie is not None and tie.state == FOLLOWING,
        follower=follower and back is not None and now_ms - id_ms(back.follow_id) >= _FOLLOWER_MS,
        private_mention=strange.private_mention
        and post is not None
        and not await _answers_reader(world, post, sender.id, reader.id),
        permitted=await world.storage.get(PERMISSIONS, (reader.id, sender.id)) is not None,
    )


async def _answers_reader(world: World, post: Post, sender_id: int, reader_id: int) -> bool:
    """Whether a private mention stands in a thread in which the reader addressed its sender."""
    parent_id = post.in_reply_to_id
    for _ in range(_THREAD_MOST):
        parent = None if parent_id is None else await store.load(world, parent_id)
        if parent is None:
            return False
        if parent.author_id == reader_id and sender_id in parent.mentioned_ids:
            return True
        parent_id = parent.in_reply_to_id
    return False
