"""What the outside relies on: routes, settings, the policy as it ships."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tools.pages.markdown import code, first_sentence, names, table
from venire.api import judgement_routes, routes
from venire.api.limits import LIMITS
from venire.api.routing import MEBIBYTE, Route
from venire.cases.policy import CategoryPolicy, Policy, load_policy
from venire.notices.rules import CATEGORY_SPELLINGS
from venire.server.settings import Settings
from venire.server.vendor_options import OPTIONS

_ROUTES = """\
# Routes

The routes of the API (`venire/api/routes.py`), then the pages. A path that is on neither list does
not exist. A body has at most 1 MiB unless a line says otherwise. Who may use a route:

"""

_SETTINGS = """\
# Settings

File (`DATA/venire.toml`) < environment < flags of `venire run`. What each one means:
[operators.md](../operators.md#settings). An unknown name or a wrong value stops the start and names
its place. Secrets are files under `DATA/keys`, never settings.

"""

_OPTIONS = """\
# Options of vendors

What stands in `options = { … }` of a `[[vendors]]` block, by kind and adapter. Another name stops
the start (`vendor_option_unknown`) and is told the nearest one. What each adapter does:
[vendors.md](../vendors.md), [money.md](../money.md).

"""

_POLICY = """\
`venire/cases/policy.toml`. An operator replaces it by a file of their own (setting `policy`); it is
checked at start, and its version stands in each entry of the record.

"""


def blocks() -> dict[str, tuple[Route, ...]]:
    """The route list's own blocks, by name; every route stands in one."""
    candidates = {
        name: value
        for module in (routes, judgement_routes)
        for name, value in vars(module).items()
        if isinstance(value, tuple) and value and all(isinstance(each, Route) for each in value)
    }
    # A list that is made of other blocks, as ROUTES is, has nothing of its own.
    found: dict[str, tuple[Route, ...]] = {}
    for name, own in sorted(candidates.items(), key=lambda pair: len(pair[1])):
        placed = {id(each) for block in found.values() for each in block}
        if not {id(each) for each in own} <= placed:
            found[name] = own
    order = {id(each): place for place, each in enumerate(routes.ROUTES)}
    return dict(sorted(found.items(), key=lambda pair: order.get(id(pair[1][0]), 0)))


def _limit(name: str) -> str:
    limit = LIMITS[name]
    if limit is None:
        return "none"
    return f"{name}: {limit.calls} in {limit.minutes} min{', by network' * limit.by_network}"


def _route_row(route: Route) -> tuple[str, str, str, str, str]:
    marks = []
    if route.options.while_suspended:
        marks.append("open while suspended")
    if route.options.body_bytes != MEBIBYTE:
        marks.append(f"body up to {route.options.body_bytes // MEBIBYTE} MiB")
    says = " ".join(part for part in (first_sentence(route.handler), route.doc) if part)
    told = f"{says} ({', '.join(marks)})" if marks else says
    return route.method, code(route.path), code(route.scope), _limit(route.limit), told


def routes_page() -> str:
    """docs/map/routes.md."""
    parts = [_ROUTES, first_table(Route)]
    heads = ("Method", "Path", "Scope", "Limit", "What it does")
    for name, own in blocks().items():
        title = name.replace("_", " ").capitalize()
        parts.append(f"\n## {title}\n\n{table(heads, map(_route_row, own))}")
    return "".join(parts) + _pages()


def first_table(documented: type) -> str:
    """The table inside a docstring: what the scopes of a route mean stands beside `Route`."""
    lines = [line.strip() for line in (documented.__doc__ or "").split("\n")]
    return "\n".join(line for line in lines if line.startswith("|")) + "\n"


def _pages() -> str:
    from venire.web.routes import PAGES

    return "\n## Pages\n\n" + table(
        ("Method", "Path", "Who", "Limit", "What it does"),
        (
            (
                page.method,
                code(page.path),
                page.who,
                page.limit,
                first_sentence(page.handler),
            )
            for page in PAGES
        ),
    )


def settings_page() -> str:
    """docs/map/settings.md."""
    hints = typing.get_type_hints(Settings)
    rows = []
    for field in msgspec.structs.fields(Settings):
        default = field.default
        shown = code(str(default)) if default not in ("", ()) else "empty"
        rows.append(
            (
                code(field.name),
                code(_type_name(hints[field.name])),
                shown,
                code(f"VENIRE_{field.name.upper()}"),
            )
        )
    return _SETTINGS + table(("Setting", "Type", "Default", "Environment"), rows)


def vendor_options_page() -> str:
    """docs/map/vendor-options.md."""
    rows = [
        (kind, code(adapter), code(name), "yes" if option.needed else "", option.says)
        for (kind, adapter), options in sorted(OPTIONS.items())
        for name, option in options.items()
    ]
    return _OPTIONS + table(("Kind", "Adapter", "Option", "Needed", "What it says"), rows)


def _type_name(hint: object) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return " | ".join(str(choice) for choice in typing.get_args(hint))
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__
    return str(hint)


def categories_page() -> str:
    """docs/map/categories.md."""
    policy = load_policy()
    spelled: dict[str, list[str]] = {}
    for spelling, name in CATEGORY_SPELLINGS.items():
        spelled.setdefault(name, []).append(spelling)
    columns: tuple[tuple[str, Callable[[CategoryPolicy], str]], ...] = (
        ("Rule", lambda each: str(each.rule)),
        ("Category", lambda each: code(each.name)),
        ("Who judges", lambda each: each.judges.replace("_", " ")),
        ("At once", lambda each: each.at_once.replace("_", " ")),
        ("Severe", lambda each: "yes" if each.severe else ""),
        ("Points", lambda each: str(each.points)),
        ("Measure", lambda each: each.measure.replace("_", " ")),
        ("Clock", lambda each: f"{each.clock_hours} h"),
        ("Notice may write", lambda each: names(spelled.get(each.name, []))),
        ("DSA", lambda each: each.dsa_category.removeprefix("STATEMENT_CATEGORY_")),
    )
    shown = table(
        [head for head, _ in columns],
        ([show(each) for _, show in columns] for each in policy.categories),
    )
    texts = table(
        ("Rule", "English", "Bahasa Indonesia"),
        (
            (str(each.rule), *(f"**{each.title[t]}.** {each.text[t]}" for t in ("en", "id")))
            for each in policy.categories
        ),
    )
    numbers = table(("Number", "Value"), _numbers(policy))
    return (
        f"# The policy as it ships, version {policy.version}\n\n{_POLICY}"
        f"## Categories\n\n{shown}\n## What the rules say\n\n{texts}\n## Numbers\n\n{numbers}"
    )


def _numbers(policy: Policy) -> Iterable[tuple[str, str]]:
    for section, value in _sections(msgspec.to_builtins(policy)):
        yield code(section), str(value)


def _sections(tree: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _sections(value, f"{prefix}{name}.")
        elif prefix and re.fullmatch(r"[a-z_.]+", f"{prefix}{name}"):
            yield f"{prefix}{name}", value
