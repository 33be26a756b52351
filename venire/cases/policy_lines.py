"""Where in the policy file a place is: `panel.contested.violates_at`, `categories[2].points`. Pure.

A refusal without a line would be looked for through three hundred of them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, Final

_TABLE: Final = re.compile(r"\s*\[(\[)?\s*([A-Za-z0-9_.\-]+)\s*\]?\]")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_\-]+)\s*=")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
_SOME: Final = "[...]"
_SAID: Final = re.compile(r"- at `\$\.?([^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)`")
_IN_FILE: Final = re.compile(r"line ([0-9]+)")


def line_of(text: str, place: str) -> int:
    """The line that sets a place, else that of the table it would stand in; 1 where there is none.

    `categories.hate` is the category of that name, wherever it stands.
    """
    names = _names(place)
    lines = text.splitlines()
    places = _places(lines)
    named = re.compile(rf'\s*name\s*=\s*"{re.escape(names[-1])}"') if names else None
    for end in range(len(names), 0, -1):
        if names[:end] in places:
            return places[names[:end]]
        for number, line in enumerate(lines, 1):
            if end == len(names) and named is not None and named.match(line):
                return number
    return 1


def line_of_refusal(
    text: str, message: str, tree: dict[str, Any], refuses: Callable[[dict[str, Any]], bool]
) -> int:
    """The line that a decoder's refusal is about, from its own words; 1 where they name none.

    `tree`: the file as plain values; `refuses`: whether the decoder would not take such a tree.
    """
    there = _IN_FILE.search(message)
    if there is not None:
        return int(there[1])
    said = _SAID.search(message)
    place = said[1] if said is not None else ""
    unknown = _UNKNOWN.search(message)
    if unknown is not None:
        place = f"{place}.{unknown[1]}" if place else unknown[1]
    return line_of(text, _numbered(place, tree, refuses))


def _numbered(place: str, tree: dict[str, Any], refuses: Callable[[dict[str, Any]], bool]) -> str:
    """The place with the number of the table that is at fault: the decoder does not say which."""
    before, some, _ = place.partition(_SOME)
    if not some:
        return place
    *above, name = _names(before)
    for number in range(len(_within(tree, above).get(name, ()))):
        alone = copy.deepcopy(tree)
        holder = _within(alone, above)
        holder[name] = [holder[name][number]]
        if refuses(alone):
            return place.replace(_SOME, f"[{number}]", 1)
    return place


def _within(tree: dict[str, Any], names: list[str]) -> dict[str, Any]:
    for name in names:
        tree = tree.get(name, {})
    return tree


def _names(place: str) -> tuple[str, ...]:
    return tuple(name or number for name, number in _STEP.findall(place))


def _places(lines: list[str]) -> dict[tuple[str, ...], int]:
    """Each table and each key of the file by its names, an array's tables by their number."""
    found: dict[tuple[str, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(lines, 1):
        head = _TABLE.match(line)
        if head is not None:
            names = tuple(head[2].split("."))
            if head[1]:
                counts[head[2]] = counts.get(head[2], -1) + 1
                found.setdefault(names, number)
                names = (*names, str(counts[head[2]]))
            table = names
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            found.setdefault((*table, key[1]), number)
    return found
