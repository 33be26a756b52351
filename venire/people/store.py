"""Reads and writes accounts, logins and names. Ties and tokens are kept by their own modules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from venire.events import Event, FindableChanged
from venire.kernel.clock import utc_day
from venire.kernel.ids import AccountId, id_ms
from venire.people.model import (
    CONSENT,
    DELETED,
    MEMBER,
    PENDING,
    UNCONFIRMED,
    Account,
    Field,
    Login,
)
from venire.people.rules import CLAIM_MS, handle_of, name_words, normal_email, publicly_found
from venire.storage.memory import Decoded
from venire.storage.tables.people import (
    ACCOUNTS,
    EMAILS,
    HANDLES,
    LOGINS,
    NAMES,
    SALTS,
    WAITING,
    AccountRow,
    EmailRow,
    HandleRow,
    LoginRow,
    NameRow,
    SaltRow,
    WaitingRow,
)
from venire.storage.tables.roll import (
    LIMITED,
    ROLL,
    STAFF,
    LimitedRow,
    RollRow,
    StaffRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

WAITS = frozenset({UNCONFIRMED, PENDING, CONSENT})
LIMITS = ("silenced", "sensitized", "disabled")
"""Limits that stand on the account itself, so that whoever reads it obeys them."""
STAFF_OF = "here"
_FIELDS = msgspec.json.Decoder(tuple[Field, ...])


def email_hash(email: str) -> bytes:
    """The key under which an address is found: the address itself lies in one row only."""
    return hashlib.sha256(normal_email(email).encode()).digest()


def account_of(row: AccountRow) -> Account:
    """The noun of a row."""
    values = msgspec.structs.asdict(row)
    values["fields"] = _FIELDS.decode(row.fields)
    return Account(**values)


def row_of(account: Account) -> AccountRow:
    """The row of a noun."""
    values = msgspec.structs.asdict(account)
    values["fields"] = msgspec.json.encode(account.fields)
    return AccountRow(**values)


_ACCOUNTS = Decoded(account_of)


async def load_account(world: World, account_id: int) -> Account | None:
    """An account by id, in whatever state it is."""
    row = await world.storage.get(ACCOUNTS, (account_id,))
    return None if row is None else _ACCOUNTS.of(row.id, row)


async def load_accounts(world: World, account_ids: Iterable[int]) -> dict[AccountId, Account]:
    """Accounts by id; those that do not exist are left out."""
    wanted = list(dict.fromkeys(account_ids))
    rows = await world.storage.get_many(ACCOUNTS, [(account_id,) for account_id in wanted])
    return {AccountId(row.id): _ACCOUNTS.of(row.id, row) for row in rows if row is not None}


async def find_by_handle(world: World, username: str) -> Account | None:
    """An account by username in any case; a name that is only claimed finds nothing."""
    row = await world.storage.get(HANDLES, (handle_of(username),)) if username else None
    return None if row is None else await load_account(world, row.account_id)


async def find_by_email(world: World, email: str) -> Account | None:
    """An account by its e-mail address."""
    row = await world.storage.get(EMAILS, (email_hash(email),))
    return None if row is None else await load_account(world, row.account_id)


async def load_login(world: World, account_id: int) -> Login | None:
    """How an account signs in."""
    row = await world.storage.get(LOGINS, (account_id,))
    return None if row is None else Login(**msgspec.structs.asdict(row))


async def save_login(world: World, old: Login, new: Login) -> bool:
    """Replace a login unless it changed meanwhile."""
    return await world.storage.compare_and_set(LOGINS, _login_row(old), _login_row(new))


def _login_row(login: Login) -> LoginRow:
    return LoginRow(**msgspec.structs.asdict(login))


async def handle_taken(world: World, username: str) -> bool:
    """Whether a username is given or claimed."""
    return await world.storage.get(HANDLES, (handle_of(username),)) is not None


async def handle_claimant(world: World, username: str) -> AccountId | None:
    """The account to which a username is given or for which it is claimed."""
    row = await world.storage.get(HANDLES, (handle_of(username),))
    return None if row is None else AccountId(row.account_id)


async def email_taken(world: World, email: str) -> bool:
    """Whether an address is given or claimed."""
    return await world.storage.get(EMAILS, (email_hash(email),)) is not None


async def claim_handle(world: World, username: str, account_id: int) -> bool:
    """Claim a username for 10 minutes; False when somebody else has it."""
    there = await world.storage.put_if_absent(
        HANDLES,
        HandleRow(handle_of(username), account_id),
        expires_at_ms=world.now_ms() + CLAIM_MS,
    )
    return there is None or there.account_id == account_id


async def claim_email(world: World, email: str, account_id: int) -> bool:
    """Claim an address for 10 minutes; False when somebody else has it."""
    there = await world.storage.put_if_absent(
        EMAILS,
        EmailRow(email_hash(email), account_id),
        expires_at_ms=world.now_ms() + CLAIM_MS,
    )
    return there is None or there.account_id == account_id


async def release_claims(world: World, account_id: int, username: str, email: str) -> None:
    """Give back what an account claimed that will not be made; others' names stay theirs."""
    handle = HandleRow(handle_of(username), account_id)
    if await world.storage.get(HANDLES, (handle.handle,)) == handle:
        await world.storage.delete(HANDLES, handle)
    address = EmailRow(email_hash(email), account_id)
    if email and await world.storage.get(EMAILS, (address.email_hash,)) == address:
        await world.storage.delete(EMAILS, address)


def new_account_writes(account: Account, login: Login | None) -> list[Write]:
    """The rows of a new account: its claims are confirmed by being put without an end."""
    writes: list[Write] = [
        Put(ACCOUNTS, row_of(account)),
        Put(HANDLES, HandleRow(handle_of(account.username), account.id)),
        *(Put(NAMES, row) for row in _name_rows(account)),
        *roll_writes(account),
    ]
    if account.state in WAITS:
        writes.append(Put(WAITING, WaitingRow(account.state, account.id)))
    if login is not None:
        writes.append(Put(LOGINS, _login_row(login)))
        writes.append(Put(EMAILS, EmailRow(email_hash(login.email), account.id)))
    return writes


def roll_writes(account: Account) -> list[Write]:
    """The rows by which operators find an account."""
    writes: list[Write] = [Put(ROLL, RollRow(roll_month(account.id), account.id))]
    if account.role != MEMBER:
        row = StaffRow(STAFF_OF, account.id, account.username, account.role)
        writes.append(Put(STAFF, row))
    return writes


def roll_month(account_id: int) -> str:
    """The month (`YYYY-MM`) under which an account stands in the roll."""
    return utc_day(id_ms(account_id))[:7]


def changed_account_writes(old: Account, new: Account) -> list[Write]:
    """The rows of a changed account, its head among them."""
    gone = set(_name_rows(old)) - set(_name_rows(new))
    writes: list[Write] = [
        Put(ACCOUNTS, row_of(new)),
        *(Delete(NAMES, row) for row in sorted(gone, key=NAMES.key_of)),
        *(Put(NAMES, row) for row in _name_rows(new)),
    ]
    if new.state != old.state:
        if old.state in WAITS:
            writes.append(Delete(WAITING, WaitingRow(old.state, old.id)))
        if new.state in WAITS:
            writes.append(Put(WAITING, WaitingRow(new.state, new.id)))
    for kind in LIMITS:
        if getattr(new, kind) != getattr(old, kind):
            row = LimitedRow(kind, new.id)
            writes.append(Put(LIMITED, row) if getattr(new, kind) else Delete(LIMITED, row))
    return writes


def changed_account_events(old: Account, new: Account) -> list[Event]:
    """What a change of an account is told as, besides what its caller tells."""
    return [] if publicly_found(old) == publicly_found(new) else [FindableChanged(new.id)]


def changed_address_writes(login: Login, email: str) -> list[Write]:
    """The rows of an account's other address, which is claimed by now; `email` is normal."""
    new = msgspec.structs.replace(login, email=email, confirmed_at_ms=None)
    return [
        Put(LOGINS, _login_row(new)),
        Put(EMAILS, EmailRow(email_hash(email), login.account_id)),
        Delete(EMAILS, EmailRow(email_hash(login.email), login.account_id)),
    ]


async def staff(world: World, limit: int = 1_000) -> list[StaffRow]:
    """Who has a role here."""
    return await world.storage.range(STAFF, (STAFF_OF,), limit=limit)


async def waiting_accounts(
    world: World, state: str, *, below: int | None = None, limit: int = 40
) -> list[AccountId]:
    """Accounts that wait: for their address, for a moderator, for a guardian's consent."""
    bound = None if below is None else (below,)
    rows = await world.storage.range(WAITING, (state,), below=bound, limit=limit)
    return [AccountId(row.account_id) for row in rows]


def _name_rows(account: Account) -> Sequence[NameRow]:
    if account.minor or account.state == DELETED:
        # Neither is found by a part of a name.
        return []
    words = name_words(account.username, account.display_name)
    return [NameRow(word[0], word, account.id) for word in words]


async def find_by_prefix(world: World, prefix: str, limit: int) -> list[AccountId]:
    """Accounts with a name that begins so, in order of that name; `prefix` is folded."""
    if not prefix:
        return []
    rows = await world.storage.range(
        NAMES,
        (prefix[0],),
        above=(prefix, 0),
        below=(prefix + "\U0010ffff", 0),
        limit=limit,
    )
    return list(dict.fromkeys(AccountId(row.account_id) for row in rows))


async def site_salt(world: World, name: str) -> bytes:
    """A secret of this site, made at first use."""
    found = await world.storage.get(SALTS, (name,))
    if found is None:
        made = SaltRow(name, world.chance.token(32))
        found = await world.storage.put_if_absent(SALTS, made) or made
    return found.salt
