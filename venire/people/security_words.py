"""What letters say of a change of how somebody signs in, and of a code; see `letter_words`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from venire.kernel.i18n import translate
from venire.people import factor_rows as rows

Sayer = Callable[[str], tuple[str, str, str]]
"""Language -> subject, text before the link, text after it."""


def code(language: str) -> tuple[str, str, str]:
    """The letter with a code."""
    return (
        translate(language, "Your code for {site}"),
        translate(
            language,
            "Somebody who knows the password of @{username} on {site} is signing in. If it is you,"
            " this is the code, good for ten minutes and for that browser alone:",
        ),
        translate(
            language,
            "If it was not you, change your password now. Nobody of {site} ever asks you for this"
            " code.",
        ),
    )


def _news(subject: str, text: str) -> Sayer:
    def say(language: str) -> tuple[str, str, str]:
        after = translate(
            language,
            "If it was not you, somebody else can act as you: open this page, take away what you"
            " do not know, and choose another password.",
        )
        return translate(language, subject), translate(language, text), after

    return say


TEXTS: Final[dict[str, tuple[str, str]]] = {
    rows.PASSKEY_ADDED: (
        "A passkey was added on {site}",
        (
            "A passkey was added to @{username} on {site}. It opens the account without a password."
            " What opens your account stands here:"
        ),
    ),
    rows.PASSKEY_REMOVED: (
        "A passkey was removed on {site}",
        "A passkey of @{username} on {site} was removed. What opens your account stands here:",
    ),
    rows.TOTP_ADDED: (
        "An authenticator app was added on {site}",
        (
            "From now on a code from an app is asked for when @{username} signs in to {site}. What"
            " opens your account stands here:"
        ),
    ),
    rows.TOTP_REMOVED: (
        "An authenticator app was removed on {site}",
        (
            "The app of @{username} on {site} is asked for no more. What opens your account stands"
            " here:"
        ),
    ),
    rows.MAIL_ADDED: (
        "Codes by e-mail were turned on on {site}",
        (
            "From now on a code is sent to this address when @{username} signs in to {site}. What"
            " opens your account stands here:"
        ),
    ),
    rows.MAIL_REMOVED: (
        "Codes by e-mail were turned off on {site}",
        (
            "No code is sent to this address any more when @{username} signs in to {site}. What"
            " opens your account stands here:"
        ),
    ),
    rows.MAIL_PAUSED: (
        "Codes by e-mail do not count for three days on {site}",
        (
            "A new password for @{username} on {site} was chosen by a letter to this address. So a"
            " code that is sent here does not count for three days: a recovery code opens the"
            " account until then. What opens your account stands here:"
        ),
    ),
    rows.TEXT_ADDED: (
        "Codes by text were turned on on {site}",
        (
            "From now on a code in a text to your phone will do as well when @{username} signs in"
            " to {site}. What opens your account stands here:"
        ),
    ),
    rows.TEXT_REMOVED: (
        "Codes by text were turned off on {site}",
        (
            "No code is sent to your phone any more when @{username} signs in to {site}. What opens"
            " your account stands here:"
        ),
    ),
    rows.RECOVERY_MADE: (
        "New recovery codes were made on {site}",
        (
            "New recovery codes were made for @{username} on {site}; the old ones open nothing any"
            " more. What opens your account stands here:"
        ),
    ),
    rows.RECOVERY_USED: (
        "A recovery code was used on {site}",
        (
            "A recovery code of @{username} on {site} was used and opens nothing any more. What"
            " opens your account stands here:"
        ),
    ),
    rows.CLEARED: (
        "An admin took your second factors away on {site}",
        (
            "An admin of {site} took away every passkey, app and recovery code of @{username}, as"
            " for somebody who lost them. The password alone opens the account now. Add what you"
            " trust here:"
        ),
    ),
    rows.TRIES_SPENT: (
        "Somebody failed at the second step on {site}",
        (
            "Somebody who knows the password of @{username} on {site}, or reads your letters, gave"
            " five wrong answers at the second step. They did not come in. What opens your account"
            " stands here:"
        ),
    ),
}
"""Kind -> subject and text, before the link to the page of security."""

SAYERS: Final[dict[str, Sayer]] = {kind: _news(*texts) for kind, texts in TEXTS.items()}
