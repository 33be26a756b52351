"""What an authority's order does outside: the record, posts withheld, who is told. All once."""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases import delivery, order_messages, order_sight
from venire.cases.court import Court
from venire.cases.territories import expanded
from venire.kernel.clock import iso_ms
from venire.people import actions as people
from venire.people.model import ADMIN
from venire.people.store import find_by_handle, load_account, staff
from venire.posts import actions as posts
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES, commit_all, encode_entry
from venire.record.headers import hour_of
from venire.storage.tables.orders import (
    ORDER_POSTS,
    WITHHELD,
    OrderPostRow,
    OrderRow,
    WithheldRow,
)
from venire.storage.verbs import Delete, Put, Write

CATEGORY = "order"
_ORDERS_OF_POST = 100


def late_ms(row: OrderRow) -> int:
    """When a quarter of an order's time is left: whoever is to decide hears of it again."""
    return row.due_at_ms - (row.due_at_ms - row.received_at_ms) // 4


def _entry(court: Court, row: OrderRow, salt: bytes, commits: dict[str, str], **own: Any) -> bytes:
    """A line of the record: who ordered and why is committed to, where it reaches is in clear."""
    header = {
        "type": "moderator_action",
        "hour": hour_of(court.world.now_ms()),
        "rules": court.policy.version,
        "category": CATEGORY,
        "source": "order",
        "automated": False,
        "territory": msgspec.json.decode(row.territory),
        **own,
    }
    values = {
        "order": str(row.id),
        "authority": row.authority,
        "legal_ground": row.legal_ground,
        "reference": row.reference,
        **commits,
    }
    return encode_entry(header, commit_all(values, salt))


async def note(court: Court, row: OrderRow, outcome: str) -> None:
    """Put into the record that an order was refused, or is obeyed under protest."""
    key, aggregate = f"order:{row.id}:{outcome}", f"order:{row.id}"
    storage = court.world.storage
    salt = await record_store.salt(storage, key)
    if salt is None:
        salt = court.world.chance.token(SALT_BYTES)
        await storage.commit(aggregate, [record_store.put_salt(key, aggregate, salt, None)])
    reason = row.disputed if outcome == "disputed" else row.reason
    action = "keep" if outcome == "refused" else "withhold"
    entry = _entry(court, row, salt, {"reason": reason}, action=action, outcome=outcome)
    await court.sequencer.append(key, entry)


async def carry_out(court: Court, row: OrderRow, post_id: int, *, lifting: bool) -> None:
    """Withhold a post where an order reaches, or end that: the entry first, then the effect."""
    storage, aggregate = court.world.storage, f"order:{row.id}"
    post = await posts.load(court.world, post_id)
    if post is None:
        return
    there = await storage.get(ORDER_POSTS, (row.id, post_id))
    done = there or OrderPostRow(row.id, post_id, post.author_id, None, None)
    entry = done.lift_entry if lifting else done.withhold_entry
    kind = "lift" if lifting else "withhold"
    key = f"order:{row.id}:{post_id}:{kind}"
    if entry is None:
        salt = court.world.chance.token(SALT_BYTES)
        own: dict[str, Any] = {"action": kind, "undo": True} if lifting else {"action": kind}
        entry = _entry(court, row, salt, {"subject": f"post:{post_id}"}, **own)
        field = "lift_entry" if lifting else "withhold_entry"
        intended = msgspec.structs.replace(done, **{field: entry})
        salted = record_store.put_salt(key, aggregate, salt, post.author_id)
        await storage.commit(aggregate, [Put(ORDER_POSTS, intended), salted])
    await court.sequencer.append(key, entry)
    withheld = WithheldRow(post_id, row.id, row.territory)
    write: Write = Delete(WITHHELD, withheld) if lifting else Put(WITHHELD, withheld)
    await storage.commit(aggregate, [write])
    standing = await _ordered(court, post_id)
    while True:
        await posts.set_withheld(court.world, post_id, standing)
        # Another order may have come or ended since this was read: whoever writes last looks last.
        again = await _ordered(court, post_id)
        if again == standing:
            return
        standing = again


async def _ordered(court: Court, post_id: int) -> frozenset[str]:
    """Where all orders on a post together want it withheld: one that ends does not end another."""
    rows = await court.world.storage.range(WITHHELD, (post_id,), limit=_ORDERS_OF_POST)
    return expanded(
        one for order in rows for one in msgspec.json.decode(order.territory, type=list[str])
    )


async def tell_approvers(court: Court, row: OrderRow) -> None:
    """Tell whoever may approve that an order waits, when it comes and when its time runs out."""
    when = "late" if court.world.now_ms() >= late_ms(row) else "new"
    url = f"{court.world.site.base_url}/moderation/orders/{row.id}"
    kept_out = {row.registered_by, *await order_sight.authors(court.world, row)}
    for account_id in await _approvers(court):
        if account_id in kept_out:
            continue
        language = await people.language_of(court.world, account_id)
        text = order_messages.waits(language, iso_ms(row.due_at_ms), url)
        await delivery.tell(court, account_id, text, key=f"order:{row.id}:{when}:{account_id}")


async def _approvers(court: Court) -> list[int]:
    found = []
    for name in court.policy.orders.approvers:
        account = await find_by_handle(court.world, name)
        if account is not None:
            found.append(int(account.id))
    if found:
        return found
    for one in await staff(court.world):
        account = await load_account(court.world, one.account_id)
        if account is not None and account.role == ADMIN:
            found.append(int(account.id))
    return found


async def tell_authors(court: Court, row: OrderRow, state: str) -> None:
    """Tell whose posts are withheld, or shown again: by whom, on which ground, and what helps."""
    for post_id in msgspec.json.decode(row.post_ids, type=list[int]):
        done = await court.world.storage.get(ORDER_POSTS, (row.id, post_id))
        post = await posts.load(court.world, post_id)
        if done is None or post is None:
            continue
        language = await people.language_of(court.world, done.author_id)
        contact = court.world.site.contact
        if state == "lifted":
            text = order_messages.lifted(language, row, post.text)
        else:
            text = order_messages.withheld(language, row, post.text, contact)
        key = f"order:{row.id}:{post_id}:{state}"
        await delivery.tell(court, done.author_id, text, key=key)
