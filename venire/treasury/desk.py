"""What moving money needs besides the world: vendors by failover, prices, the bank's template.

Built in `server/wiring.py`. A site without vendors has none of it, and takes and pays nothing
through anybody; its books are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from venire.kernel.money import Digits
from venire.kernel.ports import BankFile, PaymentService, PayoutService
from venire.treasury.membership_rules import Prices

P = TypeVar("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Answered(Protocol[T_co]):
    """What a vendor answered, and which one."""

    @property
    def value(self) -> T_co:
        """The answer."""

    @property
    def vendor(self) -> str:
        """Its name in the settings."""


class Ways(Protocol[P]):
    """The vendors of one kind, first to last (`continuity/vendors/failover.py`)."""

    services: dict[str, P]

    async def call(
        self,
        ask: Callable[[P], Awaitable[T]],
        *,
        among: Sequence[str] | None = None,
        once: bool = False,
    ) -> Answered[T]:
        """Have it done by the first that can."""

    async def call_one(self, name: str, ask: Callable[[P], Awaitable[T]]) -> T:
        """Have it done by this one and no other."""


@dataclasses.dataclass(frozen=True)
class Money:
    """Vendors, prices, and how the bank takes orders."""

    payments: Ways[PaymentService]
    payouts: Ways[PayoutService]
    prices: Prices
    digits: Digits
    bank: BankFile | None = None
    bank_title: str = ""
    currencies: tuple[str, ...] = ()
    """In which jurors are paid, the present one first."""
    forged: dict[str, int] = dataclasses.field(default_factory=dict)
    """How many webhooks of each vendor were refused since the start of this process."""

    def note_forged(self, vendor: str) -> None:
        """Count a webhook that was refused."""
        self.forged[vendor] = self.forged.get(vendor, 0) + 1


def name_of(services: Mapping[str, P], service: P) -> str:
    """What the settings call a service."""
    return next(name for name, one in services.items() if one is service)
