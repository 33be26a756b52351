"""Text messages by a phone of our own, with the app SMSGate (capcom6/android-sms-gateway).

Source: its docs, Sending Messages, Status Tracking, Webhooks.
The phone itself serves on the local network, or a private server stands between: the same call. No
vendor owns the number, so that nobody but the carrier can close it. The message's id is our key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from venire.adapters.http import Answer, VendorHttp, basic
from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Invalid
from venire.kernel.messages import TextMessage, TextReport, TextState, TextTaken
from venire.kernel.money import Forged
from venire.kernel.vendors import VendorFault, VendorUnavailable, fault_of_status

_STATES: Final[Mapping[str, TextState]] = {
    "sms:sent": "sent",
    "sms:delivered": "delivered",
    "sms:failed": "failed",
}
_LIVE = frozenset({"Pending", "Processed", "Sent", "Delivered"})
_AT_ONCE: Final = 100
"""A priority from which on the phone's own limits and pauses are passed over."""
_FRESH_MS: Final = 5 * MINUTE_MS
_CONFLICT: Final = 409


class AndroidGateway:
    """One phone. `address`: of the phone, or of a server with its `/3rdparty/v1`.

    `path`: `/messages`; older apps serve `/message`. `signing_key`: of the app's webhooks; without
    one no receipt is believed.
    """

    def __init__(
        self,
        address: str,
        username: str,
        password: str,
        *,
        path: str = "/messages",
        signing_key: str = "",
        loopback: bool = False,
    ) -> None:
        if not username or not password or path not in {"/messages", "/message"}:
            raise Invalid("settings_invalid", "android: address, username, and a secret file")
        self._path = path
        self._signing_key = signing_key.encode()
        self._http = VendorHttp(
            address, headers=basic(username, password), loopback=loopback, private=True
        )

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    async def send(self, message: TextMessage) -> TextTaken:
        """See `SmsService.send`."""
        wanted = {
            "id": message.key,
            "textMessage": {"text": message.text},
            "phoneNumbers": [message.to],
            "ttl": max(5, message.valid_s),
            "withDeliveryReport": True,
            "priority": _AT_ONCE,
        }
        answer = await self._http.ask("POST", self._path, json=wanted)
        if answer.status == _CONFLICT:
            # It has a message with this id: an earlier try arrived.
            return TextTaken(message.key, "there_already")
        if not answer.good:
            raise _refusal(answer)
        told = answer.json()
        state = told.get("state") if isinstance(told, dict) else None
        if state == "Failed":
            raise VendorUnavailable("state_failed")
        if state not in _LIVE:
            raise VendorUnavailable("no_message", in_doubt=True)
        return TextTaken(str(told.get("id") or message.key)[:100], str(state))

    async def check(self) -> None:
        """See `SmsService.check`: a message that is not there is asked for, and said so."""
        answer = await self._http.ask("GET", f"{self._path}/venire-check")
        if not answer.good and answer.status != 404:  # noqa: PLR2004 - HTTP
            raise _refusal(answer)
        if not isinstance(answer.json(), dict):
            raise VendorUnavailable("no_gateway")

    def read_reports(
        self, raw: bytes, headers: Mapping[str, str], query: str, now_ms: int
    ) -> list[TextReport]:
        """See `SmsService.read_reports`: signed with its time, and believed for five minutes."""
        del query
        at = headers.get("x-timestamp", "")
        expected = hmac.new(self._signing_key, raw + at.encode(), hashlib.sha256).hexdigest()
        given = headers.get("x-signature", "").lower()
        if not self._signing_key or not hmac.compare_digest(expected.encode(), given.encode()):
            raise Forged("signature")
        known = at.isascii() and at.isdigit() and len(at) < 12  # noqa: PLR2004 - a moment in seconds
        if not known or abs(now_ms - int(at) * 1_000) > _FRESH_MS:
            raise Forged("stale")
        told = Answer(200, {}, raw).json()
        if not isinstance(told, dict) or not isinstance(told.get("payload"), dict):
            raise Forged("unreadable")
        payload: dict[str, Any] = told["payload"]
        state, key = _STATES.get(str(told.get("event"))), payload.get("messageId")
        if state is None or not isinstance(key, str):
            return []
        # The reason is a text of the phone's maker and may hold the number: left out.
        return [TextReport(key, state)]


def _refusal(answer: Answer) -> VendorFault:
    if answer.status in {401, 403, 429}:
        return fault_of_status(answer.status, retry_after_s=answer.retry_after_s)
    # No phone that is awake is a 400 here, too: nothing tells it from a number that is wrong.
    return VendorUnavailable(f"http_{answer.status}", in_doubt=answer.status >= 500)  # noqa: PLR2004
