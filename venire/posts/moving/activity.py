"""Posts and accounts as ActivityStreams, as Mastodon's archives have them. Pure.

Shapes: www.w3.org/TR/activitystreams-vocabulary, docs.joinmastodon.org/spec/activitypub. Beside the
HTML stands the text it was made from (`source`), so that nothing is lost on the way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from venire.kernel.clock import iso_ms
from venire.people.model import Account
from venire.people.profile import inline_html, note_html
from venire.posts.markup import post_path, tag_path, with_base
from venire.posts.media.model import Attachment
from venire.posts.model import PRIVATE, PUBLIC, UNLISTED, Post

CONTEXT: Final = (
    "https://www.w3.org/ns/activitystreams",
    {
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "toot": "http://joinmastodon.org/ns#",
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "votersCount": "toot:votersCount",
        "blurhash": "toot:blurhash",
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
    },
)
_EVERYONE: Final = "https://www.w3.org/ns/activitystreams#Public"


class Known(msgspec.Struct, frozen=True):
    """What a post is told with: identities of accounts and posts that it names, and our address."""

    accounts: Mapping[int, Account]
    posts: Mapping[int, str]
    replied: Mapping[int, str]
    base_url: str
    domain: str


def medium_file(attachment: Attachment) -> str:
    """Where the bytes of a medium lie in an archive."""
    return f"media_attachments/files/{attachment.id}/{attachment.name}"


def actor(
    account: Account, *, base_url: str, also: Sequence[str], pictures: Mapping[str, str]
) -> dict[str, Any]:
    """An account. `pictures`: the files `icon` and `image`, where there are any."""
    shown = {name: {"type": "Image", "url": file} for name, file in pictures.items()}
    return {
        "@context": CONTEXT,
        "id": account.uri,
        "type": "Service" if account.bot else "Person",
        "preferredUsername": account.username,
        "name": account.display_name,
        "summary": note_html(account.note),
        "url": f"{base_url}/@{account.username}",
        "followers": _followers(account),
        "manuallyApprovesFollowers": account.locked,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "published": iso_ms(account.created_at_ms),
        "alsoKnownAs": list(also),
        "attachment": [
            {"type": "PropertyValue", "name": field.name, "value": inline_html(field.value)}
            for field in account.fields
        ],
        "outbox": "outbox.json",
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
        **shown,
    }


def _followers(account: Account) -> str:
    return f"{account.uri}/followers"


def _told(post: Post, account: Account, known: Known) -> tuple[list[str], list[str]]:
    followers = _followers(account)
    named = [known.accounts[one.id].uri for one in post.mentions if one.id in known.accounts]
    match post.visibility:
        case visibility if visibility == PUBLIC:
            return [_EVERYONE], [followers, *named]
        case visibility if visibility == UNLISTED:
            return [followers], [_EVERYONE, *named]
        case visibility if visibility == PRIVATE:
            return [followers], named
        case _:
            return named, []


def activity(post: Post, account: Account, known: Known) -> dict[str, Any]:
    """What made a post: its creation, or a boost."""
    to, copied = _told(post, account, known)
    boost = post.reblog_of_id is not None
    return {
        "id": post.uri if boost else f"{post.uri}/activity",
        "type": "Announce" if boost else "Create",
        "actor": account.uri,
        "published": iso_ms(post.created_at_ms),
        "to": to,
        "cc": copied,
        "object": known.posts.get(post.reblog_of_id or 0)
        if boost
        else _note(post, account, known, to, copied),
    }


def _note(
    post: Post, account: Account, known: Known, to: list[str], copied: list[str]
) -> dict[str, Any]:
    content = with_base(post.html, known.base_url)
    note: dict[str, Any] = {
        "id": post.uri,
        "type": "Note" if post.poll is None else "Question",
        "summary": post.spoiler or None,
        "inReplyTo": known.posts.get(post.in_reply_to_id or 0) or known.replied.get(post.id),
        "published": iso_ms(post.created_at_ms),
        "url": known.base_url + post_path(account.username, post.id),
        "attributedTo": account.uri,
        "to": to,
        "cc": copied,
        "sensitive": post.sensitive,
        "content": content,
        "contentMap": {post.language: content} if post.language else {},
        "source": {"content": post.text, "summary": post.spoiler, "mediaType": "text/plain"},
        "attachment": [_document(one) for one in post.attachments if one.original],
        "tag": _tags(post, known),
    }
    if post.edited_at_ms is not None:
        note["updated"] = iso_ms(post.edited_at_ms)
    if post.quoted_id is not None:
        note["quote"] = known.posts.get(post.quoted_id)
    if post.poll is not None:
        note |= {
            "anyOf" if post.poll.multiple else "oneOf": [
                {"type": "Note", "name": option} for option in post.poll.options
            ],
            "endTime": iso_ms(post.poll.ends_at_ms),
        }
    return note


def _document(attachment: Attachment) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": "Document",
        "mediaType": attachment.content_type,
        "url": medium_file(attachment),
        "name": attachment.description,
        "blurhash": attachment.blurhash,
    }
    if attachment.focus is not None:
        document["focalPoint"] = list(attachment.focus)
    return document


def _tags(post: Post, known: Known) -> list[dict[str, str]]:
    mentions = [
        {
            "type": "Mention",
            "href": known.accounts[one.id].uri,
            "name": f"@{one.username}@{known.domain}",
        }
        for one in post.mentions
        if one.id in known.accounts
    ]
    hashtags = [
        {"type": "Hashtag", "href": known.base_url + tag_path(tag), "name": f"#{tag}"}
        for tag in post.tags
    ]
    return mentions + hashtags
