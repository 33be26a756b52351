"""The house: floors from .importlinter, rooms and files from the package."""

from __future__ import annotations

import ast
import configparser
from collections import defaultdict

from tools.pages.markdown import code, first_sentence, table
from tools.pages.source import ROOT, modules

_TITLE = "importlinter:contract:"
_HEAD = """\
# Floors and rooms

Imports go down only. Rooms on one floor do not know each other: they meet in `cases`, or through
events ([subscriptions](subscriptions.md)). A room's `README.md` is its door sign.

"""


def _linter() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def floors() -> list[list[str]]:
    """The rooms of each floor, the roof first."""
    lines = _linter()[f"{_TITLE}floors"]["layers"].split("\n")
    return [[room.strip() for room in line.split("|")] for line in lines if line.strip()]


def _files(room: str) -> list[tuple[str, str]]:
    return [
        (path, first_sentence(ast.get_docstring(parsed) or ""))
        for path, parsed in modules().items()
        if path == f"venire/{room}.py" or path.startswith(f"venire/{room}/")
    ]


def floors_page() -> str:
    """docs/map/floors.md."""
    parts = [
        _HEAD,
        table(
            ("Floor", "Rooms"),
            (
                (str(number), " · ".join(f"[{room}](#{room})" for room in rooms))
                for number, rooms in _numbered()
            ),
        ),
        "\n## What import-linter holds\n\n",
        "".join(
            f"- {_linter()[section]['name']}.\n"
            for section in _linter().sections()
            if section.startswith(_TITLE)
        ),
    ]
    for _, rooms in _numbered():
        parts += [_room(room) for room in rooms]
    return "".join(parts)


def _numbered() -> list[tuple[int, list[str]]]:
    there = [[room for room in rooms if _files(room)] for rooms in floors()]
    standing = [rooms for rooms in there if rooms]
    return [(len(standing) - place, rooms) for place, rooms in enumerate(standing)]


def _room(room: str) -> str:
    rows = defaultdict(list)
    for path, says in _files(room):
        rows[path.rpartition("/")[0]].append((path, says))
    sign = ROOT / "venire" / room / "README.md"
    parts = [f"\n## {room}\n\n"]
    if sign.exists():
        parts.append(f"[Door sign](../../venire/{room}/README.md)\n\n")
    listed = [pair for folder in sorted(rows) for pair in rows[folder]]
    shown = ((code(path.split("/", 1)[1]), says) for path, says in listed)
    parts.append(table(("File", "What it is"), shown))
    return "".join(parts)


def index_page() -> str:
    """docs/map/README.md."""
    pages = (
        ("floors.md", "which room stands where, what each file is"),
        ("routes.md", "every path that answers, who may use it"),
        ("endpoints.md", "every operation: does it work, who may use it, which tests drive it"),
        ("openapi.json", "the OpenAPI document: parameters, bodies, answers, refusals"),
        ("tables.md", "every table: its question, its keys, whose data it holds"),
        ("events.md", "what can happen, who says so, who hears it"),
        ("subscriptions.md", "who hears what"),
        ("states.md", "state machines, and what ends each wait"),
        ("settings.md", "what an operator may set, with defaults"),
        ("vendor-options.md", "what each vendor's adapter reads from its block"),
        ("categories.md", "the policy as it ships"),
        ("errors.md", "every error code"),
        ("../commands.md", "the `venire` command"),
        ("../decisions/README.md", "what was decided, and why"),
        ("../personal-data.md", "whose personal data is kept where, and for how long"),
    )
    listed = "".join(f"- [{name}]({name}): {says}\n" for name, says in pages)
    return f"# Map\n\nGenerated from the code by `make map`, checked by `make check`.\n\n{listed}"
