"""One port, several vendors: the first that can does it, and every answer teaches the next call.

The caller gives what to do with one adapter; a fault's class says what follows (`kernel.vendors`):
a rejection ends the call, anything else goes on to the next vendor in the same call. An account
that is refused is shut in a row before the next one is asked, and the operator hears of it by
event. Health is counted in each process; what decides for others (resting, shut, when it last did
anything) lies in rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from venire.continuity.vendors import breaker, vendor_states
from venire.continuity.vendors.breaker import SERVING, SHUT, Health
from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Problem
from venire.kernel.vendors import AccountClosed, Rejected, VendorFault, VendorUnavailable
from venire.storage.world import World

P = TypeVar("P")
T = TypeVar("T")
_log = logging.getLogger(__name__)
TRY_S: Final = 8.0
_NOTED_EVERY_MS: Final = MINUTE_MS
_LUCK: Final = 1 << 32


class Done(NamedTuple, Generic[T]):
    """What a vendor answered, which one, and what the ones asked before it said."""

    value: T
    vendor: str
    before: tuple[tuple[str, str], ...] = ()


class Failover(Generic[P]):
    """The vendors of one kind, in the order of the settings. `services`: name to adapter.

    `try_s`: how long one vendor may take; after that it is unavailable, in doubt. `share`: how many
    calls try another than the first; 0 where that has a price.
    """

    def __init__(
        self,
        world: World,
        kind: str,
        services: Mapping[str, P],
        *,
        try_s: float = TRY_S,
        share: float = breaker.CANARY_SHARE,
    ) -> None:
        self._world = world
        self.kind = kind
        self.services = dict(services)
        self._try_s = try_s
        self._share = share
        self._known: dict[str, Health] = {}
        self._noted_ms: dict[str, int] = {}
        self._trying: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """The vendors, in the order of the settings."""
        return tuple(self.services)

    async def call(
        self,
        ask: Callable[[P], Awaitable[T]],
        *,
        among: Sequence[str] | None = None,
        once: bool = False,
    ) -> Done[T]:
        """Have it done by the first vendor that can.

        `among`: only these, in this order (a country's, say). `once`: doing it twice costs
        somebody, so that a vendor in doubt ends the call: ask the same one again, by its name.

        Raises Rejected; AccountClosed where every account is refused; otherwise the last fault, or
        VendorUnavailable `no_vendor` where none is configured, `all_shut` where none may be asked.
        """
        names = self.names if among is None else [one for one in among if one in self.services]
        if not names:
            raise VendorUnavailable("no_vendor")
        order = breaker.order(
            names, await self._healths(names), self._world.now_ms(), self._luck(), self._share
        )
        before: list[tuple[str, str]] = []
        last: VendorFault | None = None
        for name in order:
            if name in self._trying and name != order[-1]:
                # One that has rested is tried by one call at a time.
                continue
            try:
                value = await self._try(name, ask)
            except VendorFault as fault:
                if isinstance(fault, Rejected):
                    raise
                last = fault
                before.append((name, fault.said))
                if once and isinstance(fault, VendorUnavailable) and fault.in_doubt:
                    raise
                continue
            if before:
                _log.warning(
                    "vendor_switched",
                    extra={"kind": self.kind, "vendor": name, "before": dict(before)},
                )
            return Done(value, name, tuple(before))
        raise last or VendorUnavailable("all_shut")

    async def call_one(self, name: str, ask: Callable[[P], Awaitable[T]]) -> T:
        """Have it done by this vendor and no other: what it began, it alone can end.

        One that is shut is asked all the same. Raises the faults.
        """
        if name not in self.services:
            raise VendorUnavailable("no_vendor")
        return await self._try(name, ask)

    async def _try(self, name: str, ask: Callable[[P], Awaitable[T]]) -> T:
        rested = self._known.get(name, Health()).state != SERVING
        if rested:
            self._trying.add(name)
        try:
            async with asyncio.timeout(self._try_s):
                value = await ask(self.services[name])
        except TimeoutError:
            late = VendorUnavailable("timeout", in_doubt=True)
            await self._learn(name, late)
            raise late from None
        except Rejected:
            await self._learn(name, None)
            raise
        except VendorFault as fault:
            await self._learn(name, fault)
            raise
        except Problem:
            # Ours, not the vendor's: the caller is told.
            raise
        except Exception as error:  # noqa: BLE001 - the next vendor works in spite of it
            _log.exception("adapter_failed", extra={"kind": self.kind, "vendor": name})
            failed = VendorUnavailable(type(error).__name__.lower(), in_doubt=True)
            await self._learn(name, failed)
            raise failed from None
        finally:
            self._trying.discard(name)
        await self._learn(name, None)
        return value

    async def _healths(self, names: Sequence[str]) -> dict[str, Health]:
        rows = await vendor_states.load(self._world, self.kind)
        for name in names:
            self._known[name] = vendor_states.merged(
                self._known.get(name, rows.get(name, Health())), rows.get(name)
            )
        return {name: self._known[name] for name in names}

    async def _learn(self, name: str, fault: VendorFault | None) -> None:
        """Count an answer; write it down where others need it, and else once a minute."""
        now_ms = self._world.now_ms()
        before = self._known.get(name, Health())

        def step(health: Health) -> Health:
            counted = breaker.counting(health, before.faults)
            if fault is None:
                return breaker.after_success(counted, now_ms)
            return breaker.after_fault(counted, fault, now_ms)

        after = step(before)
        self._known[name] = after
        turned = (after.state, after.until_ms) != (before.state, before.until_ms)
        # A clock that was put back must not silence a vendor's news for as long as it was ahead.
        due = abs(now_ms - self._noted_ms.get(name, -_NOTED_EVERY_MS)) >= _NOTED_EVERY_MS
        if not turned and not due:
            return
        self._noted_ms[name] = now_ms
        if isinstance(fault, AccountClosed):
            _log.critical(
                "vendor_shut",
                extra={"kind": self.kind, "vendor": name, "said": fault.said},
            )
        try:
            self._known[name] = await vendor_states.change(self._world, self.kind, name, step)
        except Problem:
            # What was asked for is done, or goes on to the next vendor: this is only its health.
            _log.exception("vendor_state_not_written", extra={"vendor": name})
            self._forget(name, before)
        except BaseException:
            # Whoever asked has gone: nobody has heard of it, so it must not stay so in silence.
            self._forget(name, before)
            raise

    def _forget(self, name: str, before: Health) -> None:
        """What could not be written down and is to be told is found again by the next call."""
        self._noted_ms.pop(name, None)
        if self._known[name].state == SHUT != before.state:
            self._known[name] = before

    def _luck(self) -> float:
        return int.from_bytes(self._world.chance.token(4), "big") / _LUCK
