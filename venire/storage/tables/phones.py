"""Tables of the people room that hold phone numbers, one-time codes, and what texts cost.

A number lies in one row, sealed; everywhere else there is a mark of it that only this site's key
makes. Counts are of networks, prefixes and days, never of a person.
"""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class PhoneRow(msgspec.Struct, frozen=True):
    """The number of an account, sealed; empty where it was taken away again."""

    account_id: int
    version: int
    sealed_number: bytes
    number_mark: bytes
    region: str
    verified_at_ms: int


class PhoneNumberRow(msgspec.Struct, frozen=True):
    """A number by its mark, claimed by or given to an account."""

    number_mark: bytes
    account_id: int


class PhoneCodeRow(msgspec.Struct, frozen=True):
    """The code that an account was sent last. `session_mark`: where it was asked for.

    `text_key` names the text that it went out with. `tries`: how often something else was said.
    """

    account_id: int
    session_mark: bytes
    code_mark: bytes
    sealed_number: bytes
    number_mark: bytes
    region: str
    text_key: str
    tries: int
    asked_at_ms: int
    until_ms: int


class TextCountRow(msgspec.Struct, frozen=True):
    """What went out in one window under one name: a network, a session, a prefix, an hour.

    `cost` is in minor units of the budget's currency.
    """

    name: str
    until_ms: int
    sent: int
    verified: int
    delivered: int
    failed: int
    cost: int


class TextPaceRow(msgspec.Struct, frozen=True):
    """How often one number was written to. `times`: JSON, the last three moments."""

    name: str
    times: bytes
    waits: int
    next_at_ms: int


class TextDayRow(msgspec.Struct, frozen=True):
    """What went to one dial code on one day; 0 stands for what belongs to none.

    `sent` are codes, `alerts` all else. `unknown`: receipts of texts that nobody sent.
    """

    day: str
    dial: int
    sent: int
    alerts: int
    verified: int
    delivered: int
    failed: int
    refused: int
    unknown: int


class SentTextRow(msgspec.Struct, frozen=True):
    """A text that went out, by its key: where it is counted, and what its receipts say.

    `prefix_name` is empty where no code is waited for. `state`: `""` on its way, `taken` by a
    vendor, or what a receipt said last.
    """

    text_key: str
    day: str
    dial: int
    prefix_name: str
    state: str
    verified: bool


class TextSwitchRow(msgspec.Struct, frozen=True):
    """Whether an operator has stopped what this switch is for."""

    name: str
    stopped: bool
    changed_at_ms: int


PHONES = Table(
    name="phones",
    row=PhoneRow,
    question="Which phone number is this account's?",
    partition=("account_id",),
    aggregate="phone:{account_id}",
    version="version",
    subject=("account_id",),
    retention="until it is taken away, or the account is erased",
)
PHONE_NUMBERS = Table(
    name="phone_numbers",
    row=PhoneNumberRow,
    question="Whose is this number?",
    partition=("number_mark",),
    aggregate="phone:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="as the number itself",
    expires=True,
)
PHONE_CODES = Table(
    name="phone_codes",
    row=PhoneCodeRow,
    question="Which code was this account sent?",
    partition=("account_id",),
    aggregate="phone_code:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="10 minutes",
    expires=True,
)
TEXT_COUNTS = Table(
    name="text_counts",
    row=TextCountRow,
    question="How much went out under this name in its window?",
    partition=("name",),
    aggregate="text_count:{name}",
    guarded=True,
    retention="its window: an hour to seven days",
    expires=True,
)
TEXT_PACES = Table(
    name="text_paces",
    row=TextPaceRow,
    question="When may this number be written to again?",
    partition=("name",),
    aggregate="text_pace:{name}",
    guarded=True,
    retention="a day after the last text",
    expires=True,
)
TEXT_DAYS = Table(
    name="text_days",
    row=TextDayRow,
    question="What went to which countries on this day?",
    partition=("day",),
    clustering=("dial",),
    aggregate="text_day:{day}:{dial}",
    guarded=True,
    retention="35 days",
    expires=True,
)
SENT_TEXTS = Table(
    name="sent_texts",
    row=SentTextRow,
    question="What became of this text?",
    partition=("text_key",),
    aggregate="text:{text_key}",
    guarded=True,
    retention="three days",
    expires=True,
)
TEXT_SWITCHES = Table(
    name="text_switches",
    row=TextSwitchRow,
    question="Has an operator stopped the texts?",
    partition=("name",),
    aggregate="text_switch:{name}",
    retention="for good",
)

TABLES = (
    PHONES,
    PHONE_NUMBERS,
    PHONE_CODES,
    TEXT_COUNTS,
    TEXT_PACES,
    TEXT_DAYS,
    SENT_TEXTS,
    TEXT_SWITCHES,
)
