"""What goes to people by text message and by chat, and what is heard of it. Pure nouns."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

TextState = Literal["sent", "failed", "delivered"]
"""What a receipt says. A later word of the list wins: receipts come twice and out of order."""
TEXT_STATES: Final[tuple[TextState, ...]] = ("sent", "failed", "delivered")
KEY_CHARACTERS: Final = 36


class TextMessage(msgspec.Struct, frozen=True):
    """A text message. `to` is E.164 with its plus; `key` is ours and the same at every try.

    `key`: 16 to 36 of small letters, digits and hyphens, unguessable: receipts come back under it.
    `valid_s`: how long it is worth delivering.
    """

    to: str
    text: str
    key: str
    language: str
    valid_s: int = 600


class TextTaken(msgspec.Struct, frozen=True):
    """A message that a vendor has taken over. `reference` is the vendor's, `said` its state."""

    reference: str
    said: str = ""


class TextReport(msgspec.Struct, frozen=True):
    """A delivery receipt: what became of the message with this key. `said`: the vendor's code."""

    key: str
    state: TextState
    said: str = ""


class ChatMessage(msgspec.Struct, frozen=True):
    """A line by chat. `recipient` is an address at that service, as a person typed it; no URL."""

    recipient: str
    title: str
    text: str
