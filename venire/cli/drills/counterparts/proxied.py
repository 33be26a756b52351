"""What stands before a real counterpart that speaks HTTP, and can close the account in its place.

No mock and no test server puts anybody out on demand. So each call goes on to the real one, and
what that refuses is refused, until `closed` is set, or a fault is ordered: from then on the
vendor's stand-in answers, as the vendor would. A mock keeps nothing of what it takes, and answers
with its own examples: there the answer's shape is the mock's, and what is remembered (ids,
references, states) is the stand-in's.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

import httpx
import msgspec

from venire.cli.drills.counterparts.infobip import InfobipCounterpart
from venire.cli.drills.counterparts.server import Call, Counterpart, Fault, Reply
from venire.cli.drills.counterparts.stripe import StripeCounterpart
from venire.cli.drills.counterparts.twilio import TwilioCounterpart
from venire.cli.drills.counterparts.xendit import XenditCounterpart

_WHOLE_S: Final = 30.0
_BAD_GATEWAY: Final = 502
_NOT_FOUND: Final = 404
_OF_ONE_CONNECTION: Final = frozenset(
    {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}
)
"""Headers that are not handed on (RFC 9110 section 7.6.1), and those that are written anew."""


class Proxied(Counterpart):
    """Mixed into a vendor's stand-in: calls go on to `real` while the account is open.

    The header Host is kept as it came: ACME's URLs and signatures are made from it.
    """

    def __init__(self, real: str, *args: Any, context: ssl.SSLContext | None = None) -> None:
        super().__init__(*args)
        self._real = httpx.Client(
            verify=context or ssl.create_default_context(), trust_env=False, timeout=_WHOLE_S
        )
        self._at = real.rstrip("/")

    def close(self) -> None:
        """Let go of the connections to the real one."""
        self._real.close()

    async def replied(self, call: Call, fault: Fault | None) -> Reply:
        """See `Counterpart.replied`."""
        if self.closed or fault is not None:
            return self.reply(call, fault)
        given = await asyncio.to_thread(self._forwarded, self.sent_on(call))
        if not httpx.codes.is_success(given.status):
            return given
        return self.taken(call, given)

    def sent_on(self, call: Call) -> Call:
        """The call as the real one gets it."""
        return call

    def taken(self, call: Call, given: Reply) -> Reply:
        """What is answered to a call that the real one took."""
        del call
        return given

    def _forwarded(self, call: Call) -> Reply:
        headers = {k: v for k, v in call.headers.items() if k not in _OF_ONE_CONNECTION}
        headers.setdefault("accept-encoding", "identity")
        where = f"{self._at}{call.target}"
        try:
            with self._real.stream(
                call.method, where, headers=headers, content=call.body
            ) as response:
                body = b"".join(response.iter_raw())
        except httpx.HTTPError as error:
            return Reply(_BAD_GATEWAY, {"message": f"the real one: {type(error).__name__}"})
        # As stand-ins write them, so that none stands there twice.
        kept = {
            name.title(): value
            for name, value in response.headers.items()
            if name not in _OF_ONE_CONNECTION
        }
        return Reply(response.status_code, body, kept)


class TwilioProxy(Proxied, TwilioCounterpart):
    """Before whatever speaks as Twilio does: which texts it took is read in passing."""

    def taken(self, call: Call, given: Reply) -> Reply:
        """See `Proxied.taken`."""
        if call.method == "POST":
            self.texts[f"taken-{len(self.texts)}"] = call.form
        return given


class InfobipProxy(Proxied, InfobipCounterpart):
    """Before whatever speaks as Infobip does."""

    def taken(self, call: Call, given: Reply) -> Reply:
        """See `Proxied.taken`."""
        if call.method == "POST":
            message = call.json()["messages"][0]
            to = message["destinations"][0]["to"]
            self.texts[f"taken-{len(self.texts)}"] = {"to": to, "text": message["content"]["text"]}
        return given


class StripeProxy(Proxied, StripeCounterpart):
    """Before stripe-mock, which checks each parameter and keeps nothing."""

    def taken(self, call: Call, given: Reply) -> Reply:
        """See `Proxied.taken`."""
        return _remembered(given, self.answer(call))


class XenditProxy(Proxied, XenditCounterpart):
    """Before Xendit's description: what breaks it is refused."""

    def sent_on(self, call: Call) -> Call:
        """A drill's site has no TLS of its own; Xendit leads payers back to https alone."""
        body = call.body.replace(b'"http://', b'"https://')
        return msgspec.structs.replace(call, body=body)

    def taken(self, call: Call, given: Reply) -> Reply:
        """See `Proxied.taken`."""
        return _remembered(given, self.answer(call))


class AuthorityProxy(Proxied):
    """Before an authority (ACME): only it signs, so only it answers while the account is open."""

    def suspended(self, call: Call) -> Reply:
        """The account is deactivated (RFC 8555 section 7.3.6)."""
        del call
        return Reply(403, {"type": "urn:ietf:params:acme:error:unauthorized"})


def _remembered(given: Reply, own: Reply) -> Reply:
    """The real one's answer with what it did not keep; its own where nothing was to be kept."""
    if own.status == _NOT_FOUND or not isinstance(own.content, dict):
        return given
    try:
        told = msgspec.json.decode(given.content)
    except msgspec.DecodeError:
        return given
    both = {**told, **own.content} if isinstance(told, dict) else own.content
    return Reply(given.status, both)
