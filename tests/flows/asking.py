"""Every address that reads, of the API and of the pages, with what there is to name in it.

Taken from the lists that the site is made of, so that an address that is added is asked too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

import httpx

from venire.api.routes import ROUTES
from venire.web.routes import PAGES

_PARAMETER = re.compile(r"\{([a-z_]+)(?:\*|:path|:int)?\}")
_BY_NAME = {
    "post_id": "posts",
    "case": "cases",
    "public_id": "cases",
    "statement_id": "statements",
    "summons": "summons",
    "group_key": "groups",
    "epoch": "small",
    "index": "small",
    "n": "small",
}
_BY_PLACE = {
    "/statuses/": "posts",
    "/polls/": "posts",
    "/@": "names",
    "/tag": "tags",
    "/accounts/": "accounts",
    "/media/": "media",
    "/statements/": "statements",
    "/notifications/": "notifications",
    "/reports/": "complaints",
    "/exports/": "exports",
}
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=|(?<=\s)[A-Za-z0-9+/]{80,}={0,2}"
    r"|\d{15,}|[0-9a-f]{16,}|[A-Za-z0-9_-]{24,}"
)


def addresses(known: Mapping[str, Sequence[str]]) -> list[str]:
    """All of them. `known`: posts, cases, accounts... -> what can stand there, else `1`."""
    listed = [route.path for route in ROUTES if route.method == "GET"]
    listed += [page.path for page in PAGES if page.method == "GET"]
    found: dict[str, None] = {}
    for path in listed:
        values = [known.get(_kind(path, one), ["1"]) for one in _PARAMETER.finditer(path)]
        for chosen in itertools.product(*values):
            filled = iter(chosen)
            found[_PARAMETER.sub(lambda _, given=filled: quote(next(given)), path)] = None
    return list(found)


def _kind(path: str, parameter: re.Match[str]) -> str:
    if parameter[1] in _BY_NAME:
        return _BY_NAME[parameter[1]]
    before = path[: parameter.start()]
    return next((kind for place, kind in _BY_PLACE.items() if place in before), "others")


def answers(client: httpx.Client, asked: Sequence[str]) -> Iterator[tuple[str, httpx.Response]]:
    """What each address answers; none may break the site."""
    for path in asked:
        answer = client.get(path)
        assert answer.status_code < 500 or answer.status_code == 503, f"{path}: {answer.text}"
        yield path, answer


def plain(text: str, url: str = "") -> str:
    """A text with each id, key and hash as the number of its first mention in it.

    What two houses say alike, they say alike then; which id stands where is kept.
    """
    seen: dict[str, str] = {}
    if url:
        text = text.replace(url, "SITE").replace(quote(url, safe=""), "SITE")
        text = text.replace(url.partition("//")[2], "HOST")

    def numbered(match: re.Match[str]) -> str:
        return seen.setdefault(match[0], f"<{len(seen)}>")

    return _TOKEN.sub(numbered, text)
