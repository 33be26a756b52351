"""Nouns of the jury: juror, pool, panel rule, ballot, tally, decision."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from venire.kernel.errors import Invalid

Vote = Literal["violates", "keeps"]
Verdict = Literal["violates", "keeps", "hung"]
RoundState = Literal["drawing", "voting", "verdict", "hung", "expired"]
SummonsState = Literal["offered", "seated", "voted", "declined", "timed_out", "dismissed", "struck"]
JurorState = Literal["active", "retraining", "left"]
RuleName = Literal["sequential", "three_of_five", "four_of_five", "one_of_bench"]
ExclusionReason = Literal[
    "author",
    "reporter",
    "target",
    "follow",
    "block",
    "mute",
    "device",
    "invite",
    "address",
    "earlier_panel",
    "dose",
    "opt_out",
]

RATE_FLOOR: Final = 0.02
RATE_CEILING: Final = 0.98
_EVEN: Final = 0.5


class Rates(msgspec.Struct, frozen=True):
    """How a juror votes: `h` = P(violates | violates), `f` = P(violates | keeps), each 0..1.

    `n_violating` and `n_clean` count the answers that they rest on. Both rates are kept within
    0.02 and 0.98: without that a single ballot of a juror without a known mistake would decide.
    """

    h: float
    f: float
    n_violating: int = 0
    n_clean: int = 0

    def __post_init__(self) -> None:
        if not (RATE_FLOOR <= self.h <= RATE_CEILING and RATE_FLOOR <= self.f <= RATE_CEILING):
            raise Invalid("rate_out_of_range", "rates lie within 0.02 and 0.98", h=self.h, f=self.f)


UNCALIBRATED: Final = Rates(h=0.8, f=0.2)
"""What every juror counts for before the first answer to a gold question."""


def clip(rate: float) -> float:
    """The rate within 0.02 and 0.98."""
    return min(max(rate, RATE_FLOOR), RATE_CEILING)


class Juror(msgspec.Struct, frozen=True):
    """A member who consented to serve. `nonce` is the member's own share in the draw's chance."""

    account_id: int
    state: JurorState
    consented_at_ms: int
    nonce: bytes
    trained: bool = False
    paid: bool = False
    bench: bool = False
    hold_key: bool = False
    opt_outs: frozenset[str] = frozenset()
    rates: Rates = UNCALIBRATED


class PoolEntry(msgspec.Struct, frozen=True):
    """A place in a frozen pool: the salted pseudonym (64 hex digits) and its index."""

    pseudonym: str
    index: int


class FrozenPool(msgspec.Struct, frozen=True):
    """A pool as it was frozen, by ascending pseudonym.

    `accounts[i]` stands behind `entries[i]` and never leaves the house. `nonce_root` is the Merkle
    root over pseudonym || nonce: each member can be shown that the nonce counted.
    """

    epoch: int
    root: bytes
    nonce_root: bytes
    entries: tuple[PoolEntry, ...]
    accounts: tuple[int, ...]

    @property
    def pseudonyms(self) -> tuple[bytes, ...]:
        """The pseudonyms as 32 bytes each, by index: what the draw orders."""
        return tuple(bytes.fromhex(entry.pseudonym) for entry in self.entries)


class PanelRule(msgspec.Struct, frozen=True):
    """The numbers of a panel rule. Raises Invalid `panel_rule_invalid`.

    `sequential` weighs ballots and may stop between `min_ballots` and `max_ballots`; `weight_cap`
    bounds what one ballot moves, in log-odds. The others count: `needed` votes for `violates` out
    of exactly `max_ballots`.
    """

    name: RuleName = "sequential"
    prior: float = 0.3
    violates_at: float = 0.99
    keeps_at: float = 0.05
    min_ballots: int = 3
    max_ballots: int = 15
    weight_cap: float | None = None
    needed: int = 0

    def __post_init__(self) -> None:
        sound = (
            0 < self.prior < 1
            and 0 < self.keeps_at < _EVEN < self.violates_at < 1
            and 1 <= self.min_ballots <= self.max_ballots
            and (self.weight_cap is None or self.weight_cap > 0)
        )
        if self.name == "sequential":
            sound = sound and self.needed == 0
        else:
            sound = sound and 1 <= self.needed <= self.max_ballots == self.min_ballots
        if not sound:
            raise Invalid("panel_rule_invalid", "these numbers cannot decide a case")


class Ballot(msgspec.Struct, frozen=True):
    """One juror's vote, with the rates that were the juror's when it was cast."""

    juror_id: int
    vote: Vote
    rates: Rates = UNCALIBRATED


class Tally(msgspec.Struct, frozen=True):
    """Ballots that counted: those up to the stop, one a juror. Shown to nobody before it."""

    violates: int = 0
    keeps: int = 0

    @property
    def ballots(self) -> int:
        """How many counted."""
        return self.violates + self.keeps


class Decision(msgspec.Struct, frozen=True):
    """Where a panel stands after its ballots so far.

    `posterior` is P(violates) given the ballots counted. `seats_wanted` is how many ballots
    should be on their way at once: seats already offered or taken count towards it. It follows
    from the tally, so jurors are shown `ballots_left` instead, which does not.
    """

    state: Literal["continue", "verdict", "hung"]
    posterior: float
    tally: Tally
    seats_wanted: int
    ballots_left: int
    verdict: Verdict | None = None
