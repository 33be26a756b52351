"""The index of decision records, from their own first lines."""

from __future__ import annotations

import re

from tools.pages.markdown import table
from tools.pages.source import ROOT

_HEAD = """\
# Decisions

One page each: the question, what was decided, why, at which price, and what was left open. Written
when a choice is hard to reverse. A decision that no longer holds stays, with a status that names
what replaced it.

"""
_STATUS = re.compile(r"^\*\*Status:?\*\*:?\s*(.+)|^\*\*(Decided)\*\*\s*(.+)", re.MULTILINE)


def decisions_page() -> str:
    """docs/decisions/README.md."""
    rows = []
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        title = text.split("\n", 1)[0].lstrip("# ").strip()
        found = _STATUS.search(text)
        status = " ".join(part for part in found.groups() if part).rstrip(".") if found else ""
        number = path.name[:4]
        says = title.removeprefix(number).lstrip(": ")
        rows.append((f"[{number}]({path.name})", says, status[:1].lower() + status[1:]))
    return _HEAD + table(("Number", "Decision", "Status"), rows)
