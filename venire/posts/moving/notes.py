"""From an activity of an archive to an old post. Pure; runs in the child that opens archives.

Shapes: www.w3.org/TR/activitystreams-vocabulary, docs.joinmastodon.org/spec/activitypub. Nothing in
it is trusted: each field has a limit, and what has the wrong shape is as if it were not there.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from venire.kernel.clock import parse_iso_ms
from venire.posts.moving.model import BroughtPost
from venire.posts.moving.plain import host_of, plain_text
from venire.posts.scan import find_entities

EVERYONE: Final = frozenset({"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"})
ATTACHMENTS_MOST: Final = 4
HTML_LENGTH: Final = 200_000
TEXT_LENGTH: Final = 12_000
URI_LENGTH: Final = 2_048
DESCRIPTION_LENGTH: Final = 1_500
NAMED_MOST: Final = 100
TAGS_MOST: Final = 500
_POSTS: Final = ("Note", "Question", "Article", "Page")
_PLAIN: Final = ("text/plain", "text/markdown")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_HANDLE: Final = re.compile(r"@?([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)@([\w.:-]+)")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class SentMedium(msgspec.Struct, frozen=True):
    """A medium as an activity names it: the path that its file may have in the archive."""

    path: str
    description: str | None
    focus: tuple[float, float] | None


class Told(msgspec.Struct, frozen=True):
    """What an activity is: a post and its media, or why it is left out."""

    post: BroughtPost | None = None
    media: tuple[SentMedium, ...] = ()
    skipped: str = ""


def read_activity(activity: Any, n: int, followers: str) -> Told:
    """An item of an outbox. `followers`: the address of its actor's followers.

    Left out are `boost`, `direct_message`, `not_a_post`, `date_unknown`.
    """
    if not isinstance(activity, dict):
        return Told(skipped="not_a_post")
    kind = activity.get("type")
    note = activity.get("object") if kind == "Create" else activity
    if not isinstance(note, dict) or note.get("type") not in _POSTS:
        return Told(skipped="boost" if kind == "Announce" else "not_a_post")
    uri = _address(note.get("id")) or _address(note.get("url"))
    visibility = _visibility(note, activity, followers)
    published = _moment(note.get("published")) or _moment(activity.get("published"))
    if uri is None or published is None:
        return Told(skipped="not_a_post" if uri is None else "date_unknown")
    if visibility is None:
        return Told(skipped="direct_message")
    return Told(_post(note, n, uri, visibility, published), _media(note))


def _post(note: dict[str, Any], n: int, uri: str, visibility: str, published: int) -> BroughtPost:
    handles = _handles(note)
    updated = _moment(note.get("updated"))
    spoiler = _summary(note)
    return BroughtPost(
        n=n,
        uri=uri,
        published_at_ms=published,
        visibility=visibility,
        text=_with_poll(_text(note, handles), note),
        url=_address(note.get("url")),
        spoiler=spoiler,
        language=_language(note),
        sensitive=note.get("sensitive") is True or bool(spoiler),
        reply_uri=_address(note.get("inReplyTo")),
        edited_at_ms=updated if updated is not None and updated > published else None,
        named=tuple(dict.fromkeys(handle[1:].lower() for handle in handles.values())),
    )


def _short(value: Any, most: int) -> str:
    return _CONTROL.sub("", value) if isinstance(value, str) and len(value) <= most else ""


def _address(value: Any) -> str | None:
    """An address, also of an object that stands where one could."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("href") or value.get("id")
    found = _short(value, URI_LENGTH).strip()
    return found if found.startswith(("http://", "https://")) else None


def _moment(value: Any) -> int | None:
    try:
        return parse_iso_ms(_short(value, 64)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _addresses(value: Any) -> set[str]:
    listed = value if isinstance(value, list) else [value]
    return {one for one in listed[:1_000] if isinstance(one, str)}


def _visibility(note: dict[str, Any], activity: dict[str, Any], followers: str) -> str | None:
    to = _addresses(note.get("to")) or _addresses(activity.get("to"))
    copied = _addresses(note.get("cc")) or _addresses(activity.get("cc"))
    if to & EVERYONE:
        return "public"
    if copied & EVERYONE:
        return "unlisted"
    told = to | copied
    if (followers and followers in told) or any(one.endswith("/followers") for one in told):
        return "private"
    return None


def _handles(note: dict[str, Any]) -> dict[str, str]:
    """What to write for each account that a post mentions, by the addresses of its page."""
    tags = note.get("tag")
    listed = tags if isinstance(tags, list) else [tags]
    found: dict[str, str] = {}
    for tag in listed[:TAGS_MOST]:
        if not isinstance(tag, dict) or tag.get("type") != "Mention":
            continue
        href, name = _address(tag.get("href")), _short(tag.get("name"), 500)
        if href is None or len(found) >= NAMED_MOST:
            continue
        match = _HANDLE.fullmatch(name)
        domain = match[2] if match else host_of(href)
        user = match[1] if match else name.lstrip("@")
        if not _HANDLE.fullmatch(f"{user}@{domain}"):
            continue
        found[href] = f"@{user}@{domain}"
        # What a page links is the address for people, which the tag does not say.
        scheme = href.partition("://")[0]
        found[f"{scheme}://{host_of(href)}/@{user}"] = found[href]
    return found


def _text(note: dict[str, Any], handles: dict[str, str]) -> str:
    source = note.get("source")
    if isinstance(source, dict) and source.get("mediaType") in _PLAIN:
        said = _short(source.get("content"), HTML_LENGTH)
        if said:
            return _with_domains(said.strip(), handles)
    content = note.get("content")
    if not isinstance(content, str):
        content = next(iter(_map(note.get("contentMap")).values()), "")
    text = _plain(content, handles)
    title = _plain(note.get("name"), {}) if note.get("type") in _POSTS[2:] else ""
    return f"{title}\n\n{text}".strip() if title else text


def _with_domains(text: str, handles: dict[str, str]) -> str:
    """A text as it was typed, with the domain of whoever it names: a bare name is somebody here."""
    whole = {handle[1:].partition("@")[0].lower(): handle for handle in handles.values()}
    pieces: list[str] = []
    done = 0
    for entity in find_entities(text):
        if entity.kind == "mention" and entity.domain is None and entity.value.lower() in whole:
            pieces += (text[done : entity.start], whole[entity.value.lower()])
            done = entity.end
    return "".join([*pieces, text[done:]])


def _summary(note: dict[str, Any]) -> str:
    """A content warning: Mastodon's are plain text, of others' servers HTML."""
    exact = _map(note.get("source")).get("summary")
    said = _short(exact if isinstance(exact, str) else note.get("summary"), HTML_LENGTH)
    marked = not isinstance(exact, str) and ("</" in said or "<br" in said)
    return plain_text(said, {}) if marked else said.strip()


def _plain(value: Any, handles: dict[str, str]) -> str:
    said = _short(value, HTML_LENGTH)
    return plain_text(said, handles) if said else ""


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _language(note: dict[str, Any]) -> str | None:
    named = [key for key in _map(note.get("contentMap")) if isinstance(key, str)]
    return named[0] if named and _LANGUAGE.fullmatch(named[0]) else None


def _with_poll(text: str, note: dict[str, Any]) -> str:
    """A poll as lines of text: it is over, and nobody can vote any more."""
    listed = note.get("oneOf") or note.get("anyOf")
    if note.get("type") != "Question" or not isinstance(listed, list):
        return text
    lines = []
    for option in listed[:20]:
        name = _short(_map(option).get("name"), 500)
        votes = _map(_map(option).get("replies")).get("totalItems")
        counted = f" ({votes})" if isinstance(votes, int) and not isinstance(votes, bool) else ""
        if name:
            lines.append(f"- {name}{counted}")
    return f"{text}\n\n" + "\n".join(lines) if lines else text


def _media(note: dict[str, Any]) -> tuple[SentMedium, ...]:
    listed = note.get("attachment")
    listed = listed if isinstance(listed, list) else [listed]
    found: list[SentMedium] = []
    for one in listed:
        if len(found) >= ATTACHMENTS_MOST or not isinstance(one, dict):
            continue
        path = medium_path(one.get("url"))
        if path:
            said = _short(one.get("name"), DESCRIPTION_LENGTH) or None
            found.append(SentMedium(path, said, _focus(one.get("focalPoint"))))
    return tuple(found)


def medium_path(url: Any) -> str:
    """The path of a medium as files of an archive are called, without what stands before it."""
    if isinstance(url, list):
        url = url[0] if url else None
    if isinstance(url, dict):
        url = url.get("href")
    try:
        path = unquote(urlsplit(_short(url, URI_LENGTH)).path)
    except ValueError:
        return ""
    at = path.find("media_attachments/")
    return path[at:] if at >= 0 else path.lstrip("/")


def _focus(value: Any) -> tuple[float, float] | None:
    match value:
        case [int() | float() as x, int() | float() as y] if -1 <= x <= 1 and -1 <= y <= 1:
            return float(x), float(y)
        case _:
            return None
