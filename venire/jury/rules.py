"""Who may serve, who may not sit in a case, and what a violation costs. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from venire.jury.model import ExclusionReason, Juror
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.states import State, StateMachine

PANEL_ROUND: Final = StateMachine(
    name="panel round",
    start="drawing",
    states=(
        State("drawing", ("voting", "expired"), "case_clock", "the draw's entry, or no one to ask"),
        State(
            "voting",
            ("verdict", "hung", "expired"),
            "case_clock",
            "the panel rule at some ballot, or nobody left to ask",
        ),
        State("verdict", (), None, "nothing: an appeal is a round of its own"),
        State("hung", (), None, "nothing: the bench is a round of its own"),
        State("expired", (), None, "nothing: the bench is a round of its own"),
    ),
)
SUMMONS: Final = StateMachine(
    name="summons",
    start="offered",
    states=(
        State(
            "offered",
            ("seated", "declined", "timed_out", "dismissed"),
            "summons_minutes",
            "the juror's answer, or the panel's verdict",
        ),
        State(
            "seated",
            ("voted", "declined", "timed_out", "dismissed"),
            "ballot_minutes",
            "the juror's ballot or refusal, or the panel's verdict",
        ),
        State(
            "voted",
            ("struck",),
            "case_clock",
            "the verdict, after which it stays; before it, a tie to the case that is found",
        ),
        State("struck", (), None, "nothing: the panel went on without that ballot"),
        State("declined", (), None, "nothing: the next in the order is asked"),
        State("timed_out", (), None, "nothing: the next in the order is asked"),
        State("dismissed", (), None, "nothing: the panel decided without this ballot"),
    ),
)

MINIMUM_AGE: Final = 18
MINIMUM_ACCOUNT_DAYS: Final = 30
DOSE: Final = 10
SHARED_ADDRESS_ACCOUNTS: Final = 5
"""Above this many accounts an address says nothing: mobile carriers put thousands behind one."""
HOLD_KEY_LOST_ABOVE: Final = 0.2
STRIKE_DAYS: Final = 90
SUSPEND_AT: Final = 20

Unfit = Literal["not_active", "no_consent", "too_young", "no_contact", "new_account", "untrained"]
Severity = Literal["minor", "ordinary", "severe"]
Preset = Literal["large", "small"]
Panel = Literal["ordinary", "one_way_follows", "all_who_remain", "bench"]

CROWD: Final = 20
"""So many members a seat could be anyone's of, at least: with fewer it is known who sat."""
_SMALL_BELOW: Final = 40
_SMALLEST_PANEL: Final = 5
_DAY_OPENS_MS: Final = 7 * HOUR_MS
_DAY_CLOSES_MS: Final = 22 * HOUR_MS


class Waivers(msgspec.Struct, frozen=True):
    """Conditions of service that a profile sets aside. Consent is never one of them."""

    age: bool = False
    contact: bool = False
    account_age: bool = False
    training: bool = False


NO_WAIVERS: Final = Waivers()
ACCEPTANCE: Final = Waivers(age=True, contact=True, account_age=True, training=True)
"""For drills and the test suites of other projects."""


class Standing(msgspec.Struct, frozen=True):
    """What the people room knows of a member: `born` is None where no birthday was given."""

    account_created_ms: int
    contact_confirmed: bool
    born: dt.date | None = None
    minor: bool = False


def unfit_for(
    juror: Juror,
    standing: Standing,
    *,
    now_ms: int,
    waivers: Waivers = NO_WAIVERS,
    minimum_age: int = MINIMUM_AGE,
    minimum_account_days: int = MINIMUM_ACCOUNT_DAYS,
) -> tuple[Unfit, ...]:
    """Why a juror may not enter the next pool; empty when nothing stands against it."""
    account_age_ms = now_ms - standing.account_created_ms
    found: list[tuple[Unfit, bool]] = [
        ("not_active", juror.state != "active"),
        ("no_consent", not 0 < juror.consented_at_ms <= now_ms),
        # A profile may leave ages unasked; who said that they are a minor is never drawn.
        (
            "too_young",
            standing.minor or (not waivers.age and _age(standing.born, now_ms) < minimum_age),
        ),
        ("no_contact", not waivers.contact and not standing.contact_confirmed),
        ("new_account", not waivers.account_age and account_age_ms < minimum_account_days * DAY_MS),
        ("untrained", not waivers.training and not juror.trained),
    ]
    return tuple(reason for reason, stands in found if stands)


def _age(born: dt.date | None, now_ms: int) -> int:
    """Whole years; without a birthday nobody is known to be of any age."""
    if born is None:
        return 0
    today = dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class CaseFacts(msgspec.Struct, frozen=True):
    """Who stands how to a case, as account ids, loaded before its draw is committed.

    `blocks` and `mutes` hold both directions, with the author. `addresses` lists, for each IPv4
    address that the author used within 30 days, every account seen there, the author included.
    `seats_today` counts a juror's ballots of the day and seats still open.
    """

    author_id: int
    reporters: frozenset[int] = frozenset()
    targets: frozenset[int] = frozenset()
    followers: frozenset[int] = frozenset()
    followed: frozenset[int] = frozenset()
    blocks: frozenset[int] = frozenset()
    mutes: frozenset[int] = frozenset()
    same_device: frozenset[int] = frozenset()
    same_invite: frozenset[int] = frozenset()
    addresses: tuple[frozenset[int], ...] = ()
    earlier_panels: frozenset[int] = frozenset()
    opted_out: frozenset[int] = frozenset()
    seats_today: Mapping[int, int] = {}


class Exclusion(msgspec.Struct, frozen=True):
    """A pool index that may not sit. The record names the index; the reasons stay inside.

    A published reason would tell a juror who blocked, muted or reported whom.
    """

    index: int
    reasons: tuple[ExclusionReason, ...]


def exclusions(
    accounts: Sequence[int], facts: CaseFacts, *, dose: int = DOSE, one_way_follows: bool = False
) -> tuple[Exclusion, ...]:
    """Which members of a pool may not sit in a case, and why (`pool.exclusion_rule`).

    `accounts` are the pool's, by index. `one_way_follows` lets follows count only when mutual.
    """
    found = barred(facts, dose=dose, one_way_follows=one_way_follows)
    return tuple(
        Exclusion(index, found[account])
        for index, account in enumerate(accounts)
        if account in found
    )


def barred(
    facts: CaseFacts, *, dose: int = DOSE, one_way_follows: bool = False
) -> dict[int, tuple[ExclusionReason, ...]]:
    """Which accounts may not sit in a case, and why; in the pool or not."""
    if one_way_follows:
        follows = facts.followers & facts.followed
    else:
        follows = facts.followers | facts.followed
    classes: tuple[tuple[ExclusionReason, Collection[int]], ...] = (
        ("author", (facts.author_id,)),
        ("reporter", facts.reporters),
        ("target", facts.targets),
        ("follow", follows),
        ("block", facts.blocks),
        ("mute", facts.mutes),
        ("device", facts.same_device),
        ("invite", facts.same_invite),
        ("address", _address_sharers(facts.addresses)),
        ("earlier_panel", facts.earlier_panels),
        ("dose", [who for who, taken in facts.seats_today.items() if taken >= dose]),
        ("opt_out", facts.opted_out),
    )
    found: dict[int, list[ExclusionReason]] = {}
    for reason, members in classes:
        for member in members:
            found.setdefault(member, []).append(reason)
    return {account: tuple(reasons) for account, reasons in found.items()}


def _address_sharers(addresses: Iterable[frozenset[int]]) -> frozenset[int]:
    few = (seen for seen in addresses if len(seen) <= SHARED_ADDRESS_ACCOUNTS)
    return frozenset().union(*few)


def panel_for(
    preset: Preset, *, eligible: int, with_one_way_follows: int, seats: int, appeal: bool = False
) -> Panel:
    """What kind of panel a pool can give, as many as it has eligible.

    `seats` is the least that the panel needs: the rule's minimum, or an appeal's 11. Whatever is
    not `ordinary` is called `small pool` in the record; `bench` means bench or admin.
    """
    if eligible >= (_SMALL_BELOW if preset == "small" else seats):
        return "ordinary"
    if preset == "large":
        return "bench"
    if with_one_way_follows >= seats:
        return "one_way_follows"
    if appeal and with_one_way_follows >= _SMALLEST_PANEL:
        return "all_who_remain"
    return "bench"


def hides_who_sits(members: int, facts: CaseFacts, *, one_way_follows: bool = False) -> bool:
    """Whether a seat of a small site could be anyone's of `CROWD`, for who knows every tie.

    `members` are the site's: who of them serves is not known outside, nor who has reported or is
    left out for reasons of their own. A site of fewer than 40 has no crowd, whoever wrote.
    """
    known = msgspec.structs.replace(
        facts,
        reporters=frozenset(),
        earlier_panels=frozenset(),
        opted_out=frozenset(),
        seats_today={},
    )
    tied = len(barred(known, one_way_follows=one_way_follows))
    return members < _SMALL_BELOW or members - tied >= CROWD


def due_ms(
    start_ms: int,
    length_ms: int,
    *,
    preset: Preset = "large",
    threat: bool = False,
    utc_offset_ms: int = 0,
) -> int:
    """When a clock of `length_ms` ends. A small site's stands from 22 to 7, not for threats."""
    if preset == "large" or threat:
        return start_ms + length_ms
    at_ms, left_ms = start_ms + utc_offset_ms, length_ms
    while True:
        midnight_ms = at_ms - at_ms % DAY_MS
        at_ms = max(at_ms, midnight_ms + _DAY_OPENS_MS)
        open_ms = midnight_ms + _DAY_CLOSES_MS - at_ms
        if left_ms <= open_ms:
            return at_ms + left_ms - utc_offset_ms
        left_ms -= max(open_ms, 0)
        at_ms = midnight_ms + DAY_MS


def keeps_hold_key(holds: int, lifted: int, *, lost_above: float = HOLD_KEY_LOST_ABOVE) -> bool:
    """Whether a juror may still hold posts alone, after `holds` of which `lifted` did not last."""
    return lifted <= lost_above * holds


class Strike(msgspec.Struct, frozen=True):
    """Points on an account. `undone_at_ms` is when a won appeal gave them back."""

    points: int
    at_ms: int
    expires_at_ms: int
    undone_at_ms: int | None = None


def points_for(category_points: int, severity: Severity) -> int:
    """The ladder: a category's points in the policy, halved when minor, doubled when severe."""
    steps = {"minor": (category_points + 1) // 2, "severe": category_points * 2}
    return steps.get(severity, category_points)


def strike_for(
    category_points: int, severity: Severity, *, at_ms: int, days: int = STRIKE_DAYS
) -> Strike:
    """The strike that a violation costs."""
    return Strike(points_for(category_points, severity), at_ms, at_ms + days * DAY_MS)


def live_points(strikes: Iterable[Strike], now_ms: int) -> int:
    """Points that count now: not expired, not undone."""
    return sum(
        strike.points
        for strike in strikes
        if strike.at_ms <= now_ms < strike.expires_at_ms
        and (strike.undone_at_ms is None or now_ms < strike.undone_at_ms)
    )


def is_suspended_by_points(
    strikes: Iterable[Strike], now_ms: int, *, suspend_at: int = SUSPEND_AT
) -> bool:
    """Whether an account's points reach the step at which it is suspended."""
    return live_points(strikes, now_ms) >= suspend_at
