"""Mastodon's `Account` and `CredentialAccount`: every key, always.

Source: docs.joinmastodon.org/entities/Account. `source` and `role` are the owner's alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from venire.cases.court import Court
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId
from venire.people import follows
from venire.people.counts import load_counts
from venire.people.model import ADMIN, MODERATOR, Account, Counts
from venire.people.profile import inline_html, note_html
from venire.people.store import load_account, load_accounts
from venire.storage.verbs import Storage
from venire.storage.world import World

AVATAR = "/avatars/original/missing.png"
HEADER = "/headers/original/missing.png"
"""Clients know these endings as "none was set"; they answer with a picture all the same."""

_KEPT = 20_000


class FieldEntity(msgspec.Struct, frozen=True):
    """One line of a profile."""

    name: str
    value: str
    verified_at: str | None = None


class RoleEntity(msgspec.Struct, frozen=True):
    """What the owner of an account may do on this site."""

    id: str
    name: str
    color: str
    permissions: str
    highlighted: bool
    collection_limit: int | None = None


class SourceEntity(msgspec.Struct, frozen=True):
    """What the owner of an account edits."""

    privacy: str
    sensitive: bool
    language: str | None
    note: str
    fields: tuple[FieldEntity, ...]
    follow_requests_count: int
    hide_collections: bool
    discoverable: bool
    indexable: bool
    quote_policy: str = "nobody"
    attribution_domains: tuple[str, ...] = ()


class AccountEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An account as everyone may see it."""

    id: str
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    group: bool = False
    discoverable: bool
    noindex: bool
    indexable: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    avatar_description: str = ""
    header: str
    header_static: str
    header_description: str = ""
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool
    emojis: tuple[()] = ()
    fields: tuple[FieldEntity, ...]
    roles: tuple[()] = ()
    moved: None = None
    suspended: bool | None = None
    limited: bool | None = None
    memorial: bool | None = None
    feature_approval: None = None
    show_featured: bool = False
    show_media: bool = True
    show_media_replies: bool = True


class CredentialAccountEntity(AccountEntity, frozen=True, kw_only=True):
    """An account as its owner sees it."""

    source: SourceEntity
    role: RoleEntity


class MutedAccountEntity(AccountEntity, frozen=True, kw_only=True):
    """An account that the viewer muted."""

    mute_expires_at: str | None


def _common(account: Account, counts: Counts, base_url: str) -> dict[str, Any]:
    last = counts.last_status_at_ms
    return {
        "id": str(account.id),
        "username": account.username,
        "acct": account.username,
        "display_name": account.display_name,
        "locked": account.locked,
        "bot": account.bot,
        "discoverable": account.discoverable,
        "noindex": not account.indexable,
        "indexable": account.indexable,
        "created_at": iso_ms(account.created_at_ms),
        "note": note_html(account.note),
        "url": f"{base_url}/@{account.username}",
        "uri": account.uri,
        "avatar": base_url + AVATAR,
        "avatar_static": base_url + AVATAR,
        "header": base_url + HEADER,
        "header_static": base_url + HEADER,
        "followers_count": counts.followers,
        "following_count": counts.following,
        "statuses_count": counts.statuses,
        "last_status_at": None if last is None else utc_day(last),
        "hide_collections": account.hide_collections,
        "fields": tuple(
            FieldEntity(field.name, inline_html(field.value)) for field in account.fields
        ),
    }


def build_account(account: Account, counts: Counts, base_url: str) -> AccountEntity:
    """The entity of an account."""
    return AccountEntity(**_common(account, counts, base_url))


class _Written:
    """Entities as JSON, by what they were written from: an author of a page is written once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], msgspec.Raw] = OrderedDict()

    def of(self, account: Account, counts: Counts, base_url: str) -> msgspec.Raw:
        key = (account.id, account.version, counts, base_url)
        found = self._kept.get(key)
        if found is None:
            entity = build_account(account, counts, base_url)
            self._kept[key] = found = msgspec.Raw(msgspec.json.encode(entity))
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


# By storage, so that two sites in one process never show each other's members.
_WRITTEN: WeakKeyDictionary[Storage, _Written] = WeakKeyDictionary()


async def account_jsons(world: World, account_ids: Iterable[int]) -> dict[AccountId, msgspec.Raw]:
    """Accounts as JSON ready to be put into an answer; those that do not exist are left out."""
    accounts = await load_accounts(world, account_ids)
    counts = await load_counts(world, list(accounts))
    base_url = world.site.base_url
    written = _WRITTEN.setdefault(world.storage, _Written())
    return {
        account_id: written.of(account, counts[account_id], base_url)
        for account_id, account in accounts.items()
    }


async def account_entity(court: Court, account_id: int) -> msgspec.Raw:
    """One account as JSON. NotFound `record_not_found`."""
    found = await account_jsons(court.world, [account_id])
    if AccountId(account_id) not in found:
        raise NotFound("record_not_found", "Record not found")
    return found[AccountId(account_id)]


async def muted_entity(
    world: World, account_id: AccountId, until_ms: int | None
) -> MutedAccountEntity | None:
    """An account that the viewer muted, and until when."""
    account = await load_account(world, account_id)
    if account is None:
        return None
    counts = await load_counts(world, [account_id])
    return MutedAccountEntity(
        **_common(account, counts[account_id], world.site.base_url),
        mute_expires_at=None if until_ms is None else iso_ms(until_ms),
    )


def role_entity(role: str) -> RoleEntity:
    """A role with the permission bits by which clients show their tools."""
    # docs.joinmastodon.org/entities/Role: 1 administrator; 4 audit log, 8 dashboard, 16 reports.
    if role == ADMIN:
        return RoleEntity("3", "Admin", "", "1", highlighted=False)
    if role == MODERATOR:
        return RoleEntity("2", "Moderator", "", str(4 + 8 + 16), highlighted=False)
    return RoleEntity("-99", "", "", "0", highlighted=False)


async def credential_entity(world: World, account: Account) -> CredentialAccountEntity:
    """The viewer's own account."""
    counts = await load_counts(world, [account.id])
    waiting = await follows.request_page(world, account.id, limit=1_000)
    return CredentialAccountEntity(
        **_common(account, counts[account.id], world.site.base_url),
        source=SourceEntity(
            privacy=account.privacy,
            sensitive=account.sensitive,
            language=account.language,
            note=account.note,
            fields=tuple(FieldEntity(field.name, field.value) for field in account.fields),
            follow_requests_count=len(waiting),
            hide_collections=account.hide_collections,
            discoverable=account.discoverable,
            indexable=account.indexable,
        ),
        role=role_entity(account.role),
    )
