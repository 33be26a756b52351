"""Tables of the people room: accounts, names, counts, standing."""

from __future__ import annotations

import msgspec

from venire.storage.tables import (
    defences,
    factors,
    letters,
    roll,
    sign_in,
    suppression,
    ties,
)
from venire.storage.verbs import Table


class AccountRow(msgspec.Struct, frozen=True):
    """An account as others see it. `fields` is JSON; `uri` is its identity, never derived again."""

    id: int
    version: int
    username: str
    display_name: str
    note: str
    fields: bytes
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
    sensitized: bool = False
    disabled: bool = False
    minor: bool = False
    moved_to_id: int | None = None
    moved_to: str | None = None


class HandleRow(msgspec.Struct, frozen=True):
    """A username in lower case, claimed by or given to an account."""

    handle: str
    account_id: int


class EmailRow(msgspec.Struct, frozen=True):
    """The SHA-256 of a normalised e-mail address, claimed by or given to an account."""

    email_hash: bytes
    account_id: int


class LoginRow(msgspec.Struct, frozen=True):
    """How a person signs in and what they agreed to: never shown to anyone else."""

    account_id: int
    email: str
    password_hash: str
    confirmed_at_ms: int | None
    locale: str
    birth_year: int | None
    agreed_at_ms: int | None
    reason: str | None


class NameRow(msgspec.Struct, frozen=True):
    """A word by which an account is found: its handle, or a word of its display name."""

    initial: str
    word: str
    account_id: int


class WaitingRow(msgspec.Struct, frozen=True):
    """An account that is not open yet: `state` says whom it waits for."""

    state: str
    account_id: int


class CountsRow(msgspec.Struct, frozen=True):
    """What an account has gathered; `counted_through` is the journal place it follows from."""

    account_id: int
    followers: int
    following: int
    statuses: int
    last_status_at_ms: int | None
    counted_through: int


class SiteCountsRow(msgspec.Struct, frozen=True):
    """What a site has gathered; `active` counts who posted in `month` (`YYYY-MM`)."""

    site: str
    users: int
    statuses: int
    month: str
    active: int
    counted_through: int


class AddressRow(msgspec.Struct, frozen=True):
    """Who signed up from a network address lately; the address itself is not kept."""

    address_hash: bytes
    account_id: int


class AccountAddressRow(msgspec.Struct, frozen=True):
    """The address from which an account signed up, hashed, while it is remembered."""

    account_id: int
    address_hash: bytes


class SaltRow(msgspec.Struct, frozen=True):
    """A secret that makes hashes of this site useless elsewhere."""

    name: str
    salt: bytes


class MarkerRow(msgspec.Struct, frozen=True):
    """How far a member has read a timeline."""

    account_id: int
    timeline: str
    version: int
    last_read_id: str
    updated_at_ms: int


class StrikeRow(msgspec.Struct, frozen=True):
    """One mark on an account's standing.

    `kind` is points, pending, suspended, terminated, silenced, sensitized or disabled.
    """

    account_id: int
    key: str
    version: int
    kind: str
    points: int
    suspend_at: int
    case_id: int
    given_at_ms: int
    expires_at_ms: int | None
    undone: bool


ACCOUNTS = Table(
    name="accounts",
    row=AccountRow,
    question="Who is this account?",
    partition=("id",),
    aggregate="account:{id}",
    subject=("id",),
    version="version",
    retention="until the account is erased",
    wide=True,
)
HANDLES = Table(
    name="handles",
    row=HandleRow,
    question="Which account has this username?",
    partition=("handle",),
    aggregate="account:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="kept after deletion, so that nobody takes over a name",
    expires=True,
)
EMAILS = Table(
    name="emails",
    row=EmailRow,
    question="Which account signs in with this address?",
    partition=("email_hash",),
    aggregate="account:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="until the account is erased",
    expires=True,
)
LOGINS = Table(
    name="logins",
    row=LoginRow,
    question="How does this account sign in?",
    partition=("account_id",),
    aggregate="account:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="until the account is erased",
)
NAMES = Table(
    name="account_names",
    row=NameRow,
    question="Which accounts have a name that begins so?",
    partition=("initial",),
    clustering=("word", "account_id"),
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
WAITING = Table(
    name="waiting_accounts",
    row=WaitingRow,
    question="Which accounts wait for their address or for a moderator?",
    partition=("state",),
    clustering=("account_id",),
    descending=True,
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="until the account is open",
)
COUNTS = Table(
    name="account_counts",
    row=CountsRow,
    question="How many followers and posts has this account?",
    partition=("account_id",),
    aggregate="counts:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="until the account is erased; recounted nightly",
)
SITE_COUNTS = Table(
    name="site_counts",
    row=SiteCountsRow,
    question="How many members and posts has this site?",
    partition=("site",),
    aggregate="site_counts:{site}",
    retention="for ever; recounted nightly",
)
ADDRESSES = Table(
    name="sign_up_addresses",
    row=AddressRow,
    question="Who else signed up from this address in the last 30 days?",
    partition=("address_hash",),
    clustering=("account_id",),
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="30 days",
    expires=True,
)
ACCOUNT_ADDRESSES = Table(
    name="account_addresses",
    row=AccountAddressRow,
    question="From which address did this account sign up?",
    partition=("account_id",),
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="30 days",
    expires=True,
)
SALTS = Table(
    name="salts",
    row=SaltRow,
    question="Which salt do hashes of this kind have?",
    partition=("name",),
    aggregate="salt:{name}",
    guarded=True,
    retention="for ever",
)
MARKERS = Table(
    name="markers",
    row=MarkerRow,
    question="How far has this member read?",
    partition=("account_id",),
    clustering=("timeline",),
    aggregate="marker:{account_id}:{timeline}",
    subject=("account_id",),
    version="version",
    retention="until the account is erased",
)
STRIKES = Table(
    name="strikes",
    row=StrikeRow,
    question="How does this account stand?",
    partition=("account_id",),
    clustering=("key",),
    aggregate="strike:{account_id}:{key}",
    subject=("account_id",),
    version="version",
    retention="2 years after expiry",
)

TABLES = (
    ACCOUNTS,
    HANDLES,
    EMAILS,
    LOGINS,
    NAMES,
    WAITING,
    COUNTS,
    SITE_COUNTS,
    ADDRESSES,
    ACCOUNT_ADDRESSES,
    SALTS,
    MARKERS,
    STRIKES,
    *ties.TABLES,
    *sign_in.TABLES,
    *defences.TABLES,
    *roll.TABLES,
    *letters.TABLES,
    *factors.TABLES,
    *suppression.TABLES,
)
