"""POST /api/v1/reports, as Mastodon's clients send it."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from venire.api.entities.account import account_entity
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import reports
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid
from venire.storage.tables.cases import ReportRow


async def create_report(court: Court, request: ApiRequest) -> Response:
    """File a report; the receipt comes by direct message."""
    form = await request.form()
    target = form.identifier("account_id")
    if target is None:
        raise Invalid("account_id_missing", "account_id names the account reported")
    rule_ids = form.identifiers("rule_ids")
    category = form.text("category") or ("violation" if rule_ids else "other")
    draft = reports.Draft(
        reporter_id=request.account_id,
        target_account_id=target,
        post_ids=tuple(form.identifiers("status_ids")),
        comment=form.text("comment") or "",
        category=category,
        rule_ids=tuple(rule_ids),
    )
    row = await reports.file_report(court, draft)
    return json_response(await _entity(court, row))


async def _entity(court: Court, row: ReportRow) -> dict[str, Any]:
    post_ids = msgspec.json.decode(row.post_ids, type=list[int])
    rule_ids = msgspec.json.decode(row.rule_ids, type=list[int])
    return {
        "id": str(row.id),
        "action_taken": row.outcome is not None,
        "action_taken_at": None,
        "category": row.category,
        "comment": row.comment,
        "forwarded": False,
        "created_at": iso_ms(row.created_at_ms),
        "status_ids": [str(post_id) for post_id in post_ids] or None,
        "rule_ids": [str(rule_id) for rule_id in rule_ids] or None,
        "collection_ids": None,
        "target_account": await account_entity(court, row.target_account_id),
    }
