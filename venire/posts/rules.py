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

import msgspec

from venire.kernel.errors import Forbidden, Invalid, TooLarge
from venire.people.model import Account
from venire.posts.length import CHARACTERS_MOST, countable_length
from venire.posts.markup import clean_text
from venire.posts.media.model import Attachment
from venire.posts.model import (
    ANYONE,
    DIRECT,
    FOLLOWERS,
    HELD,
    LISTED,
    NOBODY,
    PRIVATE,
    PUBLIC,
    QUOTE_POLICIES,
    REMOVED,
    REPLY_POLICIES,
    VISIBILITIES,
    VISIBLE,
    Draft,
    MediaChange,
    Poll,
    PollDraft,
    Post,
    Relation,
)

MENTIONS_MOST = 50
"""Names past these stay plain text: each one is a person who is told."""
TEXT_BYTES = 12_000
HTML_BYTES = 24_000
POST_BYTES = 52_000
"""Of all its texts and what an edit keeps of them: with the rest of it under a commit's 64 KB."""
FAN_OUT_MOST = 10_000
"""Followers up to whom a post is written into feeds; above, it is merged in when they read."""

ATTACHMENTS_MOST = 4
DESCRIPTION_LENGTH = 1_500
POLL_OPTIONS_LEAST, POLL_OPTIONS_MOST, POLL_OPTION_LENGTH = 2, 4, 50
POLL_LEAST_S, POLL_MOST_S = 300, 2_629_746
"""Mastodon's limits: clients take theirs from the instance, older ones know these by heart."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_STATES = frozenset({VISIBLE, HELD, REMOVED})


def check_length(text: str, spoiler: str, *, shows: bool = False) -> None:
    """Refuse an empty or too long post. Invalid `text_blank`, `text_too_long`; TooLarge.

    `shows`: it has pictures or quotes another post, so it need not say anything.
    """
    if not text and not shows:
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


def check_size(post: Post, before: Post | None = None) -> None:
    """Refuse a post that does not fit into a commit, with what an edit keeps of it as it was."""
    size = len(post.html.encode()) + sum(
        len(one.text.encode()) + sum(len((a.description or "").encode()) for a in one.attachments)
        for one in (post, before)
        if one is not None
    )
    if size > POST_BYTES:
        hint = "this text and these descriptions together are too long"
        raise TooLarge("text_too_large", hint, limit=POST_BYTES)


def choose_visibility(
    asked: str | None, preferred: str, parent: Post | None, quoted: Post | None = None
) -> str:
    """The visibility asked for, else the author's preference, no wider than what it answers.

    A quote of one's own followers-only post is for followers too, whatever was asked for.
    """
    chosen = _visibility(asked, preferred, parent)
    if quoted is not None and quoted.visibility == PRIVATE:
        return max(chosen, PRIVATE, key=VISIBILITIES.index)
    return chosen


def _visibility(asked: str | None, preferred: str, parent: Post | None) -> str:
    if asked:
        if asked not in VISIBILITIES:
            raise Invalid("visibility_unknown", f"visibility is one of {', '.join(VISIBILITIES)}")
        return asked
    chosen = preferred if preferred in VISIBILITIES else PUBLIC
    if parent is None:
        return chosen
    return max(chosen, parent.visibility, key=VISIBILITIES.index)


def choose_repost_visibility(asked: str | None, post: Post, account_id: int) -> str:
    """To whom a boost shows a post: no wider than the post. Forbidden `repost_not_allowed`.

    Invalid `visibility_unknown`.
    """
    own = post.author_id == account_id
    if post.visibility == DIRECT or (post.visibility == PRIVATE and not own):
        raise Forbidden("repost_not_allowed", "This action is not allowed")
    if asked and asked not in VISIBILITIES[:3]:
        choices = ", ".join(VISIBILITIES[:3])
        raise Invalid("visibility_unknown", f"visibility is one of {choices}")
    if post.visibility == PRIVATE:
        return PRIVATE
    return asked or PUBLIC


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


def check_reply(parent: Post, author_id: int, *, follows: bool) -> None:
    """Refuse an answer that the author of a post did not want. Forbidden `reply_not_allowed`."""
    if author_id == parent.author_id or parent.reply_policy == ANYONE:
        return
    named = any(mention.id == author_id for mention in parent.mentions)
    if named or (parent.reply_policy == FOLLOWERS and follows):
        return
    raise Forbidden("reply_not_allowed", "The author of this post limits who can answer it")


def choose_reply_policy(asked: str | None) -> str:
    """Who may answer. Invalid `reply_policy_unknown`."""
    if asked and asked not in REPLY_POLICIES:
        choices = ", ".join(REPLY_POLICIES)
        raise Invalid("reply_policy_unknown", f"reply_policy is one of {choices}")
    return asked or ANYONE


def choose_quote_policy(asked: str | None, visibility: str) -> str:
    """Who may quote; nobody, where not everyone may see. Invalid `quote_policy_unknown`."""
    if asked and asked not in QUOTE_POLICIES:
        choices = ", ".join(QUOTE_POLICIES)
        raise Invalid("quote_policy_unknown", f"quote_approval_policy is one of {choices}")
    return (asked or PUBLIC) if visibility in LISTED else NOBODY


def poll_of(draft: PollDraft | None, now_ms: int, *, has_media: bool) -> Poll | None:
    """The poll that a post begins. Invalid `poll_invalid`, `poll_with_media`.

    Source of the words: Mastodon's own, which clients show as they are.
    """
    if draft is None:
        return None
    if has_media:
        raise Invalid("poll_with_media", "Cannot attach a poll to a post that has media")
    options = tuple(" ".join(clean_text(option).split()) for option in draft.options)
    fault = _poll_fault(options, draft.expires_in_s)
    if fault is not None:
        raise Invalid("poll_invalid", f"Validation failed: {fault}")
    return Poll(
        options=options,
        multiple=draft.multiple,
        ends_at_ms=now_ms + draft.expires_in_s * 1_000,
        hide_totals=draft.hide_totals,
    )


def _poll_fault(options: tuple[str, ...], expires_in_s: int) -> str | None:
    faults = (
        (not all(options), "Options can't be blank"),
        (len(options) < POLL_OPTIONS_LEAST, "Options must be more than one item"),
        (
            len(options) > POLL_OPTIONS_MOST,
            f"Options can't contain more than {POLL_OPTIONS_MOST} items",
        ),
        (
            any(len(option) > POLL_OPTION_LENGTH for option in options),
            f"Options can't be longer than {POLL_OPTION_LENGTH} characters each",
        ),
        (len(set(options)) != len(options), "Options contain duplicate items"),
        (expires_in_s > POLL_MOST_S, "Expiration date is too far into the future"),
        (expires_in_s < POLL_LEAST_S, "Expiration date is too soon"),
    )
    return next((text for wrong, text in faults if wrong), None)


def edited_poll(
    post: Post, draft: PollDraft | None, now_ms: int, *, has_media: bool
) -> Poll | None:
    """The poll after an edit; other options begin a new round of votes.

    A round is called by the version that began it: one that was taken away and asked again later
    does not find its old votes.
    """
    new, old = poll_of(draft, now_ms, has_media=has_media), post.poll
    if new is None:
        return None
    same = old is not None and (old.options, old.multiple) == (new.options, new.multiple)
    round_ = old.round if old is not None and same else post.version + 1
    return msgspec.structs.replace(new, round=round_)


def check_attachments(attachments: tuple[Attachment, ...]) -> None:
    """Refuse more than four pictures, or a picture beside a film. Invalid `media_mixed`."""
    if len(attachments) > ATTACHMENTS_MOST:
        raise Invalid("media_too_many", "Cannot attach more than 4 files")
    if len(attachments) > 1 and any(one.kind in {"video", "audio"} for one in attachments):
        raise Invalid("media_mixed", "Cannot attach a video to a post that already contains images")


def changed_attachment(attachment: Attachment, change: MediaChange | None) -> Attachment:
    """An attachment with what an edit changes of it."""
    if change is None:
        return attachment
    if change.description is not None and len(change.description) > DESCRIPTION_LENGTH:
        raise Invalid(
            "description_too_long",
            f"a description has {DESCRIPTION_LENGTH} characters at most",
            limit=DESCRIPTION_LENGTH,
        )
    return msgspec.structs.replace(
        attachment,
        description=attachment.description if change.description is None else change.description,
        focus=attachment.focus if change.focus is None else change.focus,
    )


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
    if post.local_only and viewer_id is None:
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
    """Whether a post is listed on the public page: public, its own, no answer to somebody else."""
    return post.visibility == PUBLIC and not post.replies_to_other and post.reblog_of_id is None
