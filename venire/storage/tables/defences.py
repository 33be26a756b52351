"""Tables of the people room that keep the door: site rules, budgets, consent, blocked signals."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class SiteRuleRow(msgspec.Struct, frozen=True):
    """A rule that an operator made. `kind` names its list, `value` what it is about.

    `severity` and `options` (JSON) are the list's own; `comment` is read by operators alone.
    """

    kind: str
    id: int
    value: str
    severity: str
    comment: str
    public_comment: str
    options: bytes
    created_by: int
    created_at_ms: int
    until_ms: int | None


class SiteRuleValueRow(msgspec.Struct, frozen=True):
    """Which rule of a list is about this; a value has one rule."""

    kind: str
    value: str
    id: int


class AdminActionRow(msgspec.Struct, frozen=True):
    """What an operator did to an account or a rule, why and when. `aggregate`: what it belongs to.

    What is done to a case stands in `moderator_actions`.
    """

    month: str
    id: int
    actor_id: int
    action: str
    target: str
    reason: str
    at_ms: int
    aggregate: str


class BudgetRow(msgspec.Struct, frozen=True):
    """What a new account has spent of one budget since `since_ms`."""

    account_id: int
    kind: str
    since_ms: int
    spent: int


class ChallengeRow(msgspec.Struct, frozen=True):
    """A challenge of the sign-up that was answered: no second account joins with it."""

    challenge: str
    until_ms: int


class ConsentRow(msgspec.Struct, frozen=True):
    """Whether a guardian let a minor join. `next_state` is what the account waits for then."""

    account_id: int
    nonce: bytes
    guardian_email: str | None
    state: str
    next_state: str
    asked_at_ms: int
    until_ms: int
    decided_at_ms: int | None
    decided_by: int | None


class BlockedSignalRow(msgspec.Struct, frozen=True):
    """A trait of the sign-up of someone who is blocked, hashed; a new account may share it."""

    signal: bytes
    blocker_id: int
    target_id: int


class BlockSignalRow(msgspec.Struct, frozen=True):
    """The same, found from the block."""

    blocker_id: int
    target_id: int
    signal: bytes


SITE_RULES = Table(
    name="site_rules",
    row=SiteRuleRow,
    question="Which rules stand on this list of the site?",
    partition=("kind",),
    clustering=("id",),
    descending=True,
    aggregate="rule:{id}",
    retention="until an operator removes them, or they end by themselves",
    expires=True,
)
SITE_RULE_VALUES = Table(
    name="site_rule_values",
    row=SiteRuleValueRow,
    question="Which rule of this list is about this?",
    partition=("kind", "value"),
    aggregate="rule:{id}",
    guarded=True,
    retention="as the rule",
    expires=True,
)
ADMIN_ACTIONS = Table(
    name="admin_actions",
    row=AdminActionRow,
    question="What did operators do outside of cases?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="{aggregate}",
    subject=("actor_id",),
    retention="for ever",
)
BUDGETS = Table(
    name="budgets",
    row=BudgetRow,
    question="How much of this has a new account done lately?",
    partition=("account_id",),
    clustering=("kind",),
    aggregate="budget:{account_id}:{kind}",
    guarded=True,
    subject=("account_id",),
    retention="a day",
    expires=True,
)
CHALLENGES = Table(
    name="spent_challenges",
    row=ChallengeRow,
    question="Was this challenge of the sign-up answered before?",
    partition=("challenge",),
    aggregate="challenge:{challenge}",
    guarded=True,
    retention="an hour",
    expires=True,
)
CONSENTS = Table(
    name="consents",
    row=ConsentRow,
    question="Has a guardian agreed to this account?",
    partition=("account_id",),
    aggregate="account:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="until the account is erased; the guardian's address until they have answered",
)
BLOCKED_SIGNALS = Table(
    name="blocked_signals",
    row=BlockedSignalRow,
    question="Who blocks somebody whose sign-up had this trait?",
    partition=("signal",),
    clustering=("blocker_id", "target_id"),
    aggregate="signals:{blocker_id}:{target_id}",
    subject=("blocker_id", "target_id"),
    retention="180 days after the block",
    expires=True,
)
BLOCK_SIGNALS = Table(
    name="block_signals",
    row=BlockSignalRow,
    question="Which traits are remembered for this block?",
    partition=("blocker_id",),
    clustering=("target_id", "signal"),
    aggregate="signals:{blocker_id}:{target_id}",
    subject=("blocker_id", "target_id"),
    retention="180 days after the block",
    expires=True,
)

TABLES = (
    SITE_RULES,
    SITE_RULE_VALUES,
    ADMIN_ACTIONS,
    BUDGETS,
    CHALLENGES,
    CONSENTS,
    BLOCKED_SIGNALS,
    BLOCK_SIGNALS,
)
