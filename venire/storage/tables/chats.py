"""Table of the chat addresses at which jurors want to hear that there is an invitation."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class JurorChatRow(msgspec.Struct, frozen=True):
    """An address at one service, sealed. `proved_at_ms`: when its owner said the code sent there.

    `code_mark`, `tries`, `until_ms`: of the code that waits for an answer. Without a recipient it
    was forgotten, since nobody has said its code in a day.
    """

    account_id: int
    service: str
    sealed_recipient: bytes
    code_mark: bytes
    tries: int
    until_ms: int
    proved_at_ms: int | None


JUROR_CHATS = Table(
    name="juror_chats",
    row=JurorChatRow,
    question="Where does this juror hear of a summons by chat?",
    partition=("account_id",),
    clustering=("service",),
    aggregate="juror_chat:{account_id}:{service}",
    guarded=True,
    subject=("account_id",),
    retention="as the account, a day while nobody has proved it; never in an account export",
)

TABLES = (JUROR_CHATS,)
