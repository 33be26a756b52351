"""What somebody probably meant by a name that nobody knows: said beside the refusal. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)`(?: - at `\$\.?([a-z_]*))?")
_LIKE: Final = 0.6
_MOST: Final = 40
"""Signs of a wrong name that are shown: it may be a whole file."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; empty where none is."""
    there = sorted(known)
    found = difflib.get_close_matches(name[:_MOST].lower(), there, n=1, cutoff=_LIKE)
    return found[0] if found else ""


def meant(name: str, known: Iterable[str]) -> str:
    """A hint for a name that nobody knows: the nearest one, or all there are."""
    there = sorted(known)
    near = nearest(name, there)
    if near:
        return f"did you mean {near!r}?"
    return f"there are {', '.join(there)}" if there else "it takes none"


def of_unknown_field(said: str, places: Mapping[str, Iterable[str]]) -> str:
    """What msgspec says of a field that it does not know, with the one that was meant.

    `places`: the fields of each list of blocks by its name in the file; of the file itself by "".
    """
    found = _UNKNOWN.search(said)
    if found is None:
        return said
    near = nearest(found[1], places.get(found[2] or "", ()))
    return f"{said}; did you mean {near!r}?" if near else said
