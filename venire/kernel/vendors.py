"""What can go wrong with a vendor, as four classes that decide what is done next.

VendorFault
├── Rejected       the recipient's or the request's own fault: stop, no other vendor will help
├── VendorThrottled    too much of ours: another vendor now, this one later
├── VendorUnavailable  no answer, or none that makes sense: another vendor now, this one later
└── AccountClosed  we are no longer served: nothing is sent there until a person has looked

Adapters raise these and nothing else for what the other side does or is. `said` is the vendor's
code or the kind of fault, never a text, an address or a secret: it is kept and shown.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import msgspec

FaultName = Literal["rejected", "throttled", "unavailable", "closed"]
SAID_CHARACTERS: Final = 80
_FORBIDDEN: Final = frozenset({401, 403})
_TOO_MANY: Final = 429
_SERVER: Final = 500
_REQUEST: Final = 400


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as the register lists it: who it is, what leaving it would take.

    `usable`: an adapter speaks to it, so that its health is known by itself; else a person says
    when it was last used. `public`: it agrees to be named.
    """

    kind: str
    name: str
    owner: str = ""
    country: str = ""
    notice_days: int | None = None
    lead_days: int | None = None
    data_held: str = ""
    replacement: str = ""
    usable: bool = False
    public: bool = False


class VendorFault(Exception):  # noqa: N818 - named after what happened, as `kernel.errors`
    """Something a vendor did; `said` is short and holds nothing about anybody."""

    name: ClassVar[FaultName] = "unavailable"

    def __init__(self, said: str) -> None:
        super().__init__(said[:SAID_CHARACTERS])
        self.said = said[:SAID_CHARACTERS]


class Rejected(VendorFault):
    """Not for this recipient, card or request: the same elsewhere."""

    name = "rejected"


class VendorThrottled(VendorFault):
    """We ask too often; `retry_after_s` where the vendor says so."""

    name = "throttled"

    def __init__(self, said: str, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class VendorUnavailable(VendorFault):
    """No answer that can be used.

    `in_doubt`: it may have been done all the same. Where doing it twice costs somebody (a payout),
    nobody else is asked until it is known.
    """

    name = "unavailable"

    def __init__(self, said: str, *, in_doubt: bool = False) -> None:
        super().__init__(said)
        self.in_doubt = in_doubt


class AccountClosed(VendorFault):
    """Our account, key or address is refused: the sign of being put out. A person has to look."""

    name = "closed"


def fault_of_status(status: int, said: str = "", retry_after_s: float | None = None) -> VendorFault:
    """The class of an HTTP status that is no success (RFC 9110 section 15), without more to go by.

    A vendor's own code says more where there is one: an adapter looks at that first.
    """
    words = said or f"http_{status}"
    if status in _FORBIDDEN:
        return AccountClosed(words)
    if status == _TOO_MANY:
        return VendorThrottled(words, retry_after_s)
    if _REQUEST <= status < _SERVER:
        return Rejected(words)
    return VendorUnavailable(words, in_doubt=status >= _SERVER)
