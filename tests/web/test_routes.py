"""The list of pages: each can be reached by a link, and none stands in the way of another."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Match, compile_path

from venire.web.rendering import TEMPLATES
from venire.web.routes import PAGES
from venire.web.routing import route_of

_BY_LETTER = frozenset(
    {
        "/link/{secret}",
        "/account/delete/{token}",
        "/password/{token}",
        "/confirm/{token}",
        "/sign-in/{token}",
        "/consent/{token}",
    }
)
"""Whoever was not written to has no business there."""
_MADE_IN_PYTHON = frozenset(
    {
        "/@{name}/{post_id}",  # `card.path`
        "/tags/{name}",  # inside the text of a post
    }
)
_GETS = [page for page in PAGES if page.method == "GET"]


def _linked() -> set[str]:
    """Where the templates lead to, with `X` for whatever is filled in."""
    found: set[str] = set()
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text(encoding="utf-8")
        text += re.sub(r'"([^"{]*)" ~ [a-z_.]+', r'"\1X"', text)
        links = re.findall(r'(?:href|src|action)="(/[^"]*)"', re.sub(r"{{.*?}}", "X", text))
        links += re.findall(r'(?:tab|months)\("(/[^"]*)"', text)
        found |= {link.partition("?")[0].partition("#")[0] for link in links}
        if "static(" in text:
            found.add("/static/X")
    return found


def test_every_page_is_linked_from_some_page_or_comes_by_letter():
    linked = _linked()
    assert len(linked) > 60
    lost = []
    for page in _GETS:
        pattern, _, _ = compile_path(re.sub(r":(int|path)}", "}", page.path))
        known = page.path in _BY_LETTER | _MADE_IN_PYTHON
        if not known and not any(pattern.match(link) for link in linked):
            lost.append(page.path)
    assert not lost


@pytest.mark.parametrize(
    "page", [page for page in _GETS if "{" not in page.path], ids=lambda page: page.path
)
def test_a_page_is_never_taken_for_another(page):
    scope = {"type": "http", "method": "GET", "path": page.path, "root_path": ""}
    routes = [(one, route_of(one, None, None, None)) for one in PAGES]
    first = next(one for one, route in routes if route.matches(scope)[0] is Match.FULL)
    assert first.path == page.path
