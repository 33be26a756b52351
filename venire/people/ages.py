"""How old one must be, when a guardian has to agree, and who counts as a minor. Pure.

Ages are taken from a whole date of birth at sign-up; afterwards only the year is known, and a
person counts as a minor until the end of the year in which they turn 18.
"""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid

ADULT = 18
TABLE = Path(__file__).with_name("ages.toml")
_HIGHEST = 21


class Ages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one country: nobody under `minimum`; under `consent` a guardian agrees."""

    minimum: int
    consent: int


class AgePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table: countries by ISO 3166-1 alpha-2, and what holds for every other."""

    default: Ages
    countries: dict[str, Ages]

    def of(self, country: str) -> Ages:
        """The ages of a country; an unknown one has the default."""
        return self.countries.get(country.strip().upper(), self.default)


@functools.cache
def load_ages(path: Path = TABLE) -> AgePolicy:
    """Read a table of ages. Raises Invalid `ages_invalid` with the place."""
    try:
        policy = msgspec.toml.decode(path.read_bytes(), type=AgePolicy)
    except OSError as error:
        raise Invalid("ages_invalid", f"{path.name}: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid("ages_invalid", f"{path.name}: {error}") from error
    for country, ages in {"default": policy.default, **policy.countries}.items():
        if not 0 <= ages.minimum <= ages.consent <= _HIGHEST:
            raise Invalid("ages_invalid", f"{path.name}: {country}: 0 <= minimum <= consent <= 21")
        if country != "default" and not (len(country) == 2 and country.isupper()):  # noqa: PLR2004
            raise Invalid("ages_invalid", f"{path.name}: {country} is no country code")
    return policy


def turned(born: str, age: int, today: str) -> bool:
    """Whether someone born on a day (`YYYY-MM-DD`) has this age. Born on 29 February: 1 March."""
    # Comparing texts of one form compares the dates.
    return f"{int(born[:4]) + age:04d}{born[4:]}" <= today


def needs_consent(born: str, ages: Ages, today: str) -> bool:
    """Whether a guardian has to agree."""
    return not turned(born, ages.consent, today)


def is_minor(birth_year: int | None, today: str) -> bool:
    """Whether a year of birth leaves it open that someone is under 18."""
    return birth_year is not None and int(today[:4]) <= birth_year + ADULT


def adult_from_ms(birth_year: int) -> int:
    """The moment from which a year of birth leaves nothing open."""
    return parse_iso_ms(f"{birth_year + ADULT + 1:04d}-01-01T00:00:00Z")
