"""How far an authority's order reaches, and by when it is carried out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from venire.cases.policy import OrderPolicy
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Invalid
from venire.people.countries import country_code

UNION: Final = "EU"
_MEMBERS: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
MEMBERS: Final = frozenset(_MEMBERS.split())
"""Of the European Union, ISO 3166-1: an order of one of them may reach all of them."""
_MOST = 30


def authority_country(text: str) -> str:
    """The country of an authority, or the Union. Invalid `country_unknown`."""
    code = country_code(text)
    if not code:
        raise Invalid("country_unknown", "a country has two letters, as ISO 3166 has them")
    return code


def territory_of(country: str, asked: Sequence[str]) -> tuple[str, ...]:
    """Where an order reaches: what it asks for, and never beyond where its authority rules.

    Invalid `country_unknown`, `territory_too_wide`.
    """
    ruled = {country, UNION, *MEMBERS} if country in {UNION, *MEMBERS} else {country}
    wanted = {authority_country(one) for one in asked[:_MOST]} or {country}
    beyond = wanted - ruled
    if beyond or len(asked) > _MOST:
        raise Invalid(
            "territory_too_wide",
            "an order reaches as far as its authority rules, and no further",
            beyond=sorted(beyond),
        )
    return (UNION,) if UNION in wanted else tuple(sorted(wanted))


def expanded(territory: Iterable[str]) -> frozenset[str]:
    """The countries of a territory, one by one."""
    return frozenset(
        country for one in territory for country in (MEMBERS if one == UNION else frozenset({one}))
    )


def due_ms(policy: OrderPolicy, country: str, received_at_ms: int, *, urgent: bool) -> int:
    """By when an order of a country has to be carried out."""
    clocks = {clock.country: clock for clock in policy.clocks}
    clock = clocks.get(country) or (clocks.get(UNION) if country in MEMBERS else None)
    if clock is None:
        return received_at_ms + policy.hours * HOUR_MS
    return received_at_ms + (clock.urgent_hours if urgent else clock.hours) * HOUR_MS
