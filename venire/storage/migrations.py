"""Schema versions: forward only, engine-neutral, and a refusal of data newer than the code."""

from __future__ import annotations

import dataclasses
from typing import Any

from venire.kernel.errors import Unavailable
from venire.storage.tables.every import ALL
from venire.storage.verbs import Column, Table, Value


@dataclasses.dataclass(frozen=True)
class AddTable:
    """Create a table that an earlier version did not have."""

    table: Table[Any]


@dataclasses.dataclass(frozen=True)
class AddColumn:
    """Add a column to a table; existing rows get `default`."""

    table: str
    column: Column
    default: Value


@dataclasses.dataclass(frozen=True)
class DropTable:
    """Remove a table that nothing reads any more."""

    name: str


Step = AddTable | AddColumn | DropTable


@dataclasses.dataclass(frozen=True)
class Migration:
    """What turns version - 1 into version; applied in one transaction."""

    version: int
    name: str
    steps: tuple[Step, ...]


_OF_VERSION_1 = frozenset(
    [
        "account_addresses",
        "account_counts",
        "account_names",
        "account_posts",
        "account_sessions",
        "account_tokens",
        "account_years",
        "accounts",
        "apps",
        "case_by_public_id",
        "case_by_subject",
        "case_sources",
        "cases",
        "copies_by_origin",
        "counted_replies",
        "emails",
        "epochs",
        "follow_requests",
        "followers",
        "following",
        "handles",
        "jurors",
        "logins",
        "markers",
        "moderator_actions",
        "notice_by_reference",
        "notice_hold_budgets",
        "notice_items",
        "notice_items_by_post",
        "notices",
        "notices_by_provider",
        "notices_by_year",
        "notification_dismissals",
        "notifications",
        "notifications_cleared",
        "oauth_codes",
        "open_cases",
        "parked_events",
        "pool_members",
        "post_counts",
        "post_keys",
        "post_versions",
        "posts",
        "public_posts",
        "record_entries",
        "record_entry_keys",
        "record_heads",
        "record_salts",
        "record_tiles",
        "relations",
        "relations_in",
        "reports",
        "reports_by_reporter",
        "salts",
        "seats",
        "service_by_juror",
        "sessions",
        "sign_in_links",
        "sign_up_addresses",
        "site_counts",
        "statements",
        "strikes",
        "summons_by_juror",
        "text_bank",
        "thread_posts",
        "timers",
        "tokens",
        "told_by_edit",
        "waiting_accounts",
    ]
)

_OF_VERSION_2 = frozenset(
    [
        "account_aliases",
        "account_pictures",
        "account_roll",
        "act_years",
        "acts",
        "admin_actions",
        "announcement_reactions",
        "announcement_tallies",
        "announcements",
        "block_signals",
        "blocked_signals",
        "budgets",
        "consents",
        "conversation_list",
        "conversation_mutes",
        "conversations",
        "departures",
        "departures_by_state",
        "domain_blocks",
        "erasures",
        "export_links",
        "exports",
        "featured_tags",
        "filter_sets",
        "filters",
        "follow_buckets",
        "followed_tags",
        "followers_by_time",
        "follows_by_time",
        "held_notifications",
        "held_notifications_from",
        "import_failures",
        "imported_uris",
        "imports",
        "leaders",
        "leaving_objects",
        "letter_allowances",
        "letters",
        "letters_due",
        "letters_lost",
        "limited_accounts",
        "list_members",
        "listings",
        "lists",
        "lists_built",
        "marks",
        "media",
        "medium_posts",
        "notification_permissions",
        "notification_policies",
        "notification_request_list",
        "notification_requests",
        "notification_storms",
        "object_uses",
        "poll_tallies",
        "poll_votes",
        "post_acts",
        "post_media",
        "post_origins",
        "profile_choices",
        "push_subscriptions",
        "quotes",
        "report_desk",
        "report_roll",
        "reports_by_target",
        "requests_by_time",
        "scheduled_posts",
        "seen_announcements",
        "site_rule_values",
        "site_rules",
        "site_weeks",
        "spent_challenges",
        "staff",
        "tag_days",
        "tag_months",
        "tag_posts",
        "tag_users",
        "tallies",
        "waiting_ties",
        "watchers",
        "wave_items",
        "waves",
        "waves_by_account",
        "week_authors",
    ]
)


_VERSION_2 = Migration(
    2,
    "media, boosts, lists, filters, and what a member can move in with",
    (
        *(AddTable(table) for table in ALL if table.name in _OF_VERSION_2),
        AddColumn("accounts", Column("silenced", "bool", optional=False), default=False),
        AddColumn("accounts", Column("sensitized", "bool", optional=False), default=False),
        AddColumn("accounts", Column("disabled", "bool", optional=False), default=False),
        AddColumn("accounts", Column("minor", "bool", optional=False), default=False),
        AddColumn("accounts", Column("moved_to_id", "int", optional=True), default=None),
        AddColumn("accounts", Column("moved_to", "text", optional=True), default=None),
        AddColumn("posts", Column("reblog_of_id", "int", optional=True), default=None),
        AddColumn("posts", Column("reblog_author_id", "int", optional=True), default=None),
        AddColumn("posts", Column("attachments", "blob", optional=False), default=b"[]"),
        AddColumn("posts", Column("poll", "blob", optional=True), default=None),
        AddColumn("posts", Column("quoted_id", "int", optional=True), default=None),
        AddColumn("posts", Column("quoted_author_id", "int", optional=True), default=None),
        AddColumn("posts", Column("quote_state", "text", optional=True), default=None),
        AddColumn("posts", Column("quote_policy", "text", optional=False), default="public"),
        AddColumn("posts", Column("reply_policy", "text", optional=False), default="anyone"),
        AddColumn("posts", Column("local_only", "bool", optional=False), default=False),
        AddColumn("posts", Column("application", "blob", optional=True), default=None),
        AddColumn("post_versions", Column("attachments", "blob", optional=False), default=b"[]"),
        AddColumn("post_versions", Column("poll", "blob", optional=True), default=None),
        AddColumn("account_posts", Column("reblog_of_id", "int", optional=True), default=None),
        AddColumn("account_posts", Column("reblog_author_id", "int", optional=True), default=None),
        AddColumn("account_posts", Column("has_media", "bool", optional=False), default=False),
        AddColumn("public_posts", Column("has_media", "bool", optional=False), default=False),
        # Both are written anew, by when a follow was made, from the ties themselves.
        DropTable("followers"),
        DropTable("follow_requests"),
    ),
)

_VERSION_3 = Migration(
    3,
    "calibrated juries, appeals, clocks, the treasury",
    (
        *(
            AddTable(table)
            for table in ALL
            if table.name not in _OF_VERSION_1 | _OF_VERSION_2 and not table.rebuildable
        ),
        AddColumn("posts", Column("withheld_in", "text", optional=False), default=""),
        AddColumn("posts", Column("label", "text", optional=False), default=""),
        AddColumn("posts", Column("demoted", "bool", optional=False), default=False),
        AddColumn("jurors", Column("answers_violating", "int", optional=False), default=0),
        AddColumn("jurors", Column("answers_clean", "int", optional=False), default=0),
        AddColumn("epochs", Column("roots", "blob", optional=False), default=b""),
        AddColumn("epochs", Column("used", "int", optional=False), default=0),
        AddColumn("epochs", Column("members_of", "int", optional=False), default=-1),
        AddColumn("epochs", Column("promised", "int", optional=False), default=1),
    ),
)

_VERSION_4 = Migration(
    4,
    "what the third version was still to get when the first sites had it",
    _VERSION_3.steps,
)
"""Of a folder that has all of it already, nothing is changed."""

MIGRATIONS: tuple[Migration, ...] = (_VERSION_2, _VERSION_3, _VERSION_4)
"""From the second version on. The first one is the set of tables that were declared then.

A table is created as it is declared now: a column that a later version adds to it is there already
when that version's step comes, and the step finds nothing to do.
"""

SCHEMA_VERSION = 1 + len(MIGRATIONS)


def pending(found: int, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[Migration, ...]:
    """The migrations that data of version `found` still needs, in order.

    Raises Unavailable `data_is_newer` when the data was written by a later version: reading on
    would lose what that version knows and this one does not.
    """
    ours = 1 + len(migrations)
    if found > ours:
        raise Unavailable(
            "data_is_newer",
            f"the data has schema version {found}, this program knows {ours}: use the version"
            " that wrote it, or restore a snapshot from before the upgrade",
            found=found,
            known=ours,
        )
    return tuple(migration for migration in migrations if migration.version > found)
