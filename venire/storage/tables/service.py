"""Tables of service on the jury: consent, choices, what was promised, what was served."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class JurorConsentRow(msgspec.Struct, frozen=True):
    """When a member consented, and which version of the warning they had before them."""

    account_id: int
    at_ms: int
    warning: str
    language: str


class JurorChoicesRow(msgspec.Struct, frozen=True):
    """What a juror chose: a pause, and how and when an alert may come.

    `channels` is JSON, the first one first. `quiet_from` and `quiet_to` are minutes of the juror's
    own day, the same for none; `utc_offset` is in minutes.
    """

    account_id: int
    paused_until_ms: int
    channels: bytes
    quiet_from: int
    quiet_to: int
    utc_offset: int


class PromiseRow(msgspec.Struct, frozen=True):
    """What a paid juror was told before the vote: minor units, 0 when the budget was used up."""

    case_id: int
    round: int
    juror_id: int
    ledger: str
    amount: int
    terms: str
    at_ms: int


class OpenPromiseRow(msgspec.Struct, frozen=True):
    """A promise whose ballot has not been served: the part of the budget that is spoken for."""

    ledger: str
    month: str
    case_id: int
    round: int
    juror_id: int
    amount: int


class DoseRow(msgspec.Struct, frozen=True):
    """The seats that a juror of the lot takes on a day, so that two at once are not one too many.

    `taken` is JSON: case, round and when it was asked for, of each.
    """

    juror_id: int
    day: str
    taken: bytes
    version: int


class ServedRow(msgspec.Struct, frozen=True):
    """A valid ballot in a round that is over, as its juror's statement lists it."""

    juror_id: int
    month: str
    case_id: int
    round: int
    voted_at_ms: int
    ledger: str
    amount: int


class ServedYearRow(msgspec.Struct, frozen=True):
    """How many valid ballots a juror cast in a year, through which place in the journal."""

    juror_id: int
    year: int
    ballots: int
    counted_through: int


class JudgedObjectRow(msgspec.Struct, frozen=True):
    """A picture or film that a verdict was given on: nobody has to look at it again."""

    key: str
    case_id: int
    verdict: str
    at_ms: int


CONSENTS = Table(
    name="juror_consents",
    row=JurorConsentRow,
    question="After which warning did this juror consent?",
    partition=("account_id",),
    clustering=("at_ms",),
    descending=True,
    aggregate="juror:{account_id}",
    subject=("account_id",),
    retention="as the account; never in an account export",
)
CHOICES = Table(
    name="juror_choices",
    row=JurorChoicesRow,
    question="Does this juror pause, and how may an alert come?",
    partition=("account_id",),
    aggregate="juror:{account_id}",
    subject=("account_id",),
    retention="as the account; never in an account export",
)
PROMISES = Table(
    name="pay_promises",
    row=PromiseRow,
    question="What was promised for this ballot?",
    partition=("case_id", "round"),
    clustering=("juror_id",),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)
OPEN_PROMISES = Table(
    name="open_promises",
    row=OpenPromiseRow,
    question="How much was promised in this month that nobody has earned yet?",
    partition=("ledger", "month"),
    clustering=("case_id", "round", "juror_id"),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    expires=True,
    retention="until the ballot is served or the seat given back; two months at most",
)
DOSES = Table(
    name="juror_doses",
    row=DoseRow,
    question="Which seats does this juror take on this day?",
    partition=("juror_id", "day"),
    aggregate="dose:{juror_id}:{day}",
    subject=("juror_id",),
    version="version",
    expires=True,
    retention="two days",
)
SERVED = Table(
    name="served_ballots",
    row=ServedRow,
    question="Which ballots of this juror counted in this month?",
    partition=("juror_id", "month"),
    clustering=("case_id", "round"),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    retention="ten years, as books are kept",
)
SERVED_YEARS = Table(
    name="served_years",
    row=ServedYearRow,
    question="How many ballots did this juror cast, year by year?",
    partition=("juror_id",),
    clustering=("year",),
    descending=True,
    aggregate="served:{juror_id}",
    subject=("juror_id",),
    retention="as the account; never in an account export",
)
JUDGED_OBJECTS = Table(
    name="judged_objects",
    row=JudgedObjectRow,
    question="Was this picture or film judged before?",
    partition=("key",),
    aggregate="judged_object:{key}",
    retention="as the verdict",
)

TABLES = (CONSENTS, CHOICES, PROMISES, OPEN_PROMISES, DOSES, SERVED, SERVED_YEARS, JUDGED_OBJECTS)
