"""Tables of the people room that hold second factors, passkeys and sign-ins half done.

No secret opens here: of codes there are hashes, the seed of a TOTP is sealed (`kernel/vault.py`),
of a passkey there is the public half.
"""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class FactorsRow(msgspec.Struct, frozen=True):
    """What an account signs in with besides a password. `totp_pending` waits for its first code.

    `text_at_ms`: since when a text to the account's phone will do as well; never by itself.

    `totp_step`: the newest step whose code was used. `recovery`: JSON list of Argon2id hashes, the
    empty text where a code was used. `passkeys`: how many there are.
    """

    account_id: int
    version: int
    totp_sealed: bytes
    totp_step: int
    totp_at_ms: int | None
    totp_pending: bytes
    mail_at_ms: int | None
    text_at_ms: int | None
    recovery: bytes
    recovery_at_ms: int | None
    passkeys: int


class PasskeyRow(msgspec.Struct, frozen=True):
    """One passkey. `party`: the domain that it works for (its RP ID); `handle`: the user handle."""

    account_id: int
    id: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    party: str
    transports: str
    backed_up: bool
    made_at_ms: int
    used_at_ms: int | None


class PasskeyCredentialRow(msgspec.Struct, frozen=True):
    """The same passkey, found by the SHA-256 of its credential id."""

    credential_hash: bytes
    account_id: int
    id: int


class SpentCeremonyRow(msgspec.Struct, frozen=True):
    """A challenge that was answered: it answers nothing again before it ends."""

    challenge_hash: str
    until_ms: int


class SecondStepRow(msgspec.Struct, frozen=True):
    """A sign-in that waits for its second step. `first`: password or mailbox.

    `letter_id`: the letter with a code, 0 while none was asked for.
    """

    ticket_hash: str
    version: int
    account_id: int
    first: str
    letter_id: int
    letters: int
    tries: int
    spent: bool
    until_ms: int


class ConfirmedRow(msgspec.Struct, frozen=True):
    """A browser or a token whose owner has just shown again who they are; `holder` names it."""

    holder: str
    account_id: int
    until_ms: int


FACTORS = Table(
    name="factors",
    row=FactorsRow,
    question="What does this account sign in with besides a password?",
    partition=("account_id",),
    aggregate="factors:{account_id}",
    version="version",
    subject=("account_id",),
    retention="until the account is erased",
)
PASSKEYS = Table(
    name="passkeys",
    row=PasskeyRow,
    question="Which passkeys has this account?",
    partition=("account_id",),
    clustering=("id",),
    aggregate="factors:{account_id}",
    subject=("account_id",),
    retention="until removed",
)
PASSKEY_CREDENTIALS = Table(
    name="passkey_credentials",
    row=PasskeyCredentialRow,
    question="Whose passkey is this?",
    partition=("credential_hash",),
    aggregate="factors:{account_id}",
    subject=("account_id",),
    retention="until removed",
)
SPENT_CEREMONIES = Table(
    name="spent_ceremonies",
    row=SpentCeremonyRow,
    question="Was this challenge of a passkey answered before?",
    partition=("challenge_hash",),
    aggregate="ceremony:{challenge_hash}",
    guarded=True,
    retention="10 minutes",
    expires=True,
)
SECOND_STEPS = Table(
    name="second_steps",
    row=SecondStepRow,
    question="Whose sign-in waits for its second step?",
    partition=("ticket_hash",),
    aggregate="second_step:{ticket_hash}",
    version="version",
    subject=("account_id",),
    retention="10 minutes",
    expires=True,
)
CONFIRMED = Table(
    name="confirmed",
    row=ConfirmedRow,
    question="Has whoever holds this session or token just shown again who they are?",
    partition=("holder",),
    aggregate="confirmed:{holder}",
    subject=("account_id",),
    retention="10 minutes",
    expires=True,
)

TABLES = (FACTORS, PASSKEYS, PASSKEY_CREDENTIALS, SPENT_CEREMONIES, SECOND_STEPS, CONFIRMED)
