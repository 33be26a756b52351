"""What an operator gets who does not choose each setting: a village, or a town."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from venire.cases import policy
from venire.cases.policy_lines import line_of
from venire.kernel.errors import Refused

SMALL: Final = "small"
LARGE: Final = "large"
PRESETS: Final[dict[str, dict[str, Any]]] = {
    SMALL: {
        "registrations": "approval",
        "workers": 1,
        "ocr_workers": 1,
        "media_workers": 1,
        "mail_per_hour": 100,
        "auto_upgrade": True,
    },
    LARGE: {
        "registrations": "open",
        "sign_up_challenge": True,
        "workers": 0,
        "ocr_workers": 2,
        "media_workers": 2,
        "mail_per_hour": 2_000,
        "auto_upgrade": False,
    },
}
"""Small: up to 1,000 people on one core and 1 GB. Large: what one machine has."""


def small_policy() -> str:
    """The policy that ships with what a small site does otherwise, and a version of its own.

    Every other line stays as it is, with what is said beside it.
    """
    folder = Path(policy.__file__).parent
    text = (folder / "policy.toml").read_text(encoding="utf-8")
    names = [one["name"] for one in tomllib.loads(text)["categories"]]
    changes = tomllib.loads((folder / "policy-small.toml").read_text(encoding="utf-8"))
    for place, value in _places(changes):
        table, *rest = place.split(".")
        if table == "categories":
            text = _set(text, f"categories[{names.index(rest[0])}].{rest[1]}", value)
        else:
            text = _set(text, place, value)
    text, versions = re.subn(
        r'^version = "([^"]+)"$', r'version = "\1-small"', text, flags=re.MULTILINE
    )
    if versions != 1:
        raise Refused("policy_not_as_expected")
    return text


def _places(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a tree with its place."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _places(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _set(text: str, place: str, value: Any) -> str:
    """The text with another value at a place that it sets."""
    lines = text.splitlines(keepends=True)
    at = line_of(text, place) - 1
    key = re.escape(place.rsplit(".", 1)[-1])
    written = msgspec.json.encode(value).decode()
    said = re.fullmatch(rf"({key} = [^#\n]*)(#.*)?\n", lines[at])
    if said is None:
        raise Refused("policy_not_as_expected", place)
    line = f"{key} = {written}"
    if said[2]:
        line = f"{line.ljust(len(said[1]) - 1)} {said[2]}"
    return "".join([*lines[:at], line, "\n", *lines[at + 1 :]])
