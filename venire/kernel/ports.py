"""Everything asked of the outside, on one page. Adapters implement these; rooms see only these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Literal, Protocol

import msgspec

from venire.kernel.messages import ChatMessage, TextMessage, TextReport, TextTaken
from venire.kernel.money import (
    Checkout,
    CheckoutAsk,
    Destination,
    Fact,
    Notice,
    Payee,
    PayoutAsk,
    PayoutSeen,
)


class Document(msgspec.Struct, frozen=True):
    """A post as the search index holds it.

    `more` goes with the text and is searched, not located: descriptions of media, options of a
    poll. `marks` are facts to search by, in lower case and digits. `tags` are the hashtags that it
    is listed under. `readers`: the only accounts whose search may find it, and nothing else ever
    does; None for a listed post.
    """

    post_id: int
    author_id: int
    handle: str
    text: str
    created_at_ms: int
    more: str = ""
    marks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    readers: tuple[int, ...] | None = None


class Sought(msgspec.Struct, frozen=True):
    """What a member looks for; everything named must hold.

    `texts` are words and phrases as typed. Of each group of `marks` one must be there. Among listed
    posts those are found that have a mark of `scope` (empty: all), or whose id is in `within`; of
    those with readers, the ones that `reader_id` may read, or with an id in `within` whoever may.
    `above` and `below` are post ids, exclusive; `rising` counts from the bottom.
    """

    texts: tuple[str, ...] = ()
    without_texts: tuple[str, ...] = ()
    marks: tuple[tuple[str, ...], ...] = ()
    without_marks: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    reader_id: int | None = None
    within: frozenset[int] = frozenset()
    above: int | None = None
    below: int | None = None
    rising: bool = False


class SearchIndex(Protocol):
    """Full text over posts: rebuildable, fed from events. Removed posts stay in, to be located."""

    async def index(self, documents: Sequence[Document]) -> None:
        """Add or replace documents; found by the next call."""

    async def remove(self, post_ids: Sequence[int]) -> None:
        """Forget documents: for erasure, not for moderation."""

    async def indexed_through(self) -> int:
        """The id of the last event that the index follows from."""

    async def set_indexed_through(self, event_id: int) -> None:
        """Note the last event that the index follows from."""

    async def candidates(
        self, terms: Sequence[str], match: Literal["any", "all"], limit: int
    ) -> list[int]:
        """Ids of listed posts whose folded text has any or all of the terms, best first.

        A term is a word, or with three or more characters a part of one. What has readers is never
        among them.
        """

    async def search(self, sought: Sought, limit: int) -> list[int]:
        """Post ids in order of their id, the newest first unless `rising`."""

    async def part_matches(self, texts: Sequence[str], limit: int) -> list[int]:
        """Ids of listed posts whose text contains all of the texts anywhere, newest first.

        Texts of three characters and more; shorter ones find nothing.
        """

    async def tags(self, start: str, limit: int) -> list[str]:
        """Hashtags that begin so: the tag itself first, then by their newest post."""


class ObjectStore(Protocol):
    """Bytes by content: the key is the SHA-256 of the bytes, in hex."""

    async def put(self, content: bytes) -> str:
        """Keep bytes; return their key."""

    async def put_file(self, file: BinaryIO) -> str:
        """Keep a file, from its beginning, without holding it in memory; return its key."""

    async def get(self, key: str) -> bytes | None:
        """Return the bytes of a key."""

    async def size(self, key: str) -> int | None:
        """Return how many bytes a key has, None where there are none."""

    async def read(self, key: str, start: int, length: int) -> bytes:
        """Return a part of the bytes of a key, unverified; empty where there is none."""

    async def delete(self, key: str) -> None:
        """Forget the bytes of a key."""


class MailHosts(Protocol):
    """Where the mail of a domain goes, as its name servers say (RFC 5321 section 5.1)."""

    async def mail_hosts(self, domain: str) -> list[str] | None:
        """Return its hosts, best first; [] where it takes no mail; None when nobody answered."""


class Beacon(msgspec.Struct, frozen=True):
    """What a source says a round of the public beacon is; nothing of it is believed yet.

    `signature` is in lower-case hex, as the source wrote it.
    """

    round: int
    signature: str


class RandomnessSource(Protocol):
    """Where rounds of the public beacon are read: several places, so that none can be silent."""

    async def ask(self, number: int | None) -> list[Beacon]:
        """What the places answer for a round, or for their newest one; those silent say nothing.

        Never raises for what the other side does or is.
        """


class PushMessage(msgspec.Struct, frozen=True):
    """What is to reach one device. `standard`: by RFC 8291, else by the draft before it."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    payload: bytes
    ttl_s: int = 172_800
    urgency: str = "normal"


PushOutcome = Literal["sent", "gone", "later", "refused"]
"""Gone: the device takes no more, for good. Later: try again. Refused: this one never will be."""


class PushService(Protocol):
    """The way to members' devices (RFC 8030). `public_key` is what they subscribe with."""

    public_key: str

    async def send(self, message: PushMessage) -> PushOutcome:
        """Send a message now. Never raises for what the other side does or is."""


class Letter(msgspec.Struct, frozen=True):
    """A letter by e-mail, as plain text. `message_id` (RFC 5322) is the same at every try."""

    to: str
    subject: str
    text: str
    message_id: str
    written_at_ms: int
    language: str


MailOutcome = Literal["sent", "rejected", "throttled", "unavailable", "closed"]
"""Rejected: this recipient never gets it. Throttled, unavailable: try again later.

Closed: our own account or address is refused, so a person has to look.
"""


class MailAnswer(msgspec.Struct, frozen=True):
    """What became of a letter. `said`: the other side's code or the kind of fault, no address."""

    outcome: MailOutcome
    said: str = ""


class MailService(Protocol):
    """The way to people's mailboxes."""

    async def send(self, letter: Letter) -> MailAnswer:
        """Hand a letter over now. Never raises for what the other side does or is."""

    async def check(self) -> MailAnswer:
        """Go as far as one can without a letter: `sent` when the other side would take one."""


class PaymentService(Protocol):
    """A processor of payments in. Raises the faults of `kernel.vendors`, and nothing else.

    `renews`: whether it pays again by itself, each month or year.
    """

    renews: bool

    async def start(self, ask: CheckoutAsk) -> Checkout:
        """Begin a payment: where to send whoever pays. The same `payment_id` again is the same."""

    async def fetch(self, reference: str) -> Sequence[Fact]:
        """What is known of one checkout; empty while nothing has happened."""

    async def since(self, from_ms: int, cursor: str = "") -> tuple[Sequence[Fact], str]:
        """A page of what happened since a moment, and the cursor of the next; empty at the end."""

    async def refund(self, fact: Fact, amount: int, key: str) -> None:
        """Pay back a part of what was paid, or all of it."""

    async def cancel(self, renewal: str) -> None:
        """End the renewals; again is the same."""

    async def check(self) -> None:
        """Ask something that costs nothing, to know whether we are served."""

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """What a webhook says. Forged where its sender or its age cannot be believed.

        `raw`: the body as it came. `headers`: names in lower case.
        """


class PayoutService(Protocol):
    """A vendor that pays people out. Raises the faults of `kernel.vendors`, and nothing else."""

    def serves(self, to: Destination, currency: str) -> bool:
        """Whether it could pay there at all."""

    async def pay(self, ask: PayoutAsk) -> PayoutSeen:
        """Pay; the same key again pays nothing more and says what became of it."""

    async def look(self, ask: PayoutAsk, reference: str) -> PayoutSeen:
        """What became of a payout that it took."""

    async def since(
        self, from_ms: int, cursor: str = ""
    ) -> tuple[Sequence[tuple[int, PayoutSeen]], str]:
        """A page of the payouts since a moment, and the cursor of the next; empty at the end."""

    async def payee(self, to: Destination) -> Payee:
        """How its own checks of a person stand."""

    async def check(self) -> None:
        """Ask something that costs nothing, to know whether we are served."""

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """What a webhook says. Forged where its sender or its age cannot be believed."""


class SmsService(Protocol):
    """A way to people's phones. Raises the faults of `kernel.vendors`, and nothing else."""

    async def send(self, message: TextMessage) -> TextTaken:
        """Hand a message over; the same key again is the same message, or harmless."""

    async def check(self) -> None:
        """Ask something that costs nothing, to know whether we are served."""

    def read_reports(
        self, raw: bytes, headers: Mapping[str, str], query: str, now_ms: int
    ) -> list[TextReport]:
        """What a receipt says. Forged (`kernel.money`) where its sender cannot be believed.

        `raw`: the body as it came. `headers`: names in lower case. `query`: that of the address, as
        it came. A receipt of something else, or of a state nobody waits for, is no report.
        """


class ChatService(Protocol):
    """A way to one chat service that the operator named. Raises the faults of `kernel.vendors`."""

    def accepts(self, recipient: str) -> bool:
        """Whether this is an address at this service, and nothing that leads elsewhere."""

    async def send(self, message: ChatMessage) -> None:
        """Say it now."""

    async def check(self) -> None:
        """Ask something that costs nothing, to know whether we are served."""
