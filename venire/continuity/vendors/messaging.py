"""Texts and chats over vendors that may be gone: what the rooms below are given as one service.

A text that is in doubt goes on to the next vendor all the same: the same code twice harms nobody,
and none at all locks somebody out. A chat address belongs to one service, so nothing takes its
place there: its juror is told in another way.
"""

from __future__ import annotations

from collections.abc import Mapping

from venire.continuity.vendors.failover import Failover
from venire.kernel.messages import ChatMessage, TextMessage, TextReport, TextTaken
from venire.kernel.money import Forged
from venire.kernel.ports import ChatService, SmsService


class Texts:
    """Every vendor of texts as one. Implements `kernel.ports.SmsService`."""

    def __init__(self, failover: Failover[SmsService]) -> None:
        self.failover = failover

    async def send(self, message: TextMessage) -> TextTaken:
        """See `SmsService.send`: by the first vendor that can, in the same call."""
        done = await self.failover.call(lambda one: one.send(message))
        return TextTaken(done.value.reference, f"{done.vendor} {done.value.said}".strip())

    async def check(self) -> None:
        """See `SmsService.check`."""
        await self.failover.call(lambda one: one.check())

    def read_reports(
        self, raw: bytes, headers: Mapping[str, str], query: str, now_ms: int
    ) -> list[TextReport]:
        """Receipts come to the vendor that they are of, by its own address."""
        del raw, headers, query, now_ms
        raise Forged("no_vendor")


class OneChat:
    """One chat service whose health is kept. Implements `kernel.ports.ChatService`."""

    def __init__(self, failover: Failover[ChatService], name: str) -> None:
        self._failover = failover
        self._name = name

    def accepts(self, recipient: str) -> bool:
        """See `ChatService.accepts`."""
        return self._failover.services[self._name].accepts(recipient)

    async def send(self, message: ChatMessage) -> None:
        """See `ChatService.send`. One that rests or is shut is passed over like one that fails."""
        await self._failover.call(lambda one: one.send(message), among=(self._name,))

    async def check(self) -> None:
        """See `ChatService.check`."""
        await self._failover.call_one(self._name, lambda one: one.check())
