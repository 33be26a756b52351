"""Every event, one union: what happened, in the past tense, with ids only.

An event is written in the same commit as the rows that made it true. `server/subscriptions.py` says
who hears what. Handlers are idempotent, so an event may be heard twice, never not at all. Bodies
stay out of events: what is erased from a table must not live on here.
"""

from __future__ import annotations

import msgspec


class Happened(msgspec.Struct, frozen=True, tag=True):
    """The root of the union: tagged by its class name, which is therefore part of the journal."""


class AccountCreated(Happened, frozen=True):
    """Someone signed up."""

    account_id: int


class AccountDeleted(Happened, frozen=True):
    """An account and what it holds is on its way out."""

    account_id: int


class PostCreated(Happened, frozen=True):
    """A post was published."""

    post_id: int
    author_id: int
    visibility: str


class PostEdited(Happened, frozen=True):
    """A post's text was changed by its author."""

    post_id: int
    author_id: int


class PostDeleted(Happened, frozen=True):
    """Its author deleted a post."""

    post_id: int
    author_id: int
    visibility: str = "public"


class PostShown(Happened, frozen=True):
    """What others may see of a post changed: visible, held or removed."""

    post_id: int
    author_id: int
    state: str
    case_id: int


class Followed(Happened, frozen=True):
    """One account follows another."""

    follower_id: int
    followee_id: int


class FollowRequested(Happened, frozen=True):
    """One account asks to follow another that answers requests by hand."""

    follower_id: int
    followee_id: int


class Unfollowed(Happened, frozen=True):
    """It no longer does."""

    follower_id: int
    followee_id: int


class ReportFiled(Happened, frozen=True):
    """A member complained about an account and some of its posts."""

    report_id: int


class NoticeReceived(Happened, frozen=True):
    """An outside body sent a notice; its items are yet to be read and located."""

    notice_id: int


class NoticeConfirmed(Happened, frozen=True):
    """A person confirmed a notice that nothing may act on unconfirmed."""

    notice_id: int


class NoticeItemLocated(Happened, frozen=True):
    """A notice item was looked for; its row says what was found."""

    notice_id: int
    n: int


class CaseChanged(Happened, frozen=True):
    """A case took a step, or something it waits for arrived: see what is next."""

    case_id: int


class CaseStepped(Happened, frozen=True):
    """A step of a case is in the record and takes effect outside from here on.

    `step` is the record entry's type; `key` is its idempotency key, the same at every retelling.
    """

    case_id: int
    step: str
    key: str
    record_index: int


class SummonsOffered(Happened, frozen=True):
    """A juror was drawn and is asked to sit."""

    case_id: int
    round: int
    juror_id: int


class StrikeChanged(Happened, frozen=True):
    """Points were given to an account or taken back."""

    account_id: int


class EpochFrozen(Happened, frozen=True):
    """A pool of jurors was frozen for the draws of one epoch."""

    epoch: int


Event = (
    AccountCreated
    | AccountDeleted
    | PostCreated
    | PostEdited
    | PostDeleted
    | PostShown
    | Followed
    | FollowRequested
    | Unfollowed
    | ReportFiled
    | NoticeReceived
    | NoticeConfirmed
    | NoticeItemLocated
    | CaseChanged
    | CaseStepped
    | SummonsOffered
    | StrikeChanged
    | EpochFrozen
)
