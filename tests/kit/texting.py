"""Ways to people's phones in a test: vendors' stand-ins on the loopback, failover, and desks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from venire.cli.drills.counterparts.infobip import InfobipCounterpart
from venire.cli.drills.counterparts.server import served
from venire.cli.drills.counterparts.twilio import TwilioCounterpart
from venire.continuity.vendors.failover import Failover
from venire.continuity.vendors.messaging import OneChat, Texts
from venire.jury.chats import Chats
from venire.kernel.ports import ChatService, SmsService
from venire.people.phone_rules import TextPolicy
from venire.people.texts import Phones, report_address
from venire.storage.world import World

POLICY = TextPolicy(("ID",), per_day=500, cost=10, budget=100_000)


class Vendors:
    """Two vendors of texts, the first of which is asked first."""

    def __init__(self):
        self.twilio = TwilioCounterpart()
        self.infobip = InfobipCounterpart()

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [*self.twilio.sent, *self.infobip.sent]

    def code(self, number: str) -> str:
        """The code that was sent last to a number."""
        said = [text for to, text in self.texts if to == number]
        found = re.search(r"\b(\d{6})\b", said[-1])
        assert found
        return found[1]


@contextlib.asynccontextmanager
async def open_texts(court: Any, policy: TextPolicy = POLICY) -> AsyncIterator[Vendors]:
    """Give a court two vendors of texts."""
    world: World = court.world
    vendors = Vendors()
    with served(vendors.twilio), served(vendors.infobip):
        services: dict[str, SmsService] = {
            "first": vendors.twilio.adapter(reports_at=report_address(world, "first")),
            "second": vendors.infobip.adapter(reports_at=report_address(world, "second")),
        }
        failover = Failover[SmsService](world, "sms", services, try_s=1.0, share=0.0)
        object.__setattr__(court, "phones", Phones(Texts(failover), policy, services))
        yield vendors


def give_chats(court: Any, services: Mapping[str, ChatService]) -> None:
    """Give a court chat services, by their names."""
    failover = Failover[ChatService](court.world, "chat", services, try_s=2.0, share=0.0)
    chats = Chats({name: OneChat(failover, name) for name in services})
    object.__setattr__(court, "chats", chats)
