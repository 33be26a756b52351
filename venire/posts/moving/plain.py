"""The text that a post's HTML stands for: links whole, handles with their domain. Pure.

It undoes what servers make of a text to show it: addresses are cut by spans, mentions show no
domain. Whatever else is in the HTML is dropped. Source: docs.joinmastodon.org/spec/activitypub.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

DEPTH_MOST: Final = 200
_BLOCKS: Final = frozenset(
    {"p", "div", "ul", "ol", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table"}
)
_DROPPED: Final = frozenset({"script", "style", "template", "head", "title", "noscript"})
_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "area", "source"})
_SPACES: Final = re.compile(r"[ \t\r\f\v\n]+")
_AROUND_BREAK: Final = re.compile(r" *\n *")
_KEPT_BLANK: Final = "\ufdd1"
"""A blank that stays where it is: no text holds this character."""
_MANY_BREAKS: Final = re.compile(r"\n{3,}")


class _Reader(HTMLParser):
    def __init__(self, handles: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self._handles = handles
        self._pieces: list[str] = []
        self._open: list[str] = []
        self._link: str | None = None
        self._shown: list[str] = []
        self._exact = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._say("\n")
            return
        if tag in _BLOCKS:
            self._say("\n\n")
        elif tag == "li":
            self._say("\n- ")
        elif tag == "a" and self._link is None:
            self._link, self._shown = dict(attrs).get("href") or "", []
        if tag not in _VOID and len(self._open) < DEPTH_MOST:
            self._open.append(tag)
            self._exact += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._say("\n\n")
        if tag not in self._open:
            return
        while self._open:
            last = self._open.pop()
            self._exact -= last == "pre"
            if last == "a":
                self._end_link()
            if last == tag:
                return

    def handle_data(self, data: str) -> None:
        if not _DROPPED.intersection(self._open):
            exact = data.replace(" ", _KEPT_BLANK) if self._exact else _SPACES.sub(" ", data)
            self._say(exact)

    def _say(self, text: str) -> None:
        (self._pieces if self._link is None else self._shown).append(text)

    def _end_link(self) -> None:
        href, shown = self._link or "", "".join(self._shown).strip()
        self._link, self._shown = None, []
        self._pieces.append(self._linked(href, shown))

    def _linked(self, href: str, shown: str) -> str:
        if shown.startswith("#"):
            return shown
        if href in self._handles:
            return self._handles[href]
        if not href.startswith(("http://", "https://")):
            return shown
        if shown.startswith("@"):
            # A bare name would be that of somebody here.
            return shown if "@" in shown[1:] else f"{shown}@{host_of(href)}"
        # What is shown of an address is a part of it, cut for the eye.
        bare = shown.rstrip("…")
        if not shown or bare in href:
            return href
        return f"{shown} ({href})"

    def text(self) -> str:
        """What was read."""
        self.close()
        if self._link is not None:
            self._end_link()
        lines = _AROUND_BREAK.sub("\n", "".join(self._pieces))
        return _MANY_BREAKS.sub("\n\n", lines).replace(_KEPT_BLANK, " ").strip()


def host_of(address: str) -> str:
    """The host of an address, empty where it has none that can be read."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def plain_text(html: str, handles: Mapping[str, str]) -> str:
    """The text of a post. `handles`: what to write for a link to an account, by its address."""
    reader = _Reader(handles)
    reader.feed(html)
    return reader.text()
