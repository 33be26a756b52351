"""Nouns: an account, what it is told by others, how it stands."""

from __future__ import annotations

import msgspec

from venire.kernel.ids import AccountId

ACTIVE = "active"
UNCONFIRMED = "unconfirmed"
PENDING = "pending"
CONSENT = "consent"
DELETED = "deleted"
STATES = (ACTIVE, UNCONFIRMED, PENDING, CONSENT, DELETED)
"""Unconfirmed waits for its e-mail address, pending for a moderator, consent for a guardian.

Deleted is on its way out.
"""

MEMBER = "member"
MODERATOR = "moderator"
ADMIN = "admin"
ROLES = (MEMBER, MODERATOR, ADMIN)

SITE_USERNAME = "venire"

FOLLOWING = "following"
REQUESTED = "requested"
NONE = "none"
"""States of a tie; `none` is kept, since rewriting a row is cheaper than deleting it again."""


class Field(msgspec.Struct, frozen=True):
    """One line of a profile."""

    name: str
    value: str


class Account(msgspec.Struct, frozen=True):
    """An account as others see it; `uri` is its identity for ever."""

    id: AccountId
    version: int
    username: str
    display_name: str
    note: str
    fields: tuple[Field, ...]
    uri: str
    state: str
    role: str
    locked: bool
    bot: bool
    discoverable: bool
    indexable: bool
    hide_collections: bool
    privacy: str
    sensitive: bool
    language: str | None
    created_at_ms: int
    silenced: bool = False
    """Left out of public lists; tells only those who follow it."""
    sensitized: bool = False
    """Its media are marked as sensitive, whatever it says."""
    disabled: bool = False
    """Nobody can sign in to it."""
    minor: bool = False
    """Under 18 as far as its year of birth tells: not found, not recommended, never a juror."""
    moved_to_id: int | None = None
    moved_to: str | None = None
    """Where its owner says that they have moved: an account here, or a name elsewhere."""

    @property
    def moderates(self) -> bool:
        """Whether it may act as moderator."""
        return self.role in {MODERATOR, ADMIN}


class Login(msgspec.Struct, frozen=True):
    """How a person signs in: never shown to anyone else."""

    account_id: AccountId
    email: str
    password_hash: str
    confirmed_at_ms: int | None
    locale: str
    birth_year: int | None
    agreed_at_ms: int | None
    reason: str | None


class Counts(msgspec.Struct, frozen=True):
    """What an account has gathered; the moment of its last post, if any."""

    followers: int = 0
    following: int = 0
    statuses: int = 0
    last_status_at_ms: int | None = None


class Changes(msgspec.Struct, frozen=True):
    """What a member changes of their account; None leaves a thing as it is."""

    display_name: str | None = None
    note: str | None = None
    fields: tuple[Field, ...] | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    privacy: str | None = None
    sensitive: bool | None = None
    language: str | None = None


class SignUp(msgspec.Struct, frozen=True):
    """What someone gives to join. `born` is `YYYY-MM-DD`; only its year is kept.

    `country` (ISO 3166-1 alpha-2) is what they say, never what is traced. `challenge` and `answer`
    are those of `challenges`.
    """

    username: str
    email: str
    password: str
    agreement: bool
    locale: str = "en"
    born: str | None = None
    reason: str | None = None
    address: str = ""
    country: str = ""
    guardian_email: str = ""
    challenge: str = ""
    answer: str = ""


class Created(msgspec.Struct, frozen=True):
    """An account made by an operator, with the secrets that are shown once."""

    id: str
    username: str
    email: str
    password: str
    access_token: str
    role: str


class Standing(msgspec.Struct, frozen=True):
    """How an account stands now. `suspended`: it writes nothing; `pending`: it posts nothing.

    `until_ms`: when the suspension ends by itself, None when it does not or there is none.
    """

    points: int = 0
    suspended: bool = False
    pending: bool = False
    terminated: bool = False
    until_ms: int | None = None
    silenced: bool = False
    sensitized: bool = False
    disabled: bool = False


class Tie(msgspec.Struct, frozen=True):
    """How one account follows another: `state` is following or requested."""

    follower_id: AccountId
    followee_id: AccountId
    follow_id: int
    state: str
    reblogs: bool
    notify: bool
    languages: tuple[str, ...]


class Relationship(msgspec.Struct, frozen=True):
    """Everything between a viewer and another account."""

    id: AccountId
    following: bool = False
    showing_reblogs: bool = False
    notifying: bool = False
    languages: tuple[str, ...] = ()
    followed_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    muting_notifications: bool = False
    muting_expires_at_ms: int | None = None
    requested: bool = False
    requested_by: bool = False
    endorsed: bool = False
    note: str = ""


class App(msgspec.Struct, frozen=True):
    """A client program that asks for access."""

    id: int
    client_id: str
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    secret_hash: bytes


class Bearer(msgspec.Struct, frozen=True):
    """Whom a valid token speaks for. `account` is None for an app by itself."""

    token_id: int
    client_id: str
    scopes: frozenset[str]
    account: Account | None


class Granted(msgspec.Struct, frozen=True):
    """A token just made: the only moment at which its text is known."""

    access_token: str
    scopes: tuple[str, ...]
    created_at_ms: int
