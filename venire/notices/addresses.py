"""Addresses in notices: which of our posts, or whose other site, a link points at."""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from venire.kernel.ids import parse_id
from venire.kernel.own_names import OwnNames
from venire.notices.letters import whole_address

AddressKind = Literal["post", "media", "foreign", "none"]

_LONGEST: Final = 2_048
_POST_PATHS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"/@[^/]+/(?P<id>\d+)",
        r"/users/[^/]+/statuses/(?P<id>\d+)",
        r"/(?:web/)?statuses/(?P<id>\d+)",
        r"/web/@[^/]+/(?P<id>\d+)",
        r"/api/v1/statuses/(?P<id>\d+)",
        r"/(?:posts?|notice|status)/(?P<id>\d+)",
    )
)
# What may follow a post's own path: its frame, its activity, its replies.
_AFTER: Final = r"(?:/(?:embed|activity|context|replies|source|card|history))?/?"
_MEDIA: Final = re.compile(r"/(?:api/v1/)?media/(?P<key>[A-Za-z0-9_\-]{1,128})(?:[./].*)?")
_STORED_MEDIA: Final = re.compile(
    r"/(?:system/)?media_attachments/files/(?P<parts>(?:\d{3}/){3,7})\w+/[^/]+"
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.\-]*:", re.IGNORECASE)


class Address(msgspec.Struct, frozen=True):
    """What an address names: a post's id, the key of media, another site's host, or nothing."""

    kind: AddressKind
    post_id: int | None = None
    media: str = ""
    host: str = ""


def parse_post_url(url: str, own: OwnNames) -> Address:
    """Read an address as an abuse desk writes it; never raises.

    Args:
        url: with or without a scheme, whole or defanged (`hxxps://site[.]example/...`).
        own: the names that are ours.

    Returns:
        `foreign` for any other host: what stands before an @ in the host part is a name to log
        in with, not a host. `none` for what is no address, or no post of ours.

    """
    plain = whole_address(url)
    if not plain or len(plain) > _LONGEST or re.search(r"[\s\\<>\"]", plain):
        return Address("none")
    if not plain.startswith(("http://", "https://", "//")):
        if _SCHEME.match(plain) and not re.match(r"[^:/]+:\d+/", plain):
            return Address("none")
        plain = f"//{plain}"
    try:
        parts = urlsplit(plain)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return Address("none")
    if not host or ("." not in host and not own.has(host) and host != "localhost"):
        return Address("none")
    if not _is_ours(host, port, own):
        return Address("foreign", host=host)
    return _on_site(unquote(parts.path), host)


def _is_ours(host: str, port: int | None, own: OwnNames) -> bool:
    place = f"[{host}]" if ":" in host else host
    at = "" if port is None else f":{port}"
    if own.has(place + at):
        return True
    return port in (None, 80, 443) and own.has(host.removeprefix("www."))


def _on_site(path: str, host: str) -> Address:
    for pattern in _POST_PATHS:
        found = re.fullmatch(pattern.pattern + _AFTER, path, re.IGNORECASE)
        post_id = parse_id(found["id"]) if found else None
        if post_id is not None:
            return Address("post", post_id=post_id, host=host)
    stored = _STORED_MEDIA.fullmatch(path)
    if stored:
        return Address("media", media=stored["parts"].replace("/", "").lstrip("0"), host=host)
    found = _MEDIA.fullmatch(path)
    return Address("media", media=found["key"], host=host) if found else Address("none", host=host)
