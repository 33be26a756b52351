"""Letters over two submissions or more: the same letter by the next one in the same try.

What a server says of a recipient ends the call; of us, or of nothing at all, it goes on. The
letter keeps its Message-ID, so that one that came twice is one for whoever reads it.

With one submission there is nobody else to ask, so it is asked on however it does: people wait for
letters, and asking costs nothing. How it does is known all the same, and told when it refuses us.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from venire.continuity.vendors import breaker, vendor_states
from venire.continuity.vendors.breaker import SHUT, Health
from venire.continuity.vendors.failover import Failover
from venire.kernel.errors import Problem
from venire.kernel.ports import Letter, MailAnswer, MailService
from venire.kernel.vendors import AccountClosed, Rejected, VendorFault, VendorUnavailable
from venire.storage.world import World

_log = logging.getLogger(__name__)
KIND: Final = "mail"
TRY_S: Final = 25.0
"""How long one submission may take: servers that greet late are meant to."""
ALONE_S: Final = 65.0
"""The same where no other one waits."""


class MailRoutes:
    """Hands letters to the first server that takes them. Implements `kernel.ports.MailService`."""

    def __init__(self, world: World, services: Mapping[str, MailService]) -> None:
        self._world = world
        alone = len(services) == 1
        self._only = next(iter(services)) if alone else ""
        self.failover: Failover[MailService] = Failover(
            world, KIND, services, try_s=ALONE_S if alone else TRY_S
        )

    async def send(self, letter: Letter) -> MailAnswer:
        """See `MailService.send`. Silence for all letters is asked for where all servers are."""

        async def hand_over(service: MailService) -> MailAnswer:
            return _faults(await service.send(letter))

        try:
            if not self._only:
                return (await self.failover.call(hand_over)).value
            answer = await self.failover.call_one(self._only, hand_over)
        except VendorFault as fault:
            return _answer(fault)
        await self._serves_again()
        return answer

    async def _serves_again(self) -> None:
        """It took a letter: whoever had it let us back has looked, so it is not shut any more."""
        try:
            known = await vendor_states.load(self._world, KIND)
            if known.get(self._only, Health()).state == SHUT:
                now_ms = self._world.now_ms()
                await vendor_states.change(
                    self._world, KIND, self._only, lambda health: breaker.reset(health, now_ms)
                )
        except Problem:
            # The letter is sent: a second one would not put this right.
            _log.exception("vendor_state_not_written", extra={"vendor": self._only})

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
