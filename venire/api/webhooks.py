"""Where processors tell us what happened: raw bytes, believed by their signature alone.

Answered 200 for whatever is genuine, known or not, so that a processor stops repeating it; 400 for
what is forged or too old, which is counted; 404 where no such vendor is configured; 503 while every
store outside of this host fails, where there are any.
"""

from __future__ import annotations

import logging
from typing import Final

from starlette.responses import Response

from venire.api.memberships import money_of
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.money import Forged, Notice
from venire.kernel.ports import PaymentService, PayoutService
from venire.kernel.vendors import VendorUnavailable
from venire.treasury import paying, webhooks

_log = logging.getLogger(__name__)
_NAME: Final = 40


async def take(court: Court, request: ApiRequest) -> Response:
    """A webhook of a processor, by its name in the settings."""
    money = money_of(court)
    vendor = request.path_text("vendor")[:_NAME]
    known: list[PaymentService | PayoutService] = [
        services[vendor]
        for services in (money.payments.services, money.payouts.services)
        if vendor in services
    ]
    if not known:
        raise NotFound("record_not_found", "Record not found")
    raw = await request.body()
    headers = {name.lower(): value for name, value in request.raw.headers.items()}
    read: Notice | None = None
    said = "signature"
    for service in known:
        # One name may stand for a processor and a payer; each knows its own signature.
        try:
            notice = service.read_webhook(raw, headers, court.world.now_ms())
        except (Forged, VendorUnavailable) as fault:
            # Also what is genuine and cannot be read: it comes again, and a newer program may.
            said = fault.said
            continue
        if read is None or notice.facts or notice.payouts:
            read = notice
    if read is None:
        money.note_forged(vendor)
        _log.warning("webhook_refused", extra={"vendor": vendor, "said": said})
        raise Invalid("webhook_refused", "This webhook is not believed")
    for payout_id, seen in read.payouts:
        outcome = await paying.told(court.world, money, vendor, payout_id, seen)
        if outcome == "differs":
            _log.error("payout_differs", extra={"vendor": vendor, "payout": payout_id})
    taken = await webhooks.receive(court.world, vendor, read, raw)
    # Once answered it is never sent again: so it is in a store first, or comes again.
    await court.world.storage.kept_elsewhere(strict=True)
    return json_response({"taken": taken})
