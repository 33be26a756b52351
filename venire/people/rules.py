"""What a name, an address, a password and a profile must be, and how an account stands. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from venire.kernel.errors import Forbidden
from venire.people.ages import turned
from venire.people.model import (
    ACTIVE,
    FOLLOWING,
    REQUESTED,
    Account,
    Changes,
    Field,
    SignUp,
    Standing,
    Tie,
)

USERNAME_LENGTH = 30
PASSWORD_LEAST = 8
PASSWORD_MOST = 256
"""Hashing time grows with length: without a limit a long password is a way to keep us busy."""
EMAIL_LENGTH = 254
DISPLAY_NAME_LENGTH = 100
NOTE_LENGTH = 1_000
FIELDS = 4
FIELD_LENGTH = 255
REASON_LENGTH = 2_000
NAME_WORDS = 5
CLAIM_MS = 10 * 60 * 1_000
"""How long a claimed name waits for its account."""
CLAIM_SPARE_MS = 60 * 1_000
"""No commit relies on a claim in its last minute: somebody else might have the name by then."""

PRIVACY = ("public", "unlisted", "private", "direct")
_RESERVED = (
    "abuse about admin administrator api api_v1 auth everyone explore help home host hostmaster"
    " jury juror legal localhost moderation moderator news noreply notice notices oauth owner"
    " postmaster privacy public record root rules security settings site staff static support"
    " system tags terms venire webmaster web"
)
RESERVED = frozenset(_RESERVED.split())
_LOOKS = str.maketrans("0134578 9i", "oleastb gl", "_")
"""What a digit or a capital is taken for at a glance."""

_USERNAME = re.compile(r"[A-Za-z0-9_]+")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
"""WHATWG's pattern for `input type=email`, with a dot in the domain."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one field: `error` as Mastodon names it, and a plain sentence."""

    field: str
    error: str
    description: str


def handle_of(username: str) -> str:
    """The form in which a username is unique."""
    return username.lower()


def normal_email(email: str) -> str:
    """The form in which an address is unique: trimmed, lower case."""
    return email.strip().lower()


def check_username(username: str, *, operator: bool = False) -> list[Fault]:
    """What is wrong with a username. An operator may give a reserved one."""
    if not username:
        return [Fault("username", "ERR_BLANK", "can't be blank")]
    if len(username) > USERNAME_LENGTH:
        return [
            Fault(
                "username", "ERR_TOO_LONG", f"is too long (maximum is {USERNAME_LENGTH} characters)"
            )
        ]
    if not _USERNAME.fullmatch(username):
        return [
            Fault("username", "ERR_INVALID", "must contain only letters, numbers and underscores")
        ]
    if handle_of(username) in RESERVED and not operator:
        return [Fault("username", "ERR_RESERVED", "is reserved")]
    return []


def skeleton(username: str) -> str:
    """What a username is read as in passing: `Adm1n` and `admin` are one."""
    plain = handle_of(username).translate(_LOOKS)
    return plain.replace("rn", "m").replace("vv", "w").replace("cl", "d")


_RESERVED_LOOKS = frozenset(skeleton(name) for name in RESERVED)


def check_likeness(username: str, staff: Iterable[str]) -> list[Fault]:
    """What is wrong with a username that passes for a reserved one, or for one of the staff's."""
    looks = skeleton(username)
    if looks in _RESERVED_LOOKS or looks in {skeleton(name) for name in staff}:
        return [Fault("username", "ERR_RESERVED", "is reserved")]
    return []


def check_email(email: str, *, operator: bool = False) -> list[Fault]:
    """What is wrong with an e-mail address, by its form. An operator's may be at localhost."""
    normal = normal_email(email)
    if not normal:
        return [Fault("email", "ERR_BLANK", "can't be blank")]
    if operator and normal.endswith("@localhost"):
        normal += ".localdomain"
    if len(normal) > EMAIL_LENGTH or not _EMAIL.fullmatch(normal):
        return [Fault("email", "ERR_INVALID", "is not a valid e-mail address")]
    return []


def check_password(password: str) -> list[Fault]:
    """What is wrong with a password: its length alone (NIST SP 800-63B asks for no classes)."""
    if not password:
        return [Fault("password", "ERR_BLANK", "can't be blank")]
    if len(password) < PASSWORD_LEAST:
        text = f"is too short (minimum is {PASSWORD_LEAST} characters)"
        return [Fault("password", "ERR_TOO_SHORT", text)]
    if len(password) > PASSWORD_MOST:
        text = f"is too long (maximum is {PASSWORD_MOST} characters)"
        return [Fault("password", "ERR_TOO_LONG", text)]
    return []


def check_age(born: str | None, minimum_age: int, today: str) -> list[Fault]:
    """What is wrong with a date of birth. `today` is `YYYY-MM-DD`; age 0 asks for none."""
    if not born:
        blank = Fault("date_of_birth", "ERR_BLANK", "can't be blank")
        return [blank] if minimum_age > 0 else []
    date = parse_date(born)
    if date is None or not "1900-01-01" <= date <= today:
        return [Fault("date_of_birth", "ERR_INVALID", "is not a valid date")]
    if not turned(date, minimum_age, today):
        return [Fault("date_of_birth", "ERR_BELOW_LIMIT", "is below the age limit")]
    return []


def parse_date(text: str) -> str | None:
    """`YYYY-MM-DD` if the text is a date."""
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def check_sign_up(sign_up: SignUp, minimum_age: int, today: str) -> list[Fault]:
    """Everything that is wrong with what someone gave to join."""
    faults = [
        *check_username(sign_up.username),
        *check_email(sign_up.email),
        *check_password(sign_up.password),
        *check_age(sign_up.born, minimum_age, today),
    ]
    if not normal_email(sign_up.email):
        # Mastodon names both, and clients look for either.
        faults.append(Fault("email", "ERR_INVALID", "is invalid"))
    if not sign_up.agreement:
        faults.append(Fault("agreement", "ERR_ACCEPTED", "must be accepted"))
    if sign_up.reason and len(sign_up.reason) > REASON_LENGTH:
        text = f"is too long (maximum is {REASON_LENGTH} characters)"
        faults.append(Fault("reason", "ERR_TOO_LONG", text))
    if sign_up.country and not re.fullmatch(r"[A-Za-z]{2}", sign_up.country):
        faults.append(Fault("country", "ERR_INCLUSION", "is not a country code"))
    if sign_up.guardian_email:
        wrong = check_email(sign_up.guardian_email)
        if not wrong and normal_email(sign_up.guardian_email) == normal_email(sign_up.email):
            wrong = [Fault("guardian_email", "ERR_INVALID", "is your own address")]
        faults += [msgspec.structs.replace(one, field="guardian_email") for one in wrong]
    return faults


def check_changes(changes: Changes) -> list[Fault]:
    """What is wrong with a changed profile."""
    faults = [
        Fault(name, "ERR_TOO_LONG", f"is too long (maximum is {most} characters)")
        for name, text, most in (
            ("display_name", changes.display_name, DISPLAY_NAME_LENGTH),
            ("note", changes.note, NOTE_LENGTH),
        )
        if text is not None and len(text) > most
    ]
    fields = changes.fields or ()
    if len(fields) > FIELDS:
        faults.append(Fault("fields", "ERR_TOO_MANY", f"has {FIELDS} rows at most"))
    if any(max(len(field.name), len(field.value)) > FIELD_LENGTH for field in fields):
        text = f"is too long (maximum is {FIELD_LENGTH} characters)"
        faults.append(Fault("fields", "ERR_TOO_LONG", text))
    if changes.privacy is not None and changes.privacy not in PRIVACY:
        faults.append(Fault("privacy", "ERR_INCLUSION", "is not a visibility"))
    return faults


def clean_fields(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Profile lines without the empty ones, which is how a client deletes a line."""
    return tuple(
        Field(field.name.strip(), field.value.strip())
        for field in fields
        if field.name.strip() or field.value.strip()
    )


def folded_words(text: str) -> list[str]:
    """The words of a text without regard to case and width."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word[:64] for word in re.split(r"[\W_]+", folded) if word]


def name_words(username: str, display_name: str) -> tuple[str, ...]:
    """The words by which an account is found, folded; the handle is the first."""
    found = dict.fromkeys((handle_of(username), *folded_words(display_name)))
    return tuple(found)[: NAME_WORDS + 1]


def sought_word(text: str) -> str:
    """The beginning that a search for an account looks for, empty when there is none."""
    if _USERNAME.fullmatch(text):
        return handle_of(text)
    return next(iter(folded_words(text)), "")


def searchable(account: Account) -> bool:
    """Whether an account is offered to whoever types a part of its name.

    Its whole handle finds it always. `discoverable` decides more than this: whether it is
    recommended to people who did not ask.
    """
    return account.state == ACTIVE and not account.minor and not account.silenced


def publicly_found(account: Account) -> bool:
    """Whether its public posts may be found by people who have nothing to do with it."""
    return account.indexable and searchable(account)


def decide_follow(*, me: int, target: int, blocked: bool, locked: bool, tie: Tie | None) -> str:
    """What a follow becomes: `following` or `requested`. Forbidden to oneself or past a block."""
    if me == target:
        raise Forbidden("cannot_follow_self", "You cannot follow yourself")
    if blocked:
        raise Forbidden("follow_blocked", "This account cannot be followed")
    if tie is not None and tie.state == FOLLOWING:
        return FOLLOWING
    return REQUESTED if locked else FOLLOWING


class Mark(msgspec.Struct, frozen=True):
    """One entry of an account's standing, as a rule sees it."""

    kind: str
    points: int
    suspend_at: int
    given_at_ms: int
    expires_at_ms: int | None
    undone: bool


def standing_of(marks: Sequence[Mark], now_ms: int) -> Standing:
    """How an account stands now.

    Points suspend while their sum is at or over the threshold of the latest strike, so until
    enough of them expire. What was undone or has expired counts for nothing.
    """
    live = [
        mark
        for mark in marks
        if not mark.undone and (mark.expires_at_ms is None or mark.expires_at_ms > now_ms)
    ]
    strikes = sorted((m for m in live if m.kind == "points"), key=lambda m: m.given_at_ms)
    points = sum(mark.points for mark in strikes)
    over = bool(strikes) and points >= strikes[-1].suspend_at
    fixed = [mark.expires_at_ms for mark in live if mark.kind == "suspended"]
    terminated = any(mark.kind == "terminated" for mark in live)
    ends: list[int | None] = [*fixed, *([_points_end(strikes)] if over else [])]
    known = [end for end in ends if end is not None]
    endless = terminated or len(known) < len(ends)
    return Standing(
        points=points,
        suspended=bool(ends) or terminated,
        pending=any(mark.kind == "pending" for mark in live),
        terminated=terminated,
        until_ms=None if endless or not known else max(known),
        silenced=any(mark.kind == "silenced" for mark in live),
        sensitized=any(mark.kind == "sensitized" for mark in live),
        disabled=any(mark.kind == "disabled" for mark in live),
    )


def _points_end(strikes: Sequence[Mark]) -> int | None:
    """When the points fall below the threshold by expiry alone."""
    left = sum(mark.points for mark in strikes)
    dated = [mark for mark in strikes if mark.expires_at_ms is not None]
    for mark in sorted(dated, key=lambda m: m.expires_at_ms or 0):
        left -= mark.points
        if left < strikes[-1].suspend_at:
            return mark.expires_at_ms
    return None


def may_write(standing: Standing, *, posting: bool, waived: bool) -> bool:
    """Whether an account may write. `waived`: points and pending verdicts hold nobody back."""
    if standing.terminated:
        return False
    if waived:
        return True
    return not standing.suspended and not (posting and standing.pending)
