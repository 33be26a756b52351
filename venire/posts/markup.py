"""Plain text to the HTML that Mastodon's clients expect. Pure.

The site's own address is a placeholder in what is stored, so that a site may move: `with_base`
puts it in. Clients open a mention or tag inside the app only if its href equals the entity's url,
so both come from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

import nh3

from venire.posts.model import Mention
from venire.posts.scan import Entity, tag_key

BASE = "\ufdd0"
"""Stands for the site's address: a noncharacter, which `clean_text` keeps out of what is typed."""

_SHOWN = 30
_PARAGRAPHS = re.compile(r"\n{2,}")
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
_TAGS = {"p", "br", "a", "span"}
_ATTRIBUTES = {"a": {"href", "class", "rel", "target", "translate"}, "span": {"class", "translate"}}


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https"},
    link_rel=None,
    strip_comments=True,
)


def clean_text(text: str) -> str:
    """What was typed, without control characters and outer blanks; every line ends the same."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub("", unified).strip()


def account_path(username: str) -> str:
    """The page of an account, after the site's address."""
    return f"/@{username}"


def tag_path(name: str) -> str:
    """The page of a hashtag, after the site's address."""
    return f"/tags/{quote(tag_key(name), safe='')}"


def post_path(username: str, post_id: int) -> str:
    """The page of a post, after the site's address."""
    return f"/@{username}/{post_id}"


def with_base(html: str, base_url: str) -> str:
    """Stored HTML as it is sent."""
    return html.replace(BASE, base_url)


def render(text: str, entities: Sequence[Entity], mentions: Mapping[str, Mention]) -> str:
    """HTML of a text. `mentions`: whom a handle names, by `handle_key`; unknown ones stay text."""
    pieces: list[str] = []
    done = 0
    for entity in entities:
        rendered = _entity(entity, mentions)
        if rendered is not None:
            pieces += (escape(text[done : entity.start], quote=False), rendered)
            done = entity.end
    pieces.append(escape(text[done:], quote=False))
    paragraphs = [part.strip("\n") for part in _PARAGRAPHS.split("".join(pieces))]
    html = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs if part)
    # Everything above is escaped; this second wall holds if that is ever broken.
    return _CLEANER.clean(html)


def handle_key(entity: Entity) -> str:
    """Under which key a mention is looked up: `name` or `name@domain`, in lower case."""
    handle = entity.value if entity.domain is None else f"{entity.value}@{entity.domain}"
    return handle.lower()


def _entity(entity: Entity, mentions: Mapping[str, Mention]) -> str | None:
    if entity.kind == "link":
        return _link(entity.value)
    if entity.kind == "tag":
        href = escape(BASE + tag_path(entity.value))
        name = escape(entity.value, quote=False)
        return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{name}</span></a>'
    mention = mentions.get(handle_key(entity))
    if mention is None:
        return None
    href = escape(BASE + account_path(mention.username))
    return (
        f'<span class="h-card" translate="no"><a href="{href}" class="u-url mention">'
        f"@<span>{escape(mention.username, quote=False)}</span></a></span>"
    )


def _link(address: str) -> str:
    scheme, bare = address.split("://", 1)
    prefix = f"{scheme}://" + ("www." if bare.lower().startswith("www.") else "")
    rest = address[len(prefix) :]
    shown, hidden = rest[:_SHOWN], rest[_SHOWN:]
    kind = ' class="ellipsis"' if hidden else ""
    return (
        f'<a href="{escape(address)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{escape(prefix, quote=False)}</span>'
        f"<span{kind}>{escape(shown, quote=False)}</span>"
        f'<span class="invisible">{escape(hidden, quote=False)}</span></a>'
    )
