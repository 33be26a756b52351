"""Where a juror wants to be paid, for them alone: kept encrypted, shown by its last characters."""

from __future__ import annotations

from typing import Literal, cast

from starlette.responses import Response

from venire.api.memberships import money_of
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid
from venire.kernel.money import Destination
from venire.treasury import destinations, paying


async def show(court: Court, request: ApiRequest) -> Response:
    """Where the viewer is paid, by its last characters."""
    row = await destinations.shown(court.world, request.account_id)
    if row is None:
        return json_response({"way": None, "ends_with": None, "changed_at": None})
    return json_response(
        {"way": row.way, "ends_with": row.shown or None, "changed_at": iso_ms(row.changed_at_ms)}
    )


async def choose(court: Court, request: ApiRequest) -> Response:
    """Choose where to be paid: `way` bank (`name`, `iban` or `account`, `bic`, `channel`), connect.

    `account` of `connect` is the viewer's account at the payer.
    """
    form = await request.form()
    way = form.required("way", limit=10)
    if way not in {"bank", "connect"}:
        raise Invalid("destination_invalid", "way is bank or connect", field="way")
    said = {
        field: form.text(field, "", limit=100) or ""
        for field in ("name", "iban", "account", "bic", "channel", "country")
    }
    to = Destination(way=cast("Literal['bank', 'connect']", way), **said)
    await destinations.choose(court.world, money_of(court), request.account_id, to)
    await paying.wake(court.world, request.account_id)
    return await show(court, request)


async def forget(court: Court, request: ApiRequest) -> Response:
    """Take back where to be paid; what is owed stays owed."""
    await destinations.forget(court.world, request.account_id)
    return await show(court, request)
