"""Tables that list accounts for operators: by month, by role, by limit, and those that leave."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class RollRow(msgspec.Struct, frozen=True):
    """An account in the month (`YYYY-MM`) in which it was made."""

    month: str
    account_id: int


class StaffRow(msgspec.Struct, frozen=True):
    """An account that has a role."""

    site: str
    account_id: int
    username: str
    role: str


class LimitedRow(msgspec.Struct, frozen=True):
    """An account under a limit: `kind` is silenced, sensitized, disabled or suspended."""

    kind: str
    account_id: int


class DepartureRow(msgspec.Struct, frozen=True):
    """Someone who deleted their account. `profile` is what they looked like, until they are gone.

    `state`: leaving (may come back until `due_at_ms`), erasing, emptied, erased, or returned.
    """

    account_id: int
    state: str
    asked_at_ms: int
    due_at_ms: int
    returnable: bool
    profile: bytes


class DepartureStateRow(msgspec.Struct, frozen=True):
    """The same, found by its state."""

    state: str
    account_id: int


class ErasureRow(msgspec.Struct, frozen=True):
    """How far the pass over all tables has come that takes people's rows out."""

    name: str
    reached: str
    cursor: bytes | None
    account_ids: bytes
    erased: int


ROLL = Table(
    name="account_roll",
    row=RollRow,
    question="Which accounts were made in this month?",
    partition=("month",),
    clustering=("account_id",),
    descending=True,
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
STAFF = Table(
    name="staff",
    row=StaffRow,
    question="Who runs this site?",
    partition=("site",),
    clustering=("account_id",),
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
LIMITED = Table(
    name="limited_accounts",
    row=LimitedRow,
    question="Which accounts are under this limit?",
    partition=("kind",),
    clustering=("account_id",),
    descending=True,
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="until the limit ends",
)
DEPARTURES = Table(
    name="departures",
    row=DepartureRow,
    question="When did this account leave, and what did it look like?",
    partition=("account_id",),
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="its looks until it is erased; that it left for ever",
)
DEPARTURE_STATES = Table(
    name="departures_by_state",
    row=DepartureStateRow,
    question="Whose rows are to be taken out?",
    partition=("state",),
    clustering=("account_id",),
    aggregate="account:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
ERASURES = Table(
    name="erasures",
    row=ErasureRow,
    question="How far has the present erasure come?",
    partition=("name",),
    aggregate="erasure:{name}",
    retention="until the erasure is done",
)

TABLES = (ROLL, STAFF, LIMITED, DEPARTURES, DEPARTURE_STATES, ERASURES)
