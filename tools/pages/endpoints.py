"""Every operation with its state and the tests that drive it: docs/map/endpoints.md."""

from __future__ import annotations

from collections.abc import Iterator

from tools.pages.clients import HOLE, client_operations
from tools.pages.contracts import blocks
from tools.pages.driven import driven
from tools.pages.markdown import code, table
from tools.pages.operations import EVERY, STREAMS, key_of
from venire.api import absences, absent_parts
from venire.api.routing import Route

_HEAD = """\
# Operations

What clients can ask for, what they get, and which tests ask for it. **works**: it does what it is
for. **empty**: it answers as Mastodon does when it has nothing, so that no client shows an error.
Tests are found in their own source each time (`tools/pages/driven.py`); besides, every operation is
driven by `tests/api/test_openapi.py` with whatever the [document](openapi.json) makes possible.

"""
_ELSEWHERE = """
## Not here

What Mastodon.py, the client library, can ask for and this site has no path for: a 404.

"""
_SHOWN = 3
_EMPTY = "tests/api/test_endpoints.py"
_NOTHING = ("no_", "nothing", "lost")
_ABSENT = frozenset({absences.__name__, absent_parts.__name__})


def state_of(route: Route) -> str:
    """Whether an operation works, or answers that there is nothing."""
    handler = route.handler
    absent = handler.__module__ in _ABSENT and handler.__name__.startswith(_NOTHING)
    return "empty" if absent else "works"


def drivers() -> dict[str, frozenset[str]]:
    """Test files by operation; one test asks all that are empty."""
    empty = {key_of(route): frozenset({_EMPTY}) for route in EVERY if state_of(route) == "empty"}
    return {**empty, **driven()}


def _may_be(path: str, route: Route) -> bool:
    """Whether a path with holes in it may be one of a route: a hole may be any segment."""
    asked, there = path.strip("/").split("/"), route.path.strip("/").split("/")
    return len(asked) == len(there) and all(
        one == other or HOLE in one or other.startswith("{")
        for one, other in zip(asked, there, strict=True)
    )


def not_here() -> list[tuple[str, str]]:
    """Operations that the client library knows and no route has: method and path."""
    missing = set[tuple[str, str]]()
    for asked in client_operations().values():
        for verb, path in asked:
            if path and not any(route.method == verb and _may_be(path, route) for route in EVERY):
                missing.add((path, verb))
    return [(verb, path) for path, verb in sorted(missing)]


def _rows(block: tuple[Route, ...]) -> Iterator[tuple[str, str, str, str, str]]:
    tests = drivers()
    for route in block:
        files = sorted(tests.get(key_of(route), ()))
        # Its own room first: `tests/api` says most about an operation.
        files.sort(key=lambda file: not file.startswith("tests/api/"))
        shown = ", ".join(code(file.removeprefix("tests/")) for file in files[:_SHOWN])
        left = len(files) - _SHOWN
        more = f" and {left} more" if left > 0 else ""
        yield route.method, code(route.path), state_of(route), code(route.scope), shown + more


def endpoints_page() -> str:
    """docs/map/endpoints.md."""
    working = sum(state_of(route) == "works" for route in EVERY)
    parts = [_HEAD, f"{len(EVERY)} operations: {working} work, {len(EVERY) - working} empty.\n"]
    heads = ("Method", "Path", "State", "Scope", "Tests")
    for name, block in {**blocks(), "streaming": STREAMS}.items():
        parts.append(f"\n## {name.replace('_', ' ').capitalize()}\n\n{table(heads, _rows(block))}")
    missing = ((verb, code(path.replace(HOLE, "{…}"))) for verb, path in not_here())
    parts += [_ELSEWHERE, table(("Method", "Path"), missing)]
    return "".join(parts)
