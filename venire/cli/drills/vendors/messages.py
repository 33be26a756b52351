"""Drills of messages: texts, letters, chats; somebody waits for each of them."""

from __future__ import annotations

import functools
import itertools
import re
import time
from collections.abc import Sequence
from typing import Any, Final

import httpx

from venire.cli.drills.counterparts.smtp import Submission
from venire.cli.drills.vendors.casting import Texting, submission, texting
from venire.cli.drills.vendors.stage import (
    Caller,
    Stage,
    vendor_state,
    wait_until,
    write_settings,
)
from venire.kernel.errors import Unavailable
from venire.people.challenges import solves

_LETTERS: Final = 6
NUMBERS: Final = itertools.count(6281210000007, 10_007)


def texts(stage: Stage, data: Any) -> tuple[Texting, Texting, list[Any]]:
    """Two vendors of texts and their blocks: `a` first."""
    first, one = texting(stage, data, 0)
    second, other = texting(stage, data, 1)
    return first, second, [one, other]


def prove_phone(caller: Caller, vendors: Sequence[Texting]) -> str:
    """A member adds a number and says the code that came to it, by whichever vendor; the number."""
    known = {to for one in vendors for to, _ in one.sent}
    ask_code(caller)
    fresh = {to: text for one in vendors for to, text in one.sent if to not in known}
    ((number, text),) = fresh.items()
    found = re.search(r"\b[0-9]{6}\b", text)
    caller.ask("POST", "/api/v1/accounts/phone/verify", json={"code": found[0] if found else ""})
    return number


def ask_code(caller: Caller) -> float:
    """A member asks for a code to a number of their own; the seconds until the answer."""
    shown = caller.ask("GET", "/api/v1/accounts/phone")
    sent = {"number": f"+{next(NUMBERS)}"}
    if shown["challenge"]:
        sent["challenge"] = shown["challenge"]["challenge"]
        sent["challenge_answer"] = _answer(shown["challenge"])
    began_s = time.monotonic()
    caller.ask("POST", "/api/v1/accounts/phone", json=sent)
    return time.monotonic() - began_s


def _answer(challenge: dict[str, Any]) -> str:
    """The work that is asked of whoever has confirmed no address."""
    tried = (str(number) for number in itertools.count())
    return next(one for one in tried if solves(challenge["challenge"], one, challenge["bits"]))


def sms_a_closed(stage: Stage) -> None:
    """The first vendor of texts closes our account; the code that is asked for still comes."""
    data = stage.data()
    first, second, blocks = texts(stage, data)
    write_settings(data, {"phone_countries": ["ID"], "workers": 1}, *blocks)
    serving = stage.serve(data)
    admin = stage.caller(serving.url, stage.account(data, "keeper", "admin"))
    members = [stage.account(data, f"member_{number}") for number in range(9)]
    for member in members[:3]:
        ask_code(stage.caller(serving.url, member))
    stage.log.step(
        "texts go out",
        good=len(first.sent) + len(second.sent) == len(members[:3]),
        note=f"{len(first.sent)} by the first, {len(second.sent)} by the second",
    )
    first.closed = True
    stage.log.gone("the first vendor of texts: account closed")
    before = len(second.sent)
    took_s = ask_code(stage.caller(serving.url, members[3]))
    stage.log.switched()
    stage.log.step(
        "the code came in the same request",
        good=len(second.sent) == before + 1,
        note=f"{took_s:.3f} s",
    )
    # One in twenty asks the second first, to know that it works: then another finds out.
    others = iter(members[4:])
    while vendor_state(admin, "sms", "a-texts") != "shut" and (other := next(others, None)):
        ask_code(stage.caller(serving.url, other))
    wait_until("the vendor is shut", lambda: vendor_state(admin, "sms", "a-texts") == "shut")
    stage.log.detected()
    wait_until("the operator is told", lambda: _told(admin, "a-texts"))
    stage.log.step("the operator was told by a message")
    first.closed = False
    admin.ask("POST", "/api/v1/admin/vendors/sms/a-texts/reset")
    state = vendor_state(admin, "sms", "a-texts")
    stage.log.step("a person let it be asked again", good=state == "serving", note=state)


def _told(admin: Caller, name: str) -> bool:
    found = admin.ask("GET", "/api/v1/conversations")
    return any(name in one["last_status"]["content"] for one in found if one["last_status"])


def ask_letter(url: str, email: str) -> None:
    """Ask for a letter to set a new password, as a person with a browser does."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False, follow_redirects=True) as client:
        page = client.get("/password").raise_for_status().text
        (token,) = set(re.findall(r'name="form_token" value="([^"]+)"', page))
        sent = {"form_token": token, "name": email, "kind": "reset"}
        answer = client.post("/password", data=sent)
        if not answer.is_success:
            raise Unavailable("site_refused", f"{answer.status_code} {answer.text[:2000]}")


def mails(stage: Stage) -> tuple[Submission, Submission, list[Any]]:
    """Two submissions and their blocks: `a` first."""
    first, one = submission(stage, 0)
    second, other = submission(stage, 1)
    return first, second, [one, other]


def _has_letters(server: Submission, count: int) -> bool:
    return len(server.letters) >= count


def mail_a_5xx(stage: Stage) -> None:
    """The first submission refuses us; the letter that is asked for goes by the second."""
    data = stage.data("people", acceptance=False)
    first, second, blocks = mails(stage)
    plain = {"check_mail_hosts": False, "workers": 1, "mail_per_hour": 36_000}
    write_settings(data, plain, *blocks)
    keeper = stage.account(data, "keeper", "admin", "default")
    for number in range(_LETTERS):
        stage.account(data, f"member_{number}", profile="default")
    serving = stage.serve(data, profile="default")
    admin = stage.caller(serving.url, keeper)
    ask_letter(serving.url, "member_0@drill.invalid")
    wait_until("a letter goes out", lambda: bool(first.letters or second.letters))
    stage.log.step("letters go out")
    first.refuses = "closed"
    stage.log.gone("the first submission: 5xx, account closed")
    before = len(second.letters)
    ask_letter(serving.url, "member_1@drill.invalid")
    wait_until("the letter goes by the second", lambda: len(second.letters) > before)
    stage.log.switched()
    letter = second.letters[-1]
    stage.log.step("to whom it was for", good=letter.recipients == ("member_1@drill.invalid",))
    for number in range(2, _LETTERS):
        if vendor_state(admin, "mail", "a-mail") == "shut":
            break
        ask_letter(serving.url, f"member_{number}@drill.invalid")
        wait_until("another letter", functools.partial(_has_letters, second, number))
    shut = vendor_state(admin, "mail", "a-mail") == "shut"
    stage.log.detected()
    stage.log.step("the submission is shut", good=shut)
