"""Pages of a list: which part is wanted, and the Link header that leads on.

Source: docs.joinmastodon.org/api/guidelines#pagination. Of 6 5 4 3 2 1, `since_id=3&limit=2` is
6 5 and `min_id=3&limit=2` is 5 4: the first is cut at the old end, the second at the new.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.storage.world import World

_CURSORS = frozenset({"max_id", "min_id", "since_id"})


class Page(msgspec.Struct, frozen=True):
    """The part of a list that is wanted; ids are cursors of that list, bounds exclusive."""

    limit: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def above(self) -> int | None:
        """The lower bound."""
        return self.min_id if self.min_id is not None else self.since_id

    @property
    def below(self) -> int | None:
        """The upper bound."""
        return self.max_id

    @property
    def reverse(self) -> bool:
        """Whether to read upwards from the lower bound."""
        return self.min_id is not None

    @property
    def bounds(self) -> dict[str, Any]:
        """The arguments of a store's page: `above`, `below`, `limit`, `reverse`."""
        return {
            "above": self.above,
            "below": self.below,
            "limit": self.limit,
            "reverse": self.reverse,
        }


def page_of(request: ApiRequest, default: int = 20, most: int = 40) -> Page:
    """The page that a query asks for."""
    query = request.query
    return Page(
        limit=query.integer("limit", default, low=1, high=most),
        max_id=query.identifier("max_id"),
        since_id=query.identifier("since_id"),
        min_id=query.identifier("min_id"),
    )


def newest_first(page: Page, rows: Sequence[Any]) -> list[Any]:
    """Rows as clients want them, whichever way they were read."""
    return list(reversed(rows)) if page.reverse else list(rows)


@functools.lru_cache(1_024)
def _without_cursors(query: bytes) -> str:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = urlencode([pair for pair in pairs if pair[0] not in _CURSORS])
    return f"{kept}&" if kept else ""


def link_header(
    world: World, request: ApiRequest, *, newest: int | None, oldest: int | None, more: bool
) -> dict[str, str]:
    """The Link header of a page; `more`: whether anything older may be there."""
    if newest is None or oldest is None:
        return {}
    kept = _without_cursors(request.raw.scope["query_string"])
    base = f"{world.site.base_url}{request.raw.scope['path']}?{kept}"
    links = [f'<{base}max_id={oldest}>; rel="next"'] if more else []
    links.append(f'<{base}min_id={newest}>; rel="prev"')
    return {"Link": ", ".join(links)}


def paged_response(
    world: World, request: ApiRequest, data: Sequence[Any], cursors: Sequence[int], *, more: bool
) -> Response:
    """Answer a page. `cursors`: the ids of the rows read, newest first, shown or not."""
    links = link_header(
        world,
        request,
        newest=cursors[0] if cursors else None,
        oldest=cursors[-1] if cursors else None,
        more=more,
    )
    return json_response(data, headers=links)
