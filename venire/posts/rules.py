"""What may be posted, and who may see what. Pure.

Visibility matrix (`-` nobody, `A` its author, `M` those mentioned, `F` followers, `*` everyone):

| state | public, unlisted | private | direct |
|---|---|---|---|
| visible | * | A F M | A M |
| held | A | A | A |
| removed, deleted | - | - | - |

Whoever the author blocks sees nothing of it.
"""

from __future__ import annotations

import re

from venire.kernel.errors import Forbidden, Invalid, TooLarge
from venire.people.model import Account
from venire.posts.length import CHARACTERS_MOST, countable_length
from venire.posts.model import (
    DIRECT,
    HELD,
    LISTED,
    PRIVATE,
    PUBLIC,
    REMOVED,
    VISIBILITIES,
    VISIBLE,
    Draft,
    Post,
    Relation,
)

MENTIONS_MOST = 50
"""Names past these stay plain text: each one is a person who is told."""
TEXT_BYTES = 12_000
HTML_BYTES = 24_000
"""Together with what an edit keeps, under a commit's 64 KB."""
FAN_OUT_MOST = 10_000
"""Followers up to whom a post is written into feeds; above, it is merged in when they read."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_STATES = frozenset({VISIBLE, HELD, REMOVED})


def check_length(text: str, spoiler: str) -> None:
    """Refuse an empty or too long post. Invalid `text_blank`, `text_too_long`; TooLarge."""
    if not text:
        raise Invalid("text_blank", "Validation failed: Text can't be blank")
    if len(text.encode()) + len(spoiler.encode()) > TEXT_BYTES:
        raise TooLarge("text_too_large", "a post has 12,000 bytes at most", limit=TEXT_BYTES)
    length = countable_length(text, spoiler)
    if length > CHARACTERS_MOST:
        raise Invalid(
            "text_too_long",
            f"Validation failed: Text character limit of {CHARACTERS_MOST} exceeded",
            length=length,
            limit=CHARACTERS_MOST,
        )


def check_html(html: str) -> None:
    """Refuse a text whose markup would not fit where posts are kept."""
    if len(html.encode()) > HTML_BYTES:
        raise TooLarge("text_too_large", "a post has too many long links", limit=HTML_BYTES)


def choose_visibility(asked: str | None, preferred: str, parent: Post | None) -> str:
    """The visibility asked for, else the author's preference, no wider than what it answers."""
    if asked:
        if asked not in VISIBILITIES:
            raise Invalid("visibility_unknown", f"visibility is one of {', '.join(VISIBILITIES)}")
        return asked
    chosen = preferred if preferred in VISIBILITIES else PUBLIC
    if parent is None:
        return chosen
    return max(chosen, parent.visibility, key=VISIBILITIES.index)


def choose_language(asked: str | None, preferred: str | None) -> str | None:
    """A BCP 47 tag, as Mastodon stores it; what is no tag is no answer."""
    for language in (asked, preferred):
        if language and _LANGUAGE.fullmatch(language):
            return language
    return None


def choose_sensitive(draft: Draft, spoiler: str, author: Account) -> bool:
    """A content warning makes a post sensitive, whatever else is said."""
    asked = author.sensitive if draft.sensitive is None else draft.sensitive
    return bool(spoiler) or asked


def check_edit(post: Post, editor_id: int) -> None:
    """Refuse an edit by another, and of a post that a case is looking at.

    A held post is what jurors vote on: it stays as it was until the verdict.
    """
    if post.author_id != editor_id:
        raise Forbidden("not_the_author", "only its author may change a post")
    if post.state == HELD:
        raise Forbidden("post_held", "this post is hidden until the verdict; it cannot be changed")


def check_state(state: str) -> None:
    """Refuse a state that moderation cannot give."""
    if state not in _STATES:
        raise Invalid("state_unknown", f"a state is one of {', '.join(sorted(_STATES))}")


def may_see(post: Post, viewer_id: int | None, relation: Relation) -> bool:
    """Whether a viewer (None: not signed in) may see a post at all."""
    if viewer_id is not None and viewer_id == post.author_id:
        return post.state in {VISIBLE, HELD}
    if post.state != VISIBLE or relation.blocked_by:
        return False
    if post.visibility in LISTED:
        return True
    named = any(mention.id == viewer_id for mention in post.mentions)
    return named or (post.visibility == PRIVATE and relation.following)


def may_list(post: Post, viewer_id: int | None, relation: Relation) -> bool:
    """Whether a post is put before a viewer who did not ask for its author."""
    return may_see(post, viewer_id, relation) and not (relation.blocking or relation.muting)


def belongs_home(post: Post, viewer_id: int, relation: Relation, *, follows_parent: bool) -> bool:
    """Whether a post stands in a viewer's home.

    Of those followed: their posts, and their answers to oneself, to themselves and to others whom
    one follows too. A direct post stands there only for those it names.
    """
    if not may_list(post, viewer_id, relation):
        return False
    if post.author_id == viewer_id:
        return True
    if not relation.following:
        return False
    if post.visibility == DIRECT and not any(m.id == viewer_id for m in post.mentions):
        return False
    parent = post.in_reply_to_account_id
    return not post.replies_to_other or parent == viewer_id or follows_parent


def counts_as_reply(post: Post) -> bool:
    """Whether a reply is in its parent's public count."""
    return post.state == VISIBLE and post.visibility in LISTED and post.in_reply_to_id is not None


def public_page(post: Post) -> bool:
    """Whether a post is listed on the public page: public, and no answer to somebody else."""
    return post.visibility == PUBLIC and not post.replies_to_other
