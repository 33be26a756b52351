"""Letters over two submissions or more: the same letter by the next one in the same try.

What a server says of a recipient ends the call; of us, or of nothing at all, it goes on. The
letter keeps its Message-ID, so that one that came twice is one for whoever reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from venire.continuity.vendors.failover import Failover
from venire.kernel.ports import Letter, MailAnswer, MailService
from venire.kernel.vendors import AccountClosed, Rejected, VendorFault, VendorUnavailable
from venire.storage.world import World

KIND: Final = "mail"
TRY_S: Final = 25.0
"""How long one submission may take: servers that greet late are meant to."""


class MailRoutes:
    """Hands letters to the first server that takes them. Implements `kernel.ports.MailService`."""

    def __init__(self, world: World, services: Mapping[str, MailService]) -> None:
        self.failover: Failover[MailService] = Failover(world, KIND, services, try_s=TRY_S)

    async def send(self, letter: Letter) -> MailAnswer:
        """See `MailService.send`. Silence for all letters is asked for where all servers are."""

        async def hand_over(service: MailService) -> MailAnswer:
            return _faults(await service.send(letter))

        try:
            return (await self.failover.call(hand_over)).value
        except VendorFault as fault:
            return _answer(fault)

    async def check(self) -> MailAnswer:
        """See `MailService.check`: `sent` where every server would take a letter."""
        worst = MailAnswer("sent")
        for service in self.failover.services.values():
            answer = await service.check()
            worst = worst if answer.outcome == "sent" else answer
        return worst


def _faults(answer: MailAnswer) -> MailAnswer:
    """An answer as failover reads it: raised, unless the letter was taken."""
    if answer.outcome == "sent":
        return answer
    if answer.outcome == "rejected":
        raise Rejected(answer.said)
    if answer.outcome == "closed":
        raise AccountClosed(answer.said)
    # One recipient's greylist is not the server's health: it rests after three in a row.
    raise _Later(answer) if answer.outcome == "throttled" else VendorUnavailable(answer.said)


class _Later(VendorUnavailable):
    """Not this letter now; others may pass."""

    def __init__(self, answer: MailAnswer) -> None:
        super().__init__(answer.said)


def _answer(fault: VendorFault) -> MailAnswer:
    if isinstance(fault, Rejected):
        return MailAnswer("rejected", fault.said)
    if isinstance(fault, AccountClosed) or fault.said == "all_shut":
        return MailAnswer("closed", fault.said)
    return MailAnswer("throttled" if isinstance(fault, _Later) else "unavailable", fault.said)
