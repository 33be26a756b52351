"""Tables of direct conversations as each participant has them, and of threads that are muted."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ConversationRow(msgspec.Struct, frozen=True):
    """A conversation of one participant. `recent` is JSON: the newest posts, newest first.

    `last_id` is 0 where nothing is left to show; posts up to `removed_through` were put away.
    """

    account_id: int
    conversation_id: int
    version: int
    last_id: int
    recent: bytes
    unread: bool
    removed_through: int


class ConversationListRow(msgspec.Struct, frozen=True):
    """The same, by its last post."""

    account_id: int
    last_id: int
    conversation_id: int


class ConversationMuteRow(msgspec.Struct, frozen=True):
    """A thread of which an account wants to hear no more."""

    account_id: int
    conversation_id: int
    muted_at_ms: int


CONVERSATIONS = Table(
    name="conversations",
    row=ConversationRow,
    question="How does this conversation stand for this participant?",
    partition=("account_id", "conversation_id"),
    aggregate="conversation:{account_id}:{conversation_id}",
    subject=("account_id",),
    version="version",
    retention="until the account is erased",
)
CONVERSATION_LIST = Table(
    name="conversation_list",
    row=ConversationListRow,
    question="Which conversations has this account, by their last post?",
    partition=("account_id",),
    clustering=("last_id",),
    descending=True,
    aggregate="conversation:{account_id}:{conversation_id}",
    subject=("account_id",),
    retention="until put away by its owner",
)
CONVERSATION_MUTES = Table(
    name="conversation_mutes",
    row=ConversationMuteRow,
    question="Which threads does this account want to hear no more of?",
    partition=("account_id",),
    clustering=("conversation_id",),
    descending=True,
    aggregate="conversation_mute:{account_id}:{conversation_id}",
    subject=("account_id",),
    retention="until undone",
)

TABLES = (CONVERSATIONS, CONVERSATION_LIST, CONVERSATION_MUTES)
