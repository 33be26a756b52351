"""Mastodon's `Notification`, written as bytes: a page is joined from what was written before.

Every documented key, always; null where there is nothing. Source: docs.joinmastodon.org/entities/
Notification and AccountWarning.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import msgspec

from venire.api.entities.account import account_jsons
from venire.api.entities.status import statuses_by_id
from venire.cases.appeals_views import warning_appeals
from venire.kernel.clock import iso_ms
from venire.kernel.ids import AccountId, id_ms, parse_id
from venire.posts.notification_groups import group_key
from venire.posts.notifications import Told
from venire.posts.sight import Sight
from venire.storage.world import World

_ENCODER = msgspec.json.Encoder()
_HEADS = 16_384


@functools.lru_cache(_HEADS)
def _head(notification_id: int, kind: str, post_id: int | None) -> bytes:
    key = group_key(kind, post_id, notification_id)
    created = iso_ms(id_ms(notification_id))
    return (
        f'{{"id":"{notification_id}","type":"{kind}","group_key":"{key}","created_at":"{created}",'
        f'"event":null,"account":'
    ).encode()


Pieces = list[bytes | msgspec.Raw]


async def notification_page(
    world: World, viewer_id: int, told: Sequence[Told], *, sight: Sight | None = None
) -> bytes:
    """Notifications as one JSON array, in their order; whoever reads them may see their posts."""
    pieces: Pieces = []
    for one in await _pieces(world, viewer_id, told, sight):
        pieces += one
        pieces.append(b",")
    if pieces:
        pieces.pop()
    return b"".join((b"[", *pieces, b"]"))


async def notification_jsons(
    world: World, viewer_id: int, told: Sequence[Told], *, sight: Sight | None = None
) -> list[bytes]:
    """The same one by one."""
    return [b"".join(one) for one in await _pieces(world, viewer_id, told, sight)]


async def _pieces(
    world: World, viewer_id: int, told: Sequence[Told], sight: Sight | None
) -> list[tuple[bytes | msgspec.Raw, ...]]:
    told = await with_appeals(world, viewer_id, told)
    people = {one.from_id for one in told}
    people |= {found for one in told if (found := about_account(one)) is not None}
    accounts = await account_jsons(world, people)
    posts = {one.post.id: one.post for one in told if one.post is not None}
    statuses = await statuses_by_id(world, posts.values(), viewer_id, sight=sight)
    written: list[tuple[bytes | msgspec.Raw, ...]] = []
    for one in told:
        account = accounts.get(one.from_id)
        if account is None:
            continue
        head = _head(one.id, one.type, one.post_id)
        status = None if one.post is None else statuses.get(one.post.id)
        if status is not None:
            written.append((head, account, _STATUS, status, _NOTHING_MORE))
        elif one.data is None:
            written.append((head, account, _STATUS, b"null", _NOTHING_MORE))
        else:
            more = {
                "report": report_entity(one, accounts),
                "moderation_warning": warning_entity(one, accounts),
            }
            # The rest of the object, without its beginning.
            written.append((head, account, _STATUS, b"null,", _ENCODER.encode(more)[1:]))
    return written


async def with_appeals(world: World, viewer_id: int, told: Sequence[Told]) -> Sequence[Told]:
    """The same with what came of each appeal against a warning: known only since it was sent."""
    warned = {
        one.id: statement_id
        for one in told
        if one.type == "moderation_warning"
        and one.data is not None
        and (statement_id := parse_id(str(one.data.get("id")))) is not None
    }
    if not warned:
        return told
    appeals = await warning_appeals(world, viewer_id, list(warned.values()))
    return [
        msgspec.structs.replace(one, data={**(one.data or {}), "appeal": appeals[warned[one.id]]})
        if warned.get(one.id) in appeals
        else one
        for one in told
    ]


_STATUS = b',"status":'
_NOTHING_MORE = b',"report":null,"moderation_warning":null}'


def about_account(told: Told) -> AccountId | None:
    """Whom a warning or a report is about: an account that its entity holds."""
    if told.type == "moderation_warning":
        return told.account_id
    if told.type == "admin.report" and told.data is not None:
        target = told.data.get("target_account_id")
        return AccountId(target) if isinstance(target, int) else None
    return None


def report_entity(
    told: Told, accounts: Mapping[AccountId, msgspec.Raw]
) -> dict[str, object] | None:
    """Mastodon's `Report`, as it was when it was filed."""
    about = about_account(told)
    if told.type != "admin.report" or told.data is None or about is None:
        return None
    if about not in accounts:
        return None
    data = dict(told.data)
    at_ms = data.pop("created_at_ms", None)
    del data["target_account_id"]
    return {
        **data,
        "action_taken": False,
        "action_taken_at": None,
        "forwarded": False,
        "created_at": iso_ms(at_ms if isinstance(at_ms, int) else id_ms(told.id)),
        "target_account": accounts[about],
    }


def warning_entity(
    told: Told, accounts: Mapping[AccountId, msgspec.Raw]
) -> dict[str, object] | None:
    """Mastodon's `AccountWarning`, from what the case left of it."""
    if told.type != "moderation_warning":
        return None
    data = dict(told.data or {})
    at_ms = data.pop("created_at_ms", None)
    warning: dict[str, object] = {
        "id": str(told.id),
        "action": "none",
        "text": "",
        "status_ids": None,
        "appeal": None,
    }
    return {
        **warning,
        **data,
        "target_account": accounts[told.account_id],
        "created_at": iso_ms(at_ms if isinstance(at_ms, int) else id_ms(told.id)),
    }
