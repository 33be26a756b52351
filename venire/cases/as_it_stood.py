"""A post as it stood, for those who need it on paper: words, times, media by hash, its place.

Its SHA-256 is over the canonical JSON of what is said of it, so that two copies can be compared.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from venire.cases.court import Court
from venire.cases.model import Case
from venire.kernel.clock import iso_ms
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts import store as post_store
from venire.posts.markup import post_path
from venire.posts.model import Post
from venire.record import store as record_store

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_VERSIONS: Final = 20
_STEPS: Final = 60
_KINDS: Final = ("hold", "verdict", "measure", "lift", "release", "moderator", "appeal_end")


def digest(value: object) -> str:
    """The SHA-256 of a value's canonical JSON, 64 hex digits."""
    return hashlib.sha256(_ENCODER.encode(value)).hexdigest()


async def exhibit(court: Court, case: Case) -> dict[str, Any] | None:
    """The post of a case with its hash; None where there is none, or its words were erased."""
    post = await posts.load(court.world, case.subject_id) if case.subject_kind == "post" else None
    if post is None or not (post.text or post.spoiler or post.attachments):
        return None
    author = await load_account(court.world, post.author_id)
    username = "" if author is None else author.username
    said = await _said(court, post)
    shown = {
        "url": f"{court.world.site.base_url}{post_path(username, post.id)}",
        "uri": post.uri,
        "id": str(post.id),
        "author": f"@{username}@{court.world.site.domain}",
        "created_at": iso_ms(post.created_at_ms),
        "edited_at": None if post.edited_at_ms is None else iso_ms(post.edited_at_ms),
        "visibility": post.visibility,
        **said,
    }
    return {**shown, "sha256": digest(shown)}


async def _said(court: Court, post: Post) -> dict[str, Any]:
    earlier = await post_store.versions(court.world, post.id, _VERSIONS)
    return {
        "content_warning": post.spoiler,
        "text": post.text,
        "poll": [] if post.poll is None else list(post.poll.options),
        "media": [
            {
                "kind": one.kind,
                "type": one.content_type,
                "sha256": one.original,
                "description": one.description or "",
            }
            for one in post.attachments
        ],
        "earlier": [
            {"at": iso_ms(row.at_ms), "content_warning": row.spoiler, "text": row.text}
            for row in earlier
        ],
    }


async def places(court: Court, case: Case) -> list[dict[str, Any]]:
    """Where the steps of a case stand in the record: (step, index), in order."""
    found: list[dict[str, Any]] = []
    for number in range(min(case.steps + 1, _STEPS)):
        for kind in _KINDS:
            key = f"{case.public_id}:{number}:{kind}"
            index = await record_store.index_of(court.world.storage, key)
            if index is not None:
                found.append({"step": kind, "index": index})
    return found
