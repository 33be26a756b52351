"""Everything asked of the outside, on one page. Adapters implement these; rooms see only these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import BinaryIO, Literal, Protocol

import msgspec

from venire.kernel.messages import ChatMessage, TextMessage, TextReport, TextTaken
from venire.kernel.money import (
    BankOrder,
    Checkout,
    CheckoutAsk,
    Destination,
    Fact,
    FactKind,
    Notice,
    Payee,
    PayoutAsk,
    PayoutSeen,
)
from venire.kernel.zones import DnsRecord, RecordKind


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


class NamedObject(msgspec.Struct, frozen=True):
    """An object as a listing tells of it; `at_ms` is when it was written, by the store's clock."""

    name: str
    size: int
    at_ms: int


class NamedObjects(Protocol):
    """Bytes by name, outside of the host: a bucket, a folder on another machine.

    Every call raises faults of `kernel.vendors` for what the other side does or is, and has no
    deadline of its own. Names are parts of letters, digits, `.`, `_` and `-`, joined by slashes.
    """

    async def put(self, name: str, content: bytes, *, create: bool = False) -> None:
        """Keep bytes. With `create` only where there are none: else Conflict `object_exists`."""

    async def get(self, name: str, most: int) -> bytes | None:
        """Return the bytes of a name. TooLarge `object_too_large` where they are over `most`."""

    async def read(self, name: str, length: int) -> bytes | None:
        """Return the first bytes of a name, at most so many."""

    async def size(self, name: str) -> int | None:
        """Return how many bytes a name has, asked of the store anew."""

    async def listing(self, prefix: str, after: str = "") -> list[NamedObject]:
        """Return what lies below a prefix, by name; only names after `after`, where given."""

    async def delete(self, names: Sequence[str]) -> None:
        """Forget names; harmless where there is nothing."""


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
    """A letter by e-mail, as plain text. `message_id` (RFC 5322) is the same at every try.

    `return_path`: where it comes back to when it cannot be delivered, empty for the sender.
    `unsubscribe`: an address that one request ends such letters at (RFC 8058), where they may be.
    """

    to: str
    subject: str
    text: str
    message_id: str
    written_at_ms: int
    language: str
    return_path: str = ""
    unsubscribe: str = ""


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

    `lists`: the kinds of facts that `since` tells of, all of them.
    """

    lists: frozenset[FactKind]

    def takes(self, currency: str) -> bool:
        """Whether it can be paid in this currency."""

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


class BankFile(Protocol):
    """How the site's own bank takes orders: a file that an admin hands over. Always works.

    `form`: the name of the format, as in `pain.001.001.09`.
    """

    form: str

    def serves(self, to: Destination, currency: str) -> bool:
        """Whether the bank could pay there."""

    async def write(self, order: BankOrder) -> bytes:
        """The file, checked against its schema before anybody sees it. Rejected `file_invalid`."""


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


class DnsService(Protocol):
    """A host of names. Raises the faults of `kernel.vendors`, and nothing else.

    `zones`: those that it holds. Several hosts hold the same zones: one is set at all of them.
    """

    zones: tuple[str, ...]

    async def replace(self, records: Sequence[DnsRecord]) -> None:
        """Let each name have these values of this kind and no others; those of a zone at once."""

    async def look(self, name: str, kind: RecordKind) -> tuple[str, ...]:
        """The values that this host itself gives now, in order; empty where there are none."""

    async def check(self) -> None:
        """Ask something that costs nothing, to know whether we are served."""


class CertificateService(Protocol):
    """An authority. Raises the faults of `kernel.vendors`, and nothing else of its own."""

    async def issue(
        self, request: bytes, publish: Callable[[Sequence[DnsRecord]], Awaitable[None]]
    ) -> bytes:
        """Have a certificate for a signing request (DER); return the chain (PEM), ours first.

        `publish` sets records that prove that the names are ours; called once more without values
        afterwards, whatever came of it. What it raises goes on to the caller.
        """

    async def window(self, chain: bytes) -> tuple[int, int] | None:
        """When the authority wants this one renewed, from and to in ms; None: it does not say."""

    async def caa_names(self) -> frozenset[str]:
        """The names by which CAA records let it issue; empty where it does not say."""

    async def check(self) -> None:
        """Ask something that costs nothing, to know whether we are served."""
