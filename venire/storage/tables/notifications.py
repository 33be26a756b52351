"""Tables beside the notifications: what was held back, by whose choice, and what only counts."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class HeldNotificationRow(msgspec.Struct, frozen=True):
    """A notification that its reader's policy held back; columns as those of a notification."""

    account_id: int
    month: int
    id: int
    type: str
    from_id: int
    post_id: int | None
    data: bytes | None


class HeldFromRow(msgspec.Struct, frozen=True):
    """The same, found by its sender."""

    account_id: int
    from_id: int
    id: int
    post_id: int | None


class RequestRow(msgspec.Struct, frozen=True):
    """A sender whose notifications were held back. `id` is that of the first one held.

    `state` is pending or answered; what came up to `answered_through` is not held again.
    """

    account_id: int
    from_id: int
    version: int
    id: int
    state: str
    answered_through: int


class RequestListRow(msgspec.Struct, frozen=True):
    """The same, by when it began, as long as it waits for an answer."""

    account_id: int
    id: int
    from_id: int


class PermissionRow(msgspec.Struct, frozen=True):
    """A sender whom an account let through for good."""

    account_id: int
    from_id: int
    given_at_ms: int


class PolicyRow(msgspec.Struct, frozen=True):
    """Whom an account wants to hear of; each is accept, filter or drop."""

    account_id: int
    for_not_following: str
    for_not_followers: str
    for_new_accounts: str
    for_private_mentions: str
    for_limited_accounts: str


class UncountedRow(msgspec.Struct, frozen=True):
    """How many of a group came in a storm and were only counted, and up to which event."""

    account_id: int
    group_key: str
    version: int
    count: int
    through_id: int


HELD_NOTIFICATIONS = Table(
    name="held_notifications",
    row=HeldNotificationRow,
    question="Which notifications did this account's policy hold back?",
    partition=("account_id", "month"),
    clustering=("id",),
    descending=True,
    aggregate="notification:{account_id}:{id}",
    subject=("account_id", "from_id"),
    retention="180 days, or until its reader answers",
    expires=True,
)
HELD_FROM = Table(
    name="held_notifications_from",
    row=HeldFromRow,
    question="Which notifications of this sender were held back?",
    partition=("account_id", "from_id"),
    clustering=("id",),
    descending=True,
    aggregate="notification:{account_id}:{id}",
    subject=("account_id", "from_id"),
    retention="180 days, or until its reader answers",
    expires=True,
)
REQUESTS = Table(
    name="notification_requests",
    row=RequestRow,
    question="Does this sender wait to be heard?",
    partition=("account_id", "from_id"),
    aggregate="notification_request:{account_id}:{from_id}",
    subject=("account_id", "from_id"),
    version="version",
    retention="until one of the two is erased",
)
REQUEST_LIST = Table(
    name="notification_request_list",
    row=RequestListRow,
    question="Who waits to be heard by this account?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="notification_request:{account_id}:{from_id}",
    subject=("account_id", "from_id"),
    retention="180 days, or until answered",
    expires=True,
)
PERMISSIONS = Table(
    name="notification_permissions",
    row=PermissionRow,
    question="Did this account let this sender through?",
    partition=("account_id", "from_id"),
    aggregate="notification_permission:{account_id}:{from_id}",
    subject=("account_id", "from_id"),
    retention="until one of the two is erased",
)
POLICIES = Table(
    name="notification_policies",
    row=PolicyRow,
    question="Whom does this account want to hear of?",
    partition=("account_id",),
    aggregate="notification_policy:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
UNCOUNTED = Table(
    name="notification_storms",
    row=UncountedRow,
    question="How many notifications of this group were only counted?",
    partition=("account_id", "group_key"),
    aggregate="notification_storm:{account_id}:{group_key}",
    subject=("account_id",),
    version="version",
    retention="180 days",
    expires=True,
)

TABLES = (
    HELD_NOTIFICATIONS,
    HELD_FROM,
    REQUESTS,
    REQUEST_LIST,
    PERMISSIONS,
    POLICIES,
    UNCOUNTED,
)
