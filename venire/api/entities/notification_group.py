"""Mastodon's `GroupedNotificationsResults` and what belongs to it.

Source: docs.joinmastodon.org/methods/grouped_notifications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from venire.api.entities.account import account_jsons
from venire.api.entities.notification import (
    about_account,
    report_entity,
    warning_entity,
    with_appeals,
)
from venire.api.entities.status import statuses_by_id
from venire.kernel.clock import iso_ms
from venire.kernel.ids import AccountId, id_ms
from venire.posts.notification_groups import SAMPLE, Group
from venire.posts.sight import Sight
from venire.storage.world import World


class GroupEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A group of notifications; the three of a page are null outside of one."""

    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: int
    page_min_id: str | None = None
    page_max_id: str | None = None
    latest_page_notification_at: str | None = None
    sample_account_ids: list[str]
    status_id: str | None
    report: dict[str, object] | None = None
    event: None = None
    moderation_warning: dict[str, object] | None = None


class PartialAccount(msgspec.Struct, frozen=True):
    """As much of an account as a picture beside others needs."""

    id: str
    acct: str
    url: str
    avatar: str
    avatar_static: str
    locked: bool
    bot: bool


class ResultsEntity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Groups, and the accounts and posts that they name."""

    accounts: Sequence[msgspec.Raw]
    statuses: Sequence[msgspec.Raw]
    notification_groups: Sequence[GroupEntity]
    partial_accounts: Sequence[PartialAccount] | None = None


_PARTIAL = msgspec.json.Decoder(PartialAccount)


async def results_entity(
    world: World,
    viewer_id: int,
    groups: Sequence[Group],
    *,
    partial: bool = False,
    paged: bool = True,
    sight: Sight | None = None,
) -> ResultsEntity:
    """Groups as JSON. `partial`: of each group one account is told whole, the others in short."""
    newest = await with_appeals(world, viewer_id, [group.newest for group in groups])
    groups = [
        msgspec.structs.replace(group, members=(first, *group.members[1:]))
        for group, first in zip(groups, newest, strict=True)
    ]
    samples = {group.key: group.sender_ids[:SAMPLE] for group in groups}
    named = list(dict.fromkeys(one for sample in samples.values() for one in sample))
    about = {found for one in groups if (found := about_account(one.newest)) is not None}
    jsons = await account_jsons(world, {*named, *about})
    posts = {
        group.newest.post.id: group.newest.post for group in groups if group.newest.post is not None
    }
    statuses = await statuses_by_id(world, posts.values(), viewer_id, sight=sight)
    whole = {sample[0] for sample in samples.values()} if partial else set(named)
    short = [one for one in named if one not in whole and one in jsons]
    return ResultsEntity(
        accounts=[jsons[one] for one in named if one in whole and one in jsons],
        statuses=list(statuses.values()),
        notification_groups=[
            _group(group, samples[group.key], jsons, paged=paged) for group in groups
        ],
        partial_accounts=[_PARTIAL.decode(jsons[one]) for one in short] if partial else None,
    )


def _group(
    group: Group,
    sample: Sequence[AccountId],
    jsons: Mapping[AccountId, msgspec.Raw],
    *,
    paged: bool,
) -> GroupEntity:
    newest, oldest = group.newest, group.members[-1]
    return GroupEntity(
        group_key=group.key,
        notifications_count=group.count,
        type=newest.type,
        most_recent_notification_id=newest.id,
        page_min_id=str(oldest.id) if paged else None,
        page_max_id=str(newest.id) if paged else None,
        latest_page_notification_at=iso_ms(id_ms(newest.id)) if paged else None,
        sample_account_ids=[str(one) for one in sample],
        status_id=None if newest.post is None else str(newest.post.id),
        report=report_entity(newest, jsons),
        moderation_warning=warning_entity(newest, jsons),
    )
