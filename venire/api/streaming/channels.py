"""What may be listened to, by which names, and which scope each needs. Pure.

Source: docs.joinmastodon.org/methods/streaming. A channel is a stream with its parameter; its `key`
is the same for everyone who hears the same, whatever they call it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from venire.kernel.errors import Invalid
from venire.kernel.ids import parse_id
from venire.posts.model import PUBLIC, Post
from venire.posts.rules import public_page
from venire.posts.scan import TAG_LENGTH, tag_key
from venire.posts.tags import listed_tags

Key = tuple[str, str]

USER: Final = "user"
NOTIFICATION: Final = "user:notification"
DIRECT: Final = "direct"
LIST: Final = "list"
HASHTAG: Final = "hashtag"
_PUBLIC = ("public", "public:local", "public:remote")
_MEDIA = tuple(f"{name}:media" for name in _PUBLIC)
_TAGGED = (HASHTAG, "hashtag:local")
NAMES: Final = (USER, NOTIFICATION, *_PUBLIC, *_MEDIA, *_TAGGED, LIST, DIRECT)

READ_STATUSES: Final = "read:statuses"
READ_NOTIFICATIONS: Final = "read:notifications"


class Channel(msgspec.Struct, frozen=True):
    """Something a client listens to. `stream` is how frames name it: the name, then what it said.

    `key`: (name, "") or (name, tag or list id).
    """

    key: Key
    stream: tuple[str, ...]

    @property
    def name(self) -> str:
        """The stream without its parameter."""
        return self.key[0]

    @property
    def scope(self) -> str:
        """The scope that a token needs for it."""
        return READ_NOTIFICATIONS if self.name == NOTIFICATION else READ_STATUSES


def channel_of(name: str, *, tag: str = "", list_id: str = "", only_media: bool = False) -> Channel:
    """The channel that a client means. Invalid `stream_unknown`, `tag_missing`, `list_missing`."""
    if only_media and name in _PUBLIC:
        name = f"{name}:media"
    if name not in NAMES:
        raise Invalid("stream_unknown", "Unknown channel requested")
    if name in _TAGGED:
        key = tag_key(tag.strip().removeprefix("#"))
        if not key or len(key) > TAG_LENGTH:
            raise Invalid("tag_missing", "Missing tag name parameter")
        return Channel((name, key), (name, tag))
    if name == LIST:
        found = parse_id(list_id)
        if found is None:
            raise Invalid("list_missing", "Missing list name parameter")
        return Channel((name, str(found)), (name, str(found)))
    return Channel((name, ""), (name,))


def name_of_path(path: str) -> str:
    """The stream that an address below `/api/v1/streaming` names; empty for none."""
    return ":".join(part for part in path.strip("/").split("/") if part)


def public_keys(post: Post) -> Iterator[Key]:
    """The channels open to every member on which a post is told, by what it is alone.

    Nothing comes from elsewhere, so nothing is ever told on the remote ones.
    """
    if post.visibility != PUBLIC or post.reblog_of_id is not None:
        return
    if public_page(post):
        names = ("public", "public:local")
        for name in names if not post.attachments else (*names, *_MEDIA[:2]):
            yield name, ""
    for tag in listed_tags(post):
        for name in _TAGGED:
            yield name, tag
