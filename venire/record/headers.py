"""What the clear header of an entry may say, by type: a closed list of keys and of values.

Nothing here can name an account, a post or a text: strings come from closed lists or have a fixed
shape (`rules` alone is free, the version in `policy.toml`), and a number stays below 2**32, where
no id of this site lies.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from venire.kernel.errors import Invalid


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


MAX_NUMBER: Final = (1 << 32) - 1
CATEGORIES: Final = _words(
    "incitement hate harassment privacy self_harm child_safety spam scam impersonation copyright"
    " order other"
)
SOURCES: Final = _words("report detector bank notice moderator juror target audit order search")
VERDICTS: Final = frozenset({"violates", "keeps", "hung"})
MEASURES: Final = _words("none label age_restrict demote remove suspend terminate")
NOTICE_KINDS: Final = _words("items warning plan_demand termination")
ITEM_STATES: Final = _words(
    "awaiting_confirmation unreadable located held removed kept disputed removed_before_notice"
    " edited_since deleted_by_author duplicate foreign ambiguous not_found"
)

_HOUR: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])Z", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PUBLIC_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_COUNTRIES_MOST: Final = 30
_SIGNATURE: Final = re.compile(r"[0-9a-f]{96}", re.ASCII)
_RULES: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
_HOUR_MS: Final = 3_600_000

Check = Callable[[Any], bool]


class Keys(msgspec.Struct, frozen=True):
    """The keys that a type of entry must have, and those that it may have."""

    required: frozenset[str]
    optional: frozenset[str]


def hour_of(at_ms: int) -> str:
    """The hour of a moment, `2021-01-09T14Z`: all that the log says of when."""
    moment = dt.datetime.fromtimestamp(at_ms // _HOUR_MS * (_HOUR_MS // 1000), tz=dt.UTC)
    return f"{moment:%Y-%m-%dT%HZ}"


def check_header(header: Mapping[str, Any]) -> None:
    """Refuse a header of an unknown type, with a missing or unknown key, or a wrong value."""
    kind = header.get("type")
    keys = TYPES.get(kind) if isinstance(kind, str) else None
    if keys is None:
        raise Invalid("entry_malformed", "no such type of entry", key="type")
    for key in keys.required:
        if key not in header:
            raise Invalid("entry_malformed", "a key is missing", type=kind, key=key)
    for key, value in header.items():
        if key not in keys.required and key not in keys.optional:
            raise Invalid("entry_malformed", "this type has no such key", type=kind, key=key)
        if not CHECKS[key](value):
            raise Invalid("entry_malformed", "not a value of this key", type=kind, key=key)
    if ("part" in header) != ("parts" in header) or header.get("part", 0) > header.get("parts", 0):
        raise Invalid("entry_malformed", "a part has a number and a total", type=kind, key="part")


def _one_of(allowed: frozenset[str]) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def _shaped(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    # True is an int in Python and `true` in JSON: it must not pass for 1.
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _is_count(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_number, value))


def _are_rising(value: Any) -> bool:
    return _are_numbers(value) and all(low < high for low, high in itertools.pairwise(value))


def _are_distinct(value: Any) -> bool:
    return _are_numbers(value) and 0 < len(value) == len(set(value))


def _is_hour(value: Any) -> bool:
    if not isinstance(value, str) or not _HOUR.fullmatch(value):
        return False
    try:
        dt.date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


def _are_countries(value: Any) -> bool:
    """Where an order reaches: ISO 3166-1 in capitals, or EU, rising and each once."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _COUNTRIES_MOST:
        return False
    codes = all(isinstance(one, str) and _COUNTRY.fullmatch(one) for one in value)
    return codes and list(value) == sorted(set(value))


_HASH: Final = _shaped(_HEX)

CHECKS: Final[dict[str, Check]] = {
    "action": _one_of((MEASURES - {"none"}) | {"hold", "lift", "keep", "withhold"}),
    "again_share": _is_number,
    "agrees": _is_flag,
    "appellant": _one_of(frozenset({"author", "reporter"})),
    "authenticated": _is_flag,
    "automated": _is_flag,
    "automated_detection": _is_flag,
    "ballots": _is_number,
    "batch": _is_number,
    "before": _HASH,
    "beacon_round": _is_count,
    "case": _shaped(_PUBLIC_ID),
    "category": _one_of(CATEGORIES),
    "cause": _one_of(_words("verdict clock appeal moderator withdrawn deleted")),
    "clause": _is_count,
    "contested": _is_flag,
    "contested_keeps_at": _is_number,
    "contested_max_ballots": _is_count,
    "contested_min_ballots": _is_count,
    "contested_violates_at": _is_number,
    "corrects": _is_number,
    "days": _is_count,
    "due_hours": _is_count,
    "epoch": _is_number,
    "excluded": _are_rising,
    "exclusion_rule": _HASH,
    "fallback": _one_of(_words("silent invalid clock late")),
    "frozen_by": _one_of(_words("clock admin draw")),
    "gold_share": _is_number,
    "hour": _is_hour,
    "indices": _are_distinct,
    "items": _is_number,
    "kept": _is_number,
    "judged_by": _one_of(_words("panel bench admin appeal moderator named_person bank")),
    "keeps_at": _is_number,
    "max_ballots": _is_count,
    "measure": _one_of(MEASURES),
    "min_ballots": _is_count,
    "nonces_root": _HASH,
    "notice_kind": _one_of(NOTICE_KINDS),
    "of": _is_number,
    "outcome": _one_of(_words("filed upheld overturned withdrawn refused moot disputed")),
    "panel_rule": _one_of(_words("sequential three_of_five four_of_five one_of_bench")),
    "part": _is_count,
    "parts": _is_count,
    "policy": _HASH,
    "prior": _is_number,
    "randomness": _HASH,
    "reason": _one_of(_words("appeal_won error duplicate points_returned withdrawn")),
    "root": _HASH,
    "round": _is_count,
    "rules": _shaped(_RULES),
    "seats": _is_count,
    "seed": _HASH,
    "seed_commitment": _HASH,
    "sheets": _is_count,
    "sheets_root": _HASH,
    "signature": _shaped(_SIGNATURE),
    "size": _is_number,
    "small_pool": _is_flag,
    "source": _one_of(SOURCES),
    "stage": _one_of(frozenset({"hold", "measure", "lift"})),
    "state": _one_of(ITEM_STATES),
    "strength": _one_of(frozenset({"weaker", "beacon"})),
    "territory": _are_countries,
    "type": lambda value: isinstance(value, str) and value in TYPES,
    "undo": _is_flag,
    "verdict": _one_of(VERDICTS),
    "violates_at": _is_number,
    "weight_cap": _is_number,
}
"""What a key means is the same in every type."""


def _keys(required: str, optional: str = "") -> Keys:
    return Keys(
        required=frozenset(("type", "hour", "rules", *required.split())),
        optional=frozenset(optional.split()),
    )


TYPES: Final[dict[str, Keys]] = {
    "epoch": _keys(
        "epoch root size",
        "frozen_by nonces_root seed seed_commitment sheets sheets_root strength",
    ),
    "draw": _keys(
        "case round epoch root exclusion_rule excluded batch",
        "beacon_round category contested judged_by nonces_root panel_rule part parts randomness"
        " seats small_pool strength",
    ),
    "chance": _keys(
        "case round epoch batch randomness strength", "beacon_round fallback seed signature"
    ),
    "seat": _keys("case round batch indices", "epoch randomness"),
    "decline": _keys("case round batch indices", "epoch"),
    "timeout": _keys("case round batch indices", "epoch"),
    "hold": _keys("category source automated", "automated_detection clause"),
    "lift": _keys("category source automated cause", "clause measure verdict"),
    "verdict": _keys(
        "category source automated verdict",
        "ballots clause contested judged_by panel_rule round small_pool",
    ),
    "measure": _keys(
        "category source automated measure", "automated_detection clause days judged_by verdict"
    ),
    "statement": _keys(
        "category source automated stage",
        "automated_detection clause days judged_by measure verdict",
    ),
    "appeal": _keys("category appellant outcome", "judged_by round verdict"),
    "notice": _keys("notice_kind items authenticated", "category due_hours source"),
    "notice_item": _keys("category state", "automated judged_by measure source verdict"),
    "correction": _keys("corrects reason", "automated category measure source verdict"),
    "moderator_action": _keys(
        "category action automated", "clause days outcome source territory undo verdict"
    ),
    "disclosure": _keys("category automated", "clause"),
    "rejudgement": _keys("of category", "agrees verdict"),
    "succession": _keys("epoch size root before kept"),
    "policy": _keys(
        "policy",
        "again_share contested_keeps_at contested_max_ballots contested_min_ballots"
        " contested_violates_at gold_share keeps_at max_ballots min_ballots panel_rule prior"
        " violates_at weight_cap",
    ),
}
"""The closed list of entry types. A new key or type is a new version of the entry."""
