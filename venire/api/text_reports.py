"""Delivery receipts of texts, from the vendors themselves.

Whoever sends one proves it: by the vendor's signature over the bytes as they came, or by an address
that nobody else was told. A receipt that comes again, late or in another order changes nothing that
a later one has said; one that is forged is answered like an address that does not exist.
"""

from __future__ import annotations

import hmac
import logging

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.kernel.money import Forged
from venire.people import texts

_log = logging.getLogger(__name__)


async def receive(court: Court, request: ApiRequest) -> Response:
    """Take in what a vendor says of texts that it took."""
    raw = await request.body()
    name, secret = request.path_text("name"), request.path_text("secret")
    # Worked out for any name: how long it takes says nothing about who is configured.
    expected = texts.report_secret(court.world, name)
    known = hmac.compare_digest(expected.encode(), secret.encode(errors="replace"))
    way = None if court.phones is None else court.phones.reporters.get(name)
    if way is None or not known:
        raise NotFound("record_not_found", "Record not found")
    headers = {key.lower(): value for key, value in request.raw.headers.items()}
    query = request.raw.scope["query_string"].decode("latin-1")
    try:
        reports = way.read_reports(raw, headers, query, court.world.now_ms())
    except Forged as forged:
        _log.warning("receipt_forged", extra={"vendor": name, "said": forged.said})
        raise NotFound("record_not_found", "Record not found") from None
    await texts.note_reports(court.world, reports)
    return Response(status_code=204)
