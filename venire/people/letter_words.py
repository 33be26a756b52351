"""What letters say: plain, short, in the reader's language, with nothing that a stranger wrote.

Only the account's name goes in: whoever signs somebody else up must not choose what they read.
"""

from __future__ import annotations

from typing import NamedTuple

from venire.kernel.clock import utc_day
from venire.kernel.i18n import translate
from venire.people import letters, security_words
from venire.people.mail_codes import CODE
from venire.storage.tables.letters import LetterRow
from venire.storage.world import Site


class Words(NamedTuple):
    """A letter's subject and text."""

    subject: str
    text: str


def words_of(row: LetterRow, site: Site, username: str, link: str) -> Words:
    """The words of a letter."""
    subject, said, otherwise = _SAYERS[row.kind](row.language)
    values = {"site": site.title, "username": username, "day": utc_day(row.until_ms)}
    parts = [said.format(**values), link]
    if row.kind in letters.PATHS:
        parts.append(
            translate(row.language, "The link works once, until {day} (UTC).", day=values["day"])
        )
    parts += [otherwise.format(**values), _signed(row.language, site)]
    return Words(subject.format(**values), "\n\n".join(parts) + "\n")


def _signed(language: str, site: Site) -> str:
    lines = ["-- ", site.title, site.base_url]
    if site.contact:
        lines.append(translate(language, "Contact: {contact}", contact=site.contact))
    return "\n".join(lines)


def _confirm(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "Confirm your e-mail address for {site}"),
        translate(
            language,
            "Somebody, we hope you, made the account @{username} on {site} with this address. Open"
            " this page and press the button to confirm that it is yours:",
        ),
        _not_you(language),
    )


def _not_you(language: str) -> str:
    return translate(
        language,
        "If it was not you, do nothing: without the button nothing happens, and nobody can use"
        " the account.",
    )


def _guardian(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "A child asks for your consent to join {site}"),
        translate(
            language,
            "Somebody who says that you are their parent or guardian wants to join {site} as"
            " @{username}. They are too young to join without your consent. This page says what it"
            " means, and takes your answer, yes or no:",
        ),
        translate(
            language,
            "Without an answer the account is closed after 30 days, and your address is erased"
            " with it. If you are nobody's guardian, answer no.",
        ),
    )


def _admitted(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "Welcome to {site}"),
        translate(
            language, "Your account @{username} on {site} can be used from now on. Sign in here:"
        ),
        translate(language, "You get this letter because you asked to join."),
    )


def _reset(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "Choose a new password for {site}"),
        translate(
            language,
            "Somebody, we hope you, asked for a new password for @{username} on {site}. Choose one"
            " on this page; every browser and app is signed out then:",
        ),
        _untouched(language),
    )


def _untouched(language: str) -> str:
    return translate(language, "If it was not you, do nothing: your account stays as it is.")


def _sign_in(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "Sign in to {site}"),
        translate(
            language,
            "Somebody, we hope you, asked to sign in to @{username} on {site} without a password."
            " Open this page and press the button:",
        ),
        translate(
            language,
            "If it was not you, do nothing. Never pass this link on: whoever has it can sign in.",
        ),
    )


def _leave(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "Delete your account on {site}"),
        translate(
            language,
            "Somebody, we hope you, asked to delete the account @{username} on {site}. This page"
            " says what it means, and does it when you press the button:",
        ),
        _untouched(language),
    )


def _summons(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "An invitation for you on {site}"),
        translate(language, "There is an invitation for you in the jury room:"),
        translate(
            language,
            "You may decline without giving a reason. In the jury room you choose how and when you"
            " hear of invitations, or that you do not want any.",
        ),
    )


def _moved(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "{site}: where we are now"),
        translate(language, "From now on this site is reached here:"),
        translate(
            language,
            "Two of the three people who may say so have signed it. Who kept their keys can check:"
            " the signed text is at this address, under /.well-known/venire-beacon.",
        ),
    )


def _membership(language: str) -> tuple[str, str, str]:
    return (
        translate(language, "Your membership of {site}"),
        translate(
            language,
            "The membership of @{username} on {site} is not renewed by itself. Until when it is"
            " paid, until when it goes on unpaid, and how to pay again stands here:",
        ),
        translate(
            language,
            "Whoever does not pay again loses the membership and nothing else. You hear of it a"
            " week before it ends, at its end, and when it is over.",
        ),
    )


_SAYERS = {
    letters.MEMBERSHIP: _membership,
    letters.MOVED: _moved,
    letters.SUMMONS: _summons,
    letters.CONFIRM: _confirm,
    letters.GUARDIAN: _guardian,
    letters.ADMITTED: _admitted,
    letters.RESET: _reset,
    letters.SIGN_IN: _sign_in,
    letters.LEAVE: _leave,
    CODE: security_words.code,
    **security_words.SAYERS,
}
