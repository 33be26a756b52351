"""What a copyright notice and its answer must say, and how far an item can come. Pure.

Source: 17 U.S.C. 512(c)(3), (g)(2) and (g)(3).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.kernel.states import State, StateMachine

MOST_URLS: Final = 50
_SHORT, _LONG = 300, 4_000
_SATURDAY: Final = 5

NOTICE_STATES: Final = StateMachine(
    name="copyright_notice",
    start="received",
    states=(
        State("received", ("accepted", "refused", "withdrawn"), "due_at_ms", "a moderator"),
        State("accepted", ("withdrawn",), "3 years", "the claimant, or the time of a claim"),
        State("refused", (), None, "nothing: it was refused, with reasons"),
        State("withdrawn", (), None, "nothing: the claimant took it back"),
    ),
)
ITEM_STATES: Final = StateMachine(
    name="copyright_item",
    start="located",
    states=(
        State("located", ("removed", "not_found", "withdrawn"), "due_at_ms", "a moderator"),
        State("removed", ("countered", "withdrawn"), "3 years", "the uploader or the claimant"),
        State(
            "countered",
            ("restored", "action_filed", "withdrawn"),
            "restore_at_ms",
            "the clock, or an action before a court",
        ),
        State("action_filed", ("restored", "withdrawn"), "3 years", "the court"),
        State("restored", (), None, "nothing: it is back in its place"),
        State("withdrawn", (), None, "nothing: the claimant took it back"),
        State("not_found", (), None, "nothing: there is no such post here"),
    ),
)


class Notice(msgspec.Struct, frozen=True):
    """What a claimant states. `good_faith` and `accurate` are the statements the law asks for."""

    name: str
    email: str
    address: str
    phone: str
    owner: str
    work: str
    urls: tuple[str, ...]
    good_faith: bool
    accurate: bool
    signature: str

    def check(self) -> None:
        """Refuse a notice that lacks something. Invalid `copyright_notice_incomplete`."""
        texts = {
            "name": self.name,
            "email": self.email,
            "address": self.address,
            "work": self.work,
            "signature": self.signature,
        }
        missing = [name for name, text in texts.items() if not text.strip()]
        missing += [] if any(url.strip() for url in self.urls) else ["urls"]
        missing += [] if self.good_faith else ["good_faith"]
        missing += [] if self.accurate else ["accurate"]
        if missing:
            raise Invalid(
                "copyright_notice_incomplete", "the law asks for more than this", missing=missing
            )
        if "@" not in self.email:
            raise Invalid("email_invalid", "this is no e-mail address")
        if len(self.urls) > MOST_URLS:
            raise Invalid("too_many_values", f"urls takes {MOST_URLS} at most", parameter="urls")
        _check_lengths({**texts, "phone": self.phone, "owner": self.owner}, long="work")
        _check_lengths({f"urls {n}": url for n, url in enumerate(self.urls)}, long="", most=2_048)


class Counter(msgspec.Struct, frozen=True):
    """What an uploader states against it. `mistake` is sworn; `jurisdiction` is consented to."""

    name: str
    address: str
    contact: str
    mistake: bool
    jurisdiction: bool
    signature: str
    text: str = ""

    def check(self) -> None:
        """Refuse an answer that lacks something. Invalid `counter_notice_incomplete`."""
        texts = {
            "name": self.name,
            "address": self.address,
            "contact": self.contact,
            "signature": self.signature,
        }
        missing = [name for name, text in texts.items() if not text.strip()]
        missing += [] if self.mistake else ["mistake"]
        missing += [] if self.jurisdiction else ["jurisdiction"]
        if missing:
            raise Invalid(
                "counter_notice_incomplete", "the law asks for more than this", missing=missing
            )
        _check_lengths({**texts, "text": self.text}, long="text")


def _check_lengths(texts: dict[str, str], *, long: str, most: int = _SHORT) -> None:
    for name, text in texts.items():
        limit = _LONG if name == long else most
        if len(text) > limit:
            raise Invalid(
                "text_too_long",
                f"{name} has {limit} characters at most",
                parameter=name,
                limit=limit,
            )


def business_days_after(at_ms: int, days: int) -> int:
    """The same hour, so many days of Monday to Friday later.

    Holidays count as days: which there are differs by place, and the law leaves four days between.
    """
    moment_ms = at_ms
    left = days
    while left:
        moment_ms += DAY_MS
        day = dt.datetime.fromtimestamp(moment_ms // 1000, tz=dt.UTC).weekday()
        left -= day < _SATURDAY
    return moment_ms
