"""What a post is searched by besides its words: short marks, made from it and its author. Pure."""

from __future__ import annotations

from venire.kernel.ports import Document
from venire.people.model import Account
from venire.people.rules import publicly_found
from venire.posts.model import LISTED, PUBLIC, VISIBLE, Post
from venire.posts.scan import find_entities
from venire.posts.search_query import PROPERTIES
from venire.posts.tags import listed_tags

FINDABLE = "findable"
"""Public, and its author lets everyone find what they post."""
_CARRIED = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}


def author_mark(account_id: int) -> str:
    """The mark of what an account posted."""
    return f"by{account_id}"


def named_mark(account_id: int) -> str:
    """The mark of what names an account or answers it."""
    return f"to{account_id}"


def language_mark(language: str) -> str:
    """The mark of what is in a language, `pt-BR` as well as `pt`."""
    return "lang" + language.lower().replace("-", "").replace("_", "")


def tag_mark(tag: str) -> str:
    """The mark of what carries a hashtag."""
    return f"#{tag}"


def property_mark(name: str) -> str:
    """The mark of what `has:` or `is:` asks for."""
    return f"is{name}"


def findable(post: Post, author: Account | None) -> bool:
    """Whether anyone may find a post who neither wrote it nor had to do with it."""
    if author is None or post.visibility != PUBLIC or post.state != VISIBLE:
        return False
    return publicly_found(author)


def properties_of(post: Post) -> frozenset[str]:
    """What a post carries and is, in the words of `has:` and `is:`."""
    kinds = {_CARRIED[one.kind] for one in post.attachments if one.kind in _CARRIED}
    facts = {
        "media": bool(post.attachments),
        "poll": post.poll is not None,
        "link": "://" in post.text and any(e.kind == "link" for e in find_entities(post.text)),
        # There are no previews of pages here: what is shown within a post is the one it quotes.
        "embed": post.quoted_id is not None,
        "quote": post.quoted_id is not None,
        "reply": post.in_reply_to_id is not None,
        "sensitive": post.sensitive,
        "edited": post.edited_at_ms is not None,
    }
    return PROPERTIES & (kinds | {name for name, true in facts.items() if true})


def readers_of(post: Post) -> frozenset[int]:
    """Who may find a post that is not listed: its author, and those it names."""
    return frozenset({post.author_id, *post.mentioned_ids})


def marks_of(post: Post, author: Account | None) -> tuple[str, ...]:
    """Every mark of a post."""
    marks = [author_mark(post.author_id)]
    if findable(post, author):
        marks.append(FINDABLE)
    named = {*post.mentioned_ids, post.in_reply_to_account_id} - {post.author_id, None}
    marks += [named_mark(account_id) for account_id in named if account_id is not None]
    marks += [property_mark(name) for name in properties_of(post)]
    if post.language:
        primary = post.language.split("-")[0]
        marks += dict.fromkeys((language_mark(primary), language_mark(post.language)))
    marks += [tag_mark(tag) for tag in post.tags]
    return tuple(marks)


def document_of(post: Post, author: Account | None) -> Document:
    """A post as the index takes it."""
    listed = post.visibility in LISTED
    described = [one.description for one in post.attachments if one.description]
    options = post.poll.options if post.poll is not None else ()
    return Document(
        post_id=post.id,
        author_id=post.author_id,
        handle=author.username if author is not None else "",
        text=f"{post.spoiler}\n{post.text}" if post.spoiler else post.text,
        created_at_ms=post.created_at_ms,
        more="\n".join([*described, *options]),
        marks=marks_of(post, author),
        tags=listed_tags(post) if post.state == VISIBLE else (),
        readers=None if listed else tuple(readers_of(post)),
    )
