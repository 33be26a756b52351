"""Markdown as the pages need it, and the first sentence of a docstring."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are escaped, never wrapped."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A text that stays within its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A name as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def names(listed: Iterable[str]) -> str:
    """Several names as code, with commas."""
    return ", ".join(code(name) for name in listed)


def first_sentence(documented: object) -> str:
    """The first paragraph of a docstring, on one line; empty where there is none."""
    text = documented if isinstance(documented, str) else inspect.getdoc(documented)
    return " ".join((text or "").split("\n\n")[0].split())
