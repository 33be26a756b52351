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


class AccountReturned(Happened, frozen=True):
    """Someone who had deleted their account signed in again within the time for it."""

    account_id: int


class FindableChanged(Happened, frozen=True):
    """Whether everyone may find an account's public posts is otherwise than before."""

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


class PostWithheld(Happened, frozen=True):
    """In which countries a post is withheld is otherwise than before."""

    post_id: int
    author_id: int


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


class FollowChanged(Happened, frozen=True):
    """One account follows another in another manner: without boosts, in other languages."""

    follower_id: int
    followee_id: int


class RelationChanged(Happened, frozen=True):
    """One account blocks or mutes another, or no longer does."""

    account_id: int
    target_id: int


class TokenRevoked(Happened, frozen=True):
    """An access token ended before its time."""

    token_id: int


class AnnouncementMade(Happened, frozen=True):
    """The site tells its members something."""

    announcement_id: int


class AnnouncementWithdrawn(Happened, frozen=True):
    """It took that back."""

    announcement_id: int


class AnnouncementSigned(Happened, frozen=True):
    """A sign was put under an announcement, or taken back; `count` of it are there now."""

    announcement_id: int
    name: str
    count: int


class ListChanged(Happened, frozen=True):
    """What a list shows, or who is on it, changed."""

    list_id: int
    owner_id: int


class TagsChanged(Happened, frozen=True):
    """An account follows a tag, or no longer does."""

    account_id: int


class ListDeleted(Happened, frozen=True):
    """A member deleted a list; who was on it is taken off."""

    list_id: int
    owner_id: int


class Favourited(Happened, frozen=True):
    """An account favourited a post."""

    account_id: int
    post_id: int
    author_id: int


class Unfavourited(Happened, frozen=True):
    """It took that back."""

    account_id: int
    post_id: int
    author_id: int


class Reposted(Happened, frozen=True):
    """An account boosted a post; the boost is a post of its own, created right after."""

    account_id: int
    post_id: int
    author_id: int
    boost_id: int
    visibility: str


class Unreposted(Happened, frozen=True):
    """It took that back."""

    account_id: int
    post_id: int
    author_id: int
    boost_id: int


class Quoted(Happened, frozen=True):
    """A post quotes another, and that one's author lets it."""

    post_id: int
    quoted_id: int
    quoted_author_id: int


class Unquoted(Happened, frozen=True):
    """It no longer does, or no longer may."""

    post_id: int
    quoted_id: int
    quoted_author_id: int


class PollVoted(Happened, frozen=True):
    """An account voted in a round of a post's poll."""

    post_id: int
    round: int
    account_id: int
    choices: tuple[int, ...]


class PollEnded(Happened, frozen=True):
    """The time of a post's poll is up."""

    post_id: int
    author_id: int


class PostImported(Happened, frozen=True):
    """A member brought an old post along: listed and searched, told to nobody."""

    post_id: int
    author_id: int
    visibility: str


class ImportStepped(Happened, frozen=True):
    """What a member brings along is to be gone on with."""

    import_id: int
    account_id: int


class ExportAsked(Happened, frozen=True):
    """A member wants an archive of all that is theirs."""

    export_id: int
    account_id: int


class MediumUploaded(Happened, frozen=True):
    """A film was taken in and waits to be converted."""

    media_id: int


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


class CaseEscalated(Happened, frozen=True):
    """The clock of a case has run so far that somebody is told (`cases.clocks.stage_at`)."""

    case_id: int
    stage: int


class SummonsOffered(Happened, frozen=True):
    """A juror was drawn and is asked to sit."""

    case_id: int
    round: int
    juror_id: int


class BallotServed(Happened, frozen=True):
    """A juror's valid ballot is in a round that is over: it is thanked for, or paid."""

    case_id: int
    round: int
    juror_id: int


class PanelEnded(Happened, frozen=True):
    """A round ended without a verdict: its subject is gone, or may not be seen by jurors."""

    case_id: int


class EntryPosted(Happened, frozen=True):
    """Something was posted to the books, under a key that is used once."""

    ledger: str
    key: str


class PayoutMoved(Happened, frozen=True):
    """A juror's payout is in another state."""

    ledger: str
    juror_id: int
    payout_id: int
    state: str


class PaymentMoved(Happened, frozen=True):
    """Something more is known of a payment: it was paid, paid back, disputed."""

    payment_id: int


class BooksDiffer(Happened, frozen=True):
    """A processor says otherwise than the books: a person has to look. `key`: of which day."""

    name: str
    key: str


class StrikeChanged(Happened, frozen=True):
    """Points were given to an account or taken back."""

    account_id: int


class EpochFrozen(Happened, frozen=True):
    """A pool of jurors was frozen for the draws of one epoch."""

    epoch: int


class FiltersChanged(Happened, frozen=True):
    """An account's filters changed: its clients read them anew."""

    account_id: int


class Notified(Happened, frozen=True):
    """An account was told something that its policy lets through."""

    account_id: int
    notification_id: int


class NotificationsMerged(Happened, frozen=True):
    """A member answered for a sender whose notifications were held back."""

    account_id: int


class ConversationChanged(Happened, frozen=True):
    """A direct conversation has something new for one of its participants."""

    account_id: int
    conversation_id: int


class AccountAdmitted(Happened, frozen=True):
    """A person let in somebody who waited: a moderator, or a guardian."""

    account_id: int


class LetterAsked(Happened, frozen=True):
    """Somebody asked for a letter to an account; `key` is its kind, and 0 an account not there."""

    account_id: int
    key: str


class FactorsChanged(Happened, frozen=True):
    """What an account signs in with besides a password is otherwise than before, or was tried.

    `kind` is one of `people.factors.NEWS`.
    """

    account_id: int
    kind: str


class VendorShut(Happened, frozen=True):
    """A vendor refuses our account. A person has to look."""

    kind: str
    name: str


class RestoreDrillFailed(Happened, frozen=True):
    """The site could not be restored from the store of this name: the newest drill says why."""

    name: str


class TextsAlarmed(Happened, frozen=True):
    """Something is wrong with the texts to a dial code: `kind`, one of `text_counts.ALARMS`."""

    dial: int
    kind: str


class VendorReset(Happened, frozen=True):
    """A person looked: the vendor may be asked again."""

    kind: str
    name: str


class BeaconPublished(Happened, frozen=True):
    """The site says where it is now, with two signatures. `kind`: moved, or renewed."""

    sequence: int
    kind: str = "moved"


Event = (
    AccountCreated
    | AccountDeleted
    | AccountReturned
    | FindableChanged
    | PostCreated
    | PostEdited
    | PostDeleted
    | PostShown
    | PostWithheld
    | Followed
    | FollowRequested
    | Unfollowed
    | ListDeleted
    | FollowChanged
    | RelationChanged
    | TokenRevoked
    | AnnouncementMade
    | AnnouncementWithdrawn
    | AnnouncementSigned
    | ListChanged
    | TagsChanged
    | Favourited
    | Unfavourited
    | Reposted
    | Unreposted
    | Quoted
    | Unquoted
    | PollVoted
    | PollEnded
    | PostImported
    | ImportStepped
    | ExportAsked
    | MediumUploaded
    | ReportFiled
    | NoticeReceived
    | NoticeConfirmed
    | NoticeItemLocated
    | CaseChanged
    | CaseStepped
    | CaseEscalated
    | SummonsOffered
    | BallotServed
    | PanelEnded
    | EntryPosted
    | PayoutMoved
    | PaymentMoved
    | BooksDiffer
    | StrikeChanged
    | EpochFrozen
    | FiltersChanged
    | Notified
    | NotificationsMerged
    | ConversationChanged
    | AccountAdmitted
    | LetterAsked
    | FactorsChanged
    | VendorShut
    | TextsAlarmed
    | VendorReset
    | RestoreDrillFailed
    | BeaconPublished
)
