"""`policy.toml` as a typed tree, refused at start with the place when it cannot be."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from venire.cases.calibration_policy import CalibrationPolicy, calibration_faults
from venire.cases.clock_policy import HOURS_MOST, ClockPolicy, PacketPolicy, clock_faults
from venire.cases.pay_policy import PayPolicy, pay_faults
from venire.cases.policy_lines import line_of, line_of_refusal
from venire.cases.reporter_policy import ReporterPolicy, reporter_faults
from venire.kernel.errors import Invalid

CATEGORIES = (
    "incitement",
    "hate",
    "harassment",
    "privacy",
    "self_harm",
    "child_safety",
    "spam",
    "copyright",
    "other",
)
"""The closed list of `docs/words.md`; every policy states all of them."""

Judges = Literal["panel", "bench", "named_person", "moderator", "copyright_procedure"]
AtOnce = Literal["hold", "hold_when_severe", "rate_limit", "none"]


class ContestedRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds for cases that a faction may have made: slower, and no ballot moves much."""

    weight_cap: float
    violates_at: float
    keeps_at: float
    min_ballots: int
    max_ballots: int
    burst_reports: int
    together_reports: int = 4


class PanelPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The panel rule and its clocks (`docs/words.md`: panel, summons, ballot)."""

    rule: Literal["sequential", "three_of_five", "four_of_five"]
    prior: float
    violates_at: float
    keeps_at: float
    min_ballots: int
    max_ballots: int
    summons_minutes: int
    ballot_minutes: int
    dose: int
    contested: ContestedRule


class JuryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may serve, how often the pool is frozen, and how jurors are looked after."""

    minimum_age: int
    minimum_account_days: int
    epoch_minutes: int
    preset: Literal["large", "small"]
    break_after: int = 5
    break_after_minutes: int = 60
    break_minutes: int = 15
    hard_categories: tuple[str, ...] = ("incitement", "hate", "harassment", "privacy", "self_harm")
    next_channel_minutes: int = 20
    alert_hours: int = 4
    thanks_after: int = 25


class HoldPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ends a hold, and what comes with one.

    `suspend_author_at`: with a score from here on, a severe threat also stops its author's posting
    until the verdict, for `suspend_hours` at most; 0 for never.
    """

    bench_on_notice_keeps: bool
    hold_key_lost_above: float
    suspend_author_at: float = 0.98
    suspend_hours: int = 72


class NoticePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an outside body's notice acts by itself."""

    confirm_over_items: int
    confirm_over_items_and_share: int
    confirm_over_share: float
    hold_budget_per_day: int
    due_hours: int


class AppealPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and before how many."""

    months: int
    seats: int


class PointsPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ladder of strikes."""

    suspend_at: int
    expire_days: int
    suspend_days: int


class CategoryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One category: who judges it, what happens at once, what a violation costs."""

    name: str
    rule: int
    judges: Judges
    at_once: AtOnce
    severe: bool
    points: int
    measure: Literal["remove", "label", "age_restrict", "demote"]
    clock_hours: int
    dsa_category: str
    title: dict[str, str]
    text: dict[str, str]
    hold_lifts_after_hours: int = 0
    """When a hold ends that nobody has judged; 0: never, as with notice items."""


class ChildSafetyPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who alone opens what may harm a child, by username; nobody named: the admins.

    `keep_days`: how long what was reported to the authority is kept, as its law requires.
    """

    person: str = ""
    deputy: str = ""
    authority: str = ""
    keep_days: int = 365


class BulkPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a moderator does at once: over `confirm_over` the count is confirmed first."""

    confirm_over: int = 50
    most: int = 5000


class CopyrightPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clocks of notice and counter-notice (17 U.S.C. 512), in business days."""

    restore_after_business_days: int = 10
    restore_by_business_days: int = 14
    repeat_infringer_at: int = 3


class OrderClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How soon an order of a country's authority is carried out. `EU`: of any member state."""

    country: str
    hours: int
    urgent_hours: int


class OrderPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who approves an authority's order, by username, and by when; nobody named: the admins."""

    approvers: tuple[str, ...] = ()
    hours: int = 72
    clocks: tuple[OrderClock, ...] = ()


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole policy, checked."""

    version: str
    panel: PanelPolicy
    jury: JuryPolicy
    holds: HoldPolicy
    notices: NoticePolicy
    appeals: AppealPolicy
    points: PointsPolicy
    categories: tuple[CategoryPolicy, ...]
    child_safety: ChildSafetyPolicy = ChildSafetyPolicy()
    bulk: BulkPolicy = BulkPolicy()
    copyright: CopyrightPolicy = CopyrightPolicy()
    orders: OrderPolicy = OrderPolicy()
    pay: PayPolicy = PayPolicy()
    calibration: CalibrationPolicy = CalibrationPolicy()
    clocks: ClockPolicy = ClockPolicy()
    packets: PacketPolicy = PacketPolicy()
    reporters: ReporterPolicy = ReporterPolicy()
    digest: str = ""

    def category(self, name: str) -> CategoryPolicy:
        """The policy of a category; an unknown one is a bug, the list is closed."""
        return next(category for category in self.categories if category.name == name)


_BULK_MOST = 20_000
_MOST = 10_000
"""Of minutes, days or months: a moment further ahead could not be written down as a date."""
SEATS_AT_ONCE = 23
"""A seating is one commit of four rows a seat and two more."""
DEFAULT = Path(__file__).with_name("policy.toml")


def load_policy(path: Path = DEFAULT) -> Policy:
    """Read and check a policy file. Raises Invalid `policy_invalid` with the place and its line."""
    raw = path.read_bytes()
    try:
        policy = msgspec.toml.decode(raw, type=Policy)
    except (msgspec.DecodeError, ValueError) as error:
        line = _refused_line(raw, str(error))
        raise Invalid("policy_invalid", f"{path.name}, line {line}: {error}") from error
    for place, problem in _faults(policy):
        line = line_of(raw.decode(), place)
        raise Invalid("policy_invalid", f"{path.name}, line {line}: {place}: {problem}")
    return msgspec.structs.replace(policy, digest=hashlib.sha256(raw).hexdigest())


def _refused_line(raw: bytes, message: str) -> int:
    """The line at fault, as far as the decoder's words tell."""

    def refuses(tree: object) -> bool:
        try:
            msgspec.convert(tree, Policy)
        except msgspec.ValidationError:
            return True
        return False

    try:
        tree = msgspec.toml.decode(raw)
    except (msgspec.DecodeError, ValueError):
        tree = {}
    return line_of_refusal(raw.decode(errors="replace"), message, tree, refuses)


def _faults(policy: Policy) -> list[tuple[str, str]]:
    """What no arithmetic could make work, as (place, problem)."""
    return [
        *_panel_faults(policy.panel),
        *_number_faults(policy),
        *_category_faults(policy),
        *reporter_faults(policy.reporters),
        *_desk_faults(policy),
        *pay_faults(policy.pay),
        *calibration_faults(policy.calibration),
        *clock_faults(policy.clocks, policy.packets, CATEGORIES),
        *_hold_faults(policy),
    ]


def _panel_faults(panel: PanelPolicy) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    if not 0 < panel.prior < 1:
        faults.append(("panel.prior", "must lie between 0 and 1"))
    for place, rule in (("panel", panel), ("panel.contested", panel.contested)):
        low, high = rule.keeps_at, rule.violates_at
        if not 0 < low < 0.5 < high < 1:  # noqa: PLR2004 - either side of even odds
            faults.append((f"{place}.violates_at", "0 < keeps_at < 0.5 < violates_at < 1"))
        if not 1 <= rule.min_ballots <= rule.max_ballots:
            faults.append((f"{place}.min_ballots", "1 <= min_ballots <= max_ballots"))
        if rule.max_ballots > SEATS_AT_ONCE:
            faults.append((f"{place}.max_ballots", f"must be at most {SEATS_AT_ONCE}"))
    if not 0 < panel.contested.weight_cap <= _MOST:
        faults.append(("panel.contested.weight_cap", f"must be over 0, and {_MOST} at most"))
    return faults


def _number_faults(policy: Policy) -> list[tuple[str, str]]:
    whole = (
        ("panel.summons_minutes", policy.panel.summons_minutes),
        ("panel.ballot_minutes", policy.panel.ballot_minutes),
        ("panel.dose", policy.panel.dose),
        ("panel.contested.burst_reports", policy.panel.contested.burst_reports),
        ("panel.contested.together_reports", policy.panel.contested.together_reports),
        ("jury.epoch_minutes", policy.jury.epoch_minutes),
        ("jury.break_after", policy.jury.break_after),
        ("jury.break_after_minutes", policy.jury.break_after_minutes),
        ("jury.break_minutes", policy.jury.break_minutes),
        ("jury.next_channel_minutes", policy.jury.next_channel_minutes),
        ("jury.alert_hours", policy.jury.alert_hours),
        ("jury.thanks_after", policy.jury.thanks_after),
        ("appeals.seats", policy.appeals.seats),
        ("points.suspend_at", policy.points.suspend_at),
        ("points.expire_days", policy.points.expire_days),
        ("points.suspend_days", policy.points.suspend_days),
        ("appeals.months", policy.appeals.months),
    )
    faults = [(place, "must be at least 1") for place, number in whole if number < 1]
    faults += [(place, f"must be at most {_MOST}") for place, number in whole if number > _MOST]
    if not 0 < policy.holds.hold_key_lost_above <= 1:
        faults.append(("holds.hold_key_lost_above", "must lie between 0 and 1"))
    if not set(policy.jury.hard_categories) <= set(CATEGORIES):
        faults.append(("jury.hard_categories", "names an unknown category"))
    return faults


def _category_faults(policy: Policy) -> list[tuple[str, str]]:
    names = [category.name for category in policy.categories]
    faults = [(f"categories.{name}", "unknown") for name in names if name not in CATEGORIES]
    faults += [(f"categories.{name}", "missing") for name in CATEGORIES if name not in names]
    faults += [(f"categories.{name}", "twice") for name in set(names) if names.count(name) > 1]
    rules = [category.rule for category in policy.categories]
    if len(set(rules)) != len(rules):
        faults.append(("categories.rule", "two categories share a rule number"))
    for category in policy.categories:
        if not {"en", "id"} <= category.title.keys() & category.text.keys():
            faults.append((f"categories.{category.name}", "title and text need en and id"))
        if category.measure == "age_restrict":
            # Announced in the record as one thing and carried out as another would be worse.
            faults.append((f"categories.{category.name}", "no post is for adults only here"))
        if category.measure != "remove" and category.judges not in {"panel", "bench"}:
            faults.append((f"categories.{category.name}", "only 'remove' is carried out here"))
        if category.name == "child_safety" and category.judges != "named_person":
            # Nothing of this kind may reach a juror's screen, whatever an operator would prefer.
            faults.append((f"categories.{category.name}", "only a named person may judge this"))
    return faults


def _hold_faults(policy: Policy) -> list[tuple[str, str]]:
    holds = policy.holds
    faults: list[tuple[str, str]] = []
    if not 0 <= holds.suspend_author_at <= 1:
        faults.append(("holds.suspend_author_at", "must lie between 0 and 1"))
    if not 1 <= holds.suspend_hours <= HOURS_MOST:
        faults.append(("holds.suspend_hours", f"must lie within 1 and {HOURS_MOST}"))
    for number, category in enumerate(policy.categories):
        place = f"categories[{number}]"
        if not 1 <= category.clock_hours <= HOURS_MOST:
            faults.append((f"{place}.clock_hours", f"must lie within 1 and {HOURS_MOST}"))
        if not 0 <= category.hold_lifts_after_hours <= HOURS_MOST:
            faults.append(
                (f"{place}.hold_lifts_after_hours", f"0 (never), or {HOURS_MOST} at most")
            )
        elif category.hold_lifts_after_hours and category.name == "child_safety":
            # What may harm a child is shown again by the named person alone.
            faults.append((f"{place}.hold_lifts_after_hours", "such a hold never lifts itself"))
    return faults


def _desk_faults(policy: Policy) -> list[tuple[str, str]]:
    """Of what persons decide: children's safety, bulk actions, copyright, authorities' orders."""
    safety, bulk, works, orders = (
        policy.child_safety,
        policy.bulk,
        policy.copyright,
        policy.orders,
    )
    after, by = works.restore_after_business_days, works.restore_by_business_days
    clocks = [hours for clock in orders.clocks for hours in (clock.hours, clock.urgent_hours)]
    wrong = (
        (safety.keep_days < 1, "child_safety.keep_days", "must be at least 1"),
        (
            bool(safety.deputy) and safety.deputy == safety.person,
            "child_safety.deputy",
            "an appeal needs a second person",
        ),
        (not 1 <= bulk.confirm_over <= bulk.most, "bulk.confirm_over", "1 <= confirm_over <= most"),
        (bulk.most > _BULK_MOST, "bulk.most", f"must be at most {_BULK_MOST}"),
        (
            not 1 <= after <= by,
            "copyright.restore_after_business_days",
            "1 <= restore_after_business_days <= restore_by_business_days",
        ),
        (works.repeat_infringer_at < 1, "copyright.repeat_infringer_at", "must be at least 1"),
        (min([orders.hours, *clocks]) < 1, "orders.hours", "must be at least 1"),
    )
    return [(place, problem) for so, place, problem in wrong if so]
