"""Mastodon's `Notification`: every key, always; null where there is nothing.

Source: docs.joinmastodon.org/entities/Notification and AccountWarning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from venire.api.entities.account import account_jsons
from venire.api.entities.status import StatusEntity, status_entities
from venire.kernel.clock import iso_ms
from venire.kernel.ids import AccountId, id_ms
from venire.posts.model import Notification
from venire.posts.store import load_many
from venire.storage.world import World


class NotificationEntity(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the member is told."""

    id: str
    type: str
    group_key: str
    created_at: str
    account: msgspec.Raw
    status: StatusEntity | None = None
    report: None = None
    event: None = None
    moderation_warning: dict[str, object] | None = None


async def notification_entities(
    world: World, notifications: Sequence[Notification]
) -> list[NotificationEntity]:
    """Notifications as JSON, in their order; whoever reads them may see their posts."""
    people = {one.from_id for one in notifications} | {one.account_id for one in notifications}
    accounts = await account_jsons(world, people)
    post_ids = {one.post_id for one in notifications if one.post_id is not None}
    shown = await status_entities(world, await load_many(world, post_ids))
    statuses = {entity.id: entity for entity in shown}
    return [_entity(one, accounts, statuses) for one in notifications if one.from_id in accounts]


def _entity(
    notification: Notification,
    accounts: Mapping[AccountId, msgspec.Raw],
    statuses: Mapping[str, StatusEntity],
) -> NotificationEntity:
    warned = notification.type == "moderation_warning"
    return NotificationEntity(
        id=str(notification.id),
        type=notification.type,
        group_key=f"ungrouped-{notification.id}",
        created_at=iso_ms(id_ms(notification.id)),
        account=accounts[notification.from_id],
        status=statuses.get(str(notification.post_id)),
        moderation_warning=_warning(notification, accounts) if warned else None,
    )


def _warning(
    notification: Notification, accounts: Mapping[AccountId, msgspec.Raw]
) -> dict[str, object]:
    """Mastodon's `AccountWarning`, from what the case left of it."""
    data = dict(notification.data or {})
    at_ms = data.pop("created_at_ms", None)
    warning: dict[str, object] = {
        "id": str(notification.id),
        "action": "none",
        "text": "",
        "status_ids": None,
        "appeal": None,
    }
    return {
        **warning,
        **data,
        "target_account": accounts[notification.account_id],
        "created_at": iso_ms(at_ms if isinstance(at_ms, int) else id_ms(notification.id)),
    }
