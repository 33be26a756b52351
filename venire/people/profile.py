"""Plain text of a profile as the HTML that clients show. Pure."""

from __future__ import annotations

import html
import re

_URL = re.compile(r"https?://[^\s<>\"'\\^`{|}\x00-\x20]+", re.IGNORECASE)
_TAIL = ".,:;!?)]}'\""
_SHOWN = 30


def _link(url: str) -> str:
    """A link that tells its target nothing; long addresses are cut by the client's own style."""
    bare = re.sub(r"^https?://(?:www\.)?", "", url, flags=re.IGNORECASE)
    prefix = url[: len(url) - len(bare)]
    shown, rest = bare[:_SHOWN], bare[_SHOWN:]
    ellipsis = "ellipsis" if rest else ""
    tail = f'<span class="invisible">{html.escape(rest)}</span>'
    return (
        f'<a href="{html.escape(url)}" rel="nofollow noopener noreferrer" target="_blank">'
        f'<span class="invisible">{html.escape(prefix)}</span>'
        f'<span class="{ellipsis}">{html.escape(shown)}</span>{tail}</a>'
    )


def inline_html(text: str) -> str:
    """One line of plain text as HTML, its addresses linked."""
    parts: list[str] = []
    place = 0
    for match in _URL.finditer(text):
        url = match[0].rstrip(_TAIL)
        parts += [html.escape(text[place : match.start()]), _link(url)]
        place = match.start() + len(url)
    return "".join([*parts, html.escape(text[place:])])


def note_html(text: str) -> str:
    """A note as HTML paragraphs; an empty note is empty."""
    cleaned = text.replace("\r\n", "\n").strip()
    if not cleaned:
        return ""
    paragraphs = re.split(r"\n{2,}", cleaned)
    return "".join(
        f"<p>{'<br />'.join(inline_html(line) for line in paragraph.splitlines())}</p>"
        for paragraph in paragraphs
    )
