"""Which posts a bulk act means: an author's, those with a link, those that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from venire.cases.court import Court
from venire.cases.detection import text_of
from venire.kernel.errors import Invalid
from venire.kernel.ids import id_at
from venire.kernel.near import similarity
from venire.kernel.ports import Sought
from venire.kernel.text import fold, normal_form
from venire.posts import actions as posts
from venire.posts.listing import account_entries
from venire.posts.model import DELETED, LISTED, Post, Stretch
from venire.posts.scan import find_entities
from venire.storage.tables.bulk import BulkRow

_HOST = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z0-9_-]{2,63}", re.IGNORECASE)
_SAME = 0.92
_WORDS = 6
_LEAST_WORDS = 3


class Found(NamedTuple):
    """Some of the posts that are meant, and where the search goes on; None: it is over."""

    posts: list[Post]
    place: int | None


def host_of(text: str) -> str:
    """The host that a link or a domain names, in small letters. Invalid `domain_invalid`."""
    plain = text.strip().lower().rstrip("/")
    try:
        host = (urlsplit(plain if "//" in plain else f"//{plain}").hostname or "").rstrip(".")
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise Invalid("domain_invalid", "name a domain, as shop.example")
    return host


async def page(court: Court, row: BulkRow, count: int) -> Found:
    """The next posts that are meant, from the newest down; those not said in public never are."""
    below = id_at(row.until_ms + 1) if row.place is None else row.place
    if row.account_id is not None:
        stretch = Stretch(id_at(row.since_ms) - 1, below, count)
        entries = await account_entries(court.world, row.account_id, stretch)
        ids = [entry.id for entry in entries if entry.reblog_of_id is None]
        place = entries[-1].id if len(entries) == count else None
        return Found(_there(await posts.load_many(court.world, ids)), place)
    fits = _links_to(row.sought) if row.kind == "domain" else _says(row.sought)
    sought = Sought(texts=_terms(row), above=id_at(row.since_ms) - 1, below=below)
    ids = await court.search.search(sought, count)
    found = [post for post in _there(await posts.load_many(court.world, ids)) if fits(post)]
    return Found(found, min(ids) if len(ids) == count else None)


def _there(found: list[Post]) -> list[Post]:
    return [post for post in found if post.visibility in LISTED and post.state != DELETED]


def _terms(row: BulkRow) -> tuple[str, ...]:
    """What the index is asked for; what it answers is looked at one by one."""
    if row.kind == "domain":
        return (row.sought,)
    return words_of(row.sought)


def words_of(text: str) -> tuple[str, ...]:
    """The words by which a text is looked for, the rarest. Invalid `text_too_short`."""
    words = [word for word in re.findall(r"[^\W_]+", fold(text).text) if len(word) > 1]
    if len(words) < _LEAST_WORDS:
        raise Invalid("text_too_short", "a text to look for has three words or more")
    longest = sorted(dict.fromkeys(words), key=lambda word: (-len(word), word))
    return tuple(longest[:_WORDS])


def _links_to(host: str) -> Callable[[Post], bool]:
    """Whether a post links to a host, or to one below it: never to one that only ends alike."""

    def fits(post: Post) -> bool:
        for entity in find_entities(text_of(post)):
            named = urlsplit(entity.value).hostname if entity.kind == "link" else None
            if named is not None and (named == host or named.endswith(f".{host}")):
                return True
        return False

    return fits


def _says(text: str) -> Callable[[Post], bool]:
    """Whether a post says the same, up to small edits."""
    normal = normal_form(text)

    def fits(post: Post) -> bool:
        other = normal_form(text_of(post))
        return other == normal or similarity(normal, other) >= _SAME

    return fits
