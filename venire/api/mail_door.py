"""Where letters that came back are taken in: from the site's own mail server, which knows a secret.

The mail server of the domain in `mail_bounces` pipes what it gets for `bounce+...` to
`venire mail bounce`, which posts it here.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.responses import Response

from venire.api.authentication import bearer_token
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound, Unauthenticated
from venire.people import bounces

BODY_BYTES = 512 * 1024
_RECIPIENT_CHARACTERS = 400


async def take_in(court: Court, request: ApiRequest) -> Response:
    """Take in what came back: `recipient`, the address it was sent to; `message`, in base64.

    Answers what came of it: suppressed, complained or noted. Unauthenticated
    `access_token_invalid`; NotFound `record_not_found` for a token that is not ours.
    """
    secret = request.settings.bounce_secret
    given = bearer_token(request.raw) or ""
    if not secret or not court.world.site.bounces:
        raise NotFound("record_not_found", "Record not found")
    if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    form = await request.form()
    recipient = form.required("recipient", limit=_RECIPIENT_CHARACTERS)
    try:
        message = base64.b64decode(form.required("message", limit=BODY_BYTES), validate=True)
    except (binascii.Error, ValueError) as error:
        hint = "A field has the wrong form"
        raise Invalid("parameter_invalid", hint, parameter="message") from error
    return json_response({"outcome": await bounces.take_in(court.world, recipient, message)})
