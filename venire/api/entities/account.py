"""Mastodon's `Account` and `CredentialAccount`: every key, always.

Source: docs.joinmastodon.org/entities/Account. `source` and `role` are the owner's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from venire.cases.court import Court
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId
from venire.people import follows
from venire.people.counts import load_counts
from venire.people.model import ADMIN, DELETED, MODERATOR, Account, Counts
from venire.people.profile import inline_html, note_html
from venire.people.store import load_account, load_accounts
from venire.posts.media.model import Pictures
from venire.posts.media.pictures import path_of, pictures
from venire.storage.world import World

AVATAR = "/avatars/original/missing.png"
HEADER = "/headers/original/missing.png"
"""Clients know these endings as "none was set"; they answer with a picture all the same."""

_KEPT = 4_000


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
    moved: msgspec.Raw | None = None
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


def _common(account: Account, counts: Counts, shown: Pictures, base_url: str) -> dict[str, Any]:
    last = counts.last_status_at_ms
    avatar = path_of(account.id, "avatar", shown.avatar) or AVATAR
    header = path_of(account.id, "header", shown.header) or HEADER
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
        "note": note_html(account.note) + _moved_note(account),
        "url": f"{base_url}/@{account.username}",
        "uri": account.uri,
        "avatar": base_url + avatar,
        "avatar_static": base_url + avatar,
        "header": base_url + header,
        "header_static": base_url + header,
        "followers_count": counts.followers,
        "following_count": counts.following,
        "statuses_count": counts.statuses,
        "last_status_at": None if last is None else utc_day(last),
        "hide_collections": account.hide_collections,
        "limited": account.silenced or None,
        "fields": tuple(
            FieldEntity(field.name, inline_html(field.value)) for field in account.fields
        ),
    }


def _moved_note(account: Account) -> str:
    """Where somebody went whom this site cannot show: for clients a line of their note."""
    return f"<p>➜ {inline_html(account.moved_to)}</p>" if account.moved_to else ""


def build_account(
    account: Account, counts: Counts, shown: Pictures, base_url: str
) -> AccountEntity:
    """The entity of an account."""
    return AccountEntity(**_common(account, counts, shown, base_url))


class WrittenAccount(msgspec.Struct, frozen=True):
    """An account and its JSON, written from it."""

    account: Account
    counts: Counts
    pictures: Pictures
    base_url: str
    json: msgspec.Raw


# By id alone: what another site wrote for the same id was written from other objects.
_WRITTEN: dict[int, WrittenAccount] = {}


def _write(account: Account, counts: Counts, shown: Pictures, base_url: str) -> WrittenAccount:
    kept = _WRITTEN.get(account.id)
    if (
        kept is not None
        and kept.account is account
        and kept.counts is counts
        and kept.pictures is shown
        and kept.base_url == base_url
    ):
        return kept
    entity = build_account(account, counts, shown, base_url)
    encoded = msgspec.Raw(msgspec.json.encode(entity))
    written = WrittenAccount(account, counts, shown, base_url, encoded)
    if len(_WRITTEN) >= _KEPT:
        for old in list(_WRITTEN)[: _KEPT // 10]:
            del _WRITTEN[old]
    _WRITTEN[account.id] = written
    return written


async def written_accounts(
    world: World, account_ids: Iterable[int], known: Mapping[AccountId, Account] | None = None
) -> dict[int, WrittenAccount]:
    """Accounts with their JSON, by id; those that do not exist are left out.

    `known`: all of them, where the caller has read them for this request already.
    """
    if known is None:
        accounts = await load_accounts(world, account_ids)
    else:
        there = (known.get(AccountId(one)) for one in account_ids)
        accounts = {account.id: account for account in there if account is not None}
    counts = await load_counts(world, list(accounts))
    shown = await pictures(world, list(accounts))
    base_url = world.site.base_url
    written: dict[int, WrittenAccount] = {
        account_id: _write(account, counts[account_id], shown[account_id], base_url)
        for account_id, account in accounts.items()
        if account.state != DELETED
    }
    if any(account.moved_to_id is not None for account in accounts.values()):
        await _note_moves(world, written)
    return written


async def _note_moves(world: World, written: dict[int, WrittenAccount]) -> None:
    """Put the account that someone moved to into theirs; of that one again nothing."""
    for account_id, one in list(written.items()):
        moved = await moved_json(world, one.account)
        if moved is not None:
            entity = build_account(one.account, one.counts, one.pictures, one.base_url)
            told = msgspec.json.encode(msgspec.structs.replace(entity, moved=moved))
            written[account_id] = msgspec.structs.replace(one, json=msgspec.Raw(told))


async def moved_json(world: World, account: Account) -> msgspec.Raw | None:
    """The account that someone says they moved to, without where that one went."""
    if account.moved_to_id is None:
        return None
    target = await load_account(world, account.moved_to_id)
    if target is None or target.state == DELETED:
        return None
    counts = await load_counts(world, [target.id])
    shown = await pictures(world, [target.id])
    return _write(target, counts[target.id], shown[target.id], world.site.base_url).json


async def account_jsons(world: World, account_ids: Iterable[int]) -> dict[AccountId, msgspec.Raw]:
    """Accounts as JSON ready to be put into an answer; those that do not exist are left out."""
    found = await written_accounts(world, account_ids)
    return {AccountId(account_id): written.json for account_id, written in found.items()}


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
    shown = await pictures(world, [account_id])
    return MutedAccountEntity(
        **_common(account, counts[account_id], shown[account_id], world.site.base_url),
        moved=await moved_json(world, account),
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
    shown = await pictures(world, [account.id])
    waiting = await follows.request_page(world, account.id, limit=1_000)
    return CredentialAccountEntity(
        **_common(account, counts[account.id], shown[account.id], world.site.base_url),
        moved=await moved_json(world, account),
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
