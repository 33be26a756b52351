"""`policy.toml` as a typed tree, refused at start with the place when it cannot be."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

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
    """Who may serve, and how often the pool is frozen."""

    minimum_age: int
    minimum_account_days: int
    epoch_minutes: int
    preset: Literal["large", "small"]


class HoldPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ends a hold."""

    bench_on_notice_keeps: bool
    hold_key_lost_above: float


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
    digest: str = ""

    def category(self, name: str) -> CategoryPolicy:
        """The policy of a category; an unknown one is a bug, the list is closed."""
        return next(category for category in self.categories if category.name == name)


_SEATS_AT_ONCE = 23
"""A seating is one commit of four rows a seat and two more."""
DEFAULT = Path(__file__).with_name("policy.toml")


def load_policy(path: Path = DEFAULT) -> Policy:
    """Read and check a policy file. Raises Invalid `policy_invalid` with the place."""
    raw = path.read_bytes()
    try:
        policy = msgspec.toml.decode(raw, type=Policy)
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid("policy_invalid", f"{path.name}: {error}") from error
    for place, problem in _faults(policy):
        line = _line_of(raw.decode(), place)
        raise Invalid("policy_invalid", f"{path.name}, line {line}: {place}: {problem}")
    return msgspec.structs.replace(policy, digest=hashlib.sha256(raw).hexdigest())


def _line_of(text: str, place: str) -> int:
    """The first line that sets the last name of a place; 1 when it is missing altogether."""
    name = place.rsplit(".", 1)[-1]
    for number, line in enumerate(text.splitlines(), 1):
        if line.split("=")[0].strip() == name or f'"{name}"' in line:
            return number
    return 1


def _faults(policy: Policy) -> list[tuple[str, str]]:
    """What no arithmetic could make work, as (place, problem)."""
    return [*_panel_faults(policy.panel), *_number_faults(policy), *_category_faults(policy)]


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
        if rule.max_ballots > _SEATS_AT_ONCE:
            faults.append((f"{place}.max_ballots", f"must be at most {_SEATS_AT_ONCE}"))
    if panel.contested.weight_cap <= 0:
        faults.append(("panel.contested.weight_cap", "must be over 0"))
    return faults


def _number_faults(policy: Policy) -> list[tuple[str, str]]:
    at_least_one = (
        ("panel.summons_minutes", policy.panel.summons_minutes),
        ("panel.ballot_minutes", policy.panel.ballot_minutes),
        ("panel.dose", policy.panel.dose),
        ("panel.contested.burst_reports", policy.panel.contested.burst_reports),
        ("jury.epoch_minutes", policy.jury.epoch_minutes),
        ("appeals.seats", policy.appeals.seats),
        ("points.suspend_at", policy.points.suspend_at),
        ("points.expire_days", policy.points.expire_days),
    )
    faults = [(place, "must be at least 1") for place, number in at_least_one if number < 1]
    if not 0 < policy.holds.hold_key_lost_above <= 1:
        faults.append(("holds.hold_key_lost_above", "must lie between 0 and 1"))
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
        if category.measure != "remove":
            # Announced in the record as one thing and carried out as another would be worse.
            faults.append((f"categories.{category.name}", "only 'remove' is carried out yet"))
        if category.name == "child_safety" and category.judges != "named_person":
            # Nothing of this kind may reach a juror's screen, whatever an operator would prefer.
            faults.append((f"categories.{category.name}", "only a named person may judge this"))
    return faults
