"""Moderators and admins are told of each report, as Mastodon tells them."""

from __future__ import annotations

import msgspec

from venire.cases import reports, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.events import ReportFiled
from venire.people.store import staff
from venire.posts.telling import News, offer
from venire.storage.verbs import Envelope

HEARS = (ReportFiled,)


async def tell_staff(court: Court, envelope: Envelope) -> None:
    """Tell whoever has a role, except who filed the report and whom it is about."""
    event = envelope.event
    if not isinstance(event, ReportFiled):
        return
    row = await store.report(court.world.storage, event.report_id)
    if row is None:
        return
    data: dict[str, object] = {
        "id": str(row.id),
        "category": row.category,
        # A report of what may harm a child is read by one named person, and by no other.
        "comment": "" if reports.category_of(row, court) == SEALED else row.comment,
        "created_at_ms": row.created_at_ms,
        "status_ids": [str(one) for one in msgspec.json.decode(row.post_ids, type=list[int])],
        "rule_ids": [str(one) for one in msgspec.json.decode(row.rule_ids, type=list[int])],
        "target_account_id": row.target_account_id,
    }
    news = News(envelope.id, "admin.report", row.reporter_id)
    for one in await staff(court.world):
        if one.account_id != row.target_account_id:
            await offer(court.world, one.account_id, news, data)
