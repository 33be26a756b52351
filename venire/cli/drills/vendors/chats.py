"""Drills of chats: the room in which jurors were reached is closed over their heads."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from venire.cli.drills.counterparts.chat import SECRETS, ChatCounterpart
from venire.cli.drills.vendors import messages
from venire.cli.drills.vendors import population as people
from venire.cli.drills.vendors.stage import (
    Caller,
    Stage,
    vendor,
    vendor_state,
    wait_until,
    write_settings,
)

_JURORS: Final = 9
"""As many as may ask for codes from one network in an hour, less one."""
_THREATS: Final = 1


def _prove_chat(caller: Caller, number: int, room: ChatCounterpart) -> None:
    """A juror names an address at the chat and says the code that came there."""
    recipient = f"U01ABC{number:03d}"
    caller.ask("POST", "/api/v1/jury/chats", json={"service": "a-chat", "recipient": recipient})
    found = re.search(r"\b[0-9]{6}\b", room.said[-1][1])
    code = found[0] if found else ""
    caller.ask("POST", "/api/v1/jury/chats/a-chat/prove", json={"code": code})


def chat_gone(stage: Stage) -> None:
    """The chat closes our account; every juror who is summoned hears of it another way."""
    data = stage.data()
    room = ChatCounterpart("slack")
    stage.stand_in(room)
    stage.log.cast("chat", 0, real=False)
    first, second, blocks = messages.texts(stage, data)
    secret = stage.secret(data, "a-chat", SECRETS["slack"])
    chat = vendor("chat", "a-chat", "slack", secret_file=secret, options={"address": room.url})
    write_settings(data, {"phone_countries": ["ID"], "workers": 1}, chat, *blocks)
    serving = stage.serve(data)
    keeper = stage.account(data, "keeper", "admin")
    admin = stage.caller(serving.url, keeper)
    population = asyncio.run(people.settle_people(serving.url, keeper, authors=4, jurors=_JURORS))
    for number, juror in enumerate(population.jurors):
        caller = stage.caller(serving.url, juror)
        messages.prove_phone(caller, (first, second))
        _prove_chat(caller, number, room)
        caller.ask("POST", "/api/v1/jury/alerts", json={"channels": ["chat", "sms"]})
    stage.log.step("jurors hear by chat, and by text if not", note=f"{_JURORS}")
    room.closed = True
    texts = len(first.sent) + len(second.sent)
    stage.log.gone("the chat: account closed")
    asyncio.run(people.post_threats(serving.url, population, 0, _THREATS))

    def summoned() -> int:
        callers = [stage.caller(serving.url, one) for one in population.jurors]
        return sum(bool(one.ask("GET", "/api/v1/jury/summons")) for one in callers)

    wait_until("jurors are summoned", lambda: summoned() > 0, every_s=0.3)
    wait_until("a juror is reached", lambda: len(first.sent) + len(second.sent) > texts)
    stage.log.switched()
    wait_until("the chat is shut", lambda: vendor_state(admin, "chat", "a-chat") == "shut")
    stage.log.detected()
    wait_until(
        "all who are summoned are reached",
        lambda: len(first.sent) + len(second.sent) - texts >= summoned(),
        every_s=0.3,
    )
    reached = len(first.sent) + len(second.sent) - texts
    stage.log.step("every summoned juror was reached by text", note=f"{reached}")
