"""Text messages by Infobip.

Source: Infobip docs, Send SMS message (`/sms/3/messages`), Message status codes, Delivery reports.
Every message has a status of its own inside an answer that is a success. The message's id is our
key: a second message with it is refused as a duplicate, which means that the first one stands.
Receipts are not signed: their address holds a secret, and is all there is to believe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from venire.adapters.http import Answer, VendorHttp
from venire.kernel.errors import Invalid
from venire.kernel.messages import TextMessage, TextReport, TextState, TextTaken
from venire.kernel.money import Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
    fault_of_status,
)

_TAKEN = frozenset({1, 3})
"""Groups of statuses: pending and delivered. The others are expired, undeliverable, rejected."""
_UNDELIVERABLE: Final = 2
_STATES: Final[Mapping[int, TextState]] = {2: "failed", 3: "delivered", 4: "failed", 5: "failed"}
_DUPLICATE: Final = "REJECTED_DUPLICATE_MESSAGE_ID"
_CLOSED = frozenset({"REJECTED_NOT_ENOUGH_CREDITS", "REJECTED_PREPAID_PACKAGE_EXPIRED"})
"""Nothing more is sent until a person pays: the same as an account that is closed."""
_REJECTED = frozenset(
    {
        "MISSING_TO",
        "REJECTED_DESTINATION",
        "REJECTED_DESTINATION_BLOCKLISTED",
        "REJECTED_DND",
        "REJECTED_INVALID_DESTINATION",
        "REJECTED_PREFIX_MISSING",
    }
)
_THROTTLED = frozenset({"REJECTED_FLOODING_FILTER"})
_SECOND_MOST: Final = 48 * 3600
_REPORTS_MOST: Final = 1_000


class Infobip:
    """One account. `address`: its own, as https://xxxxx.api.infobip.com."""

    def __init__(
        self, address: str, key: str, *, sender: str, reports_at: str = "", loopback: bool = False
    ) -> None:
        if not key or not sender:
            raise Invalid("settings_invalid", "infobip: address, from, and a secret file")
        self._sender = sender
        self._reports_at = reports_at
        self._http = VendorHttp(address, headers={"Authorization": f"App {key}"}, loopback=loopback)

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    async def send(self, message: TextMessage) -> TextTaken:
        """See `SmsService.send`."""
        seconds = min(_SECOND_MOST, max(1, message.valid_s))
        wanted: dict[str, Any] = {
            "sender": self._sender,
            "destinations": [{"to": message.to.removeprefix("+"), "messageId": message.key}],
            "content": {"text": message.text},
            "options": {"validityPeriod": {"amount": seconds, "timeUnit": "SECONDS"}},
        }
        if self._reports_at:
            wanted["webhooks"] = {
                "delivery": {"url": self._reports_at},
                "contentType": "application/json",
            }
        answer = await self._http.ask("POST", "/sms/3/messages", json={"messages": [wanted]})
        if not answer.good:
            raise _refusal(answer)
        one = _only(answer.json())
        status = one.get("status")
        if not isinstance(status, dict) or not isinstance(status.get("groupId"), int):
            raise VendorUnavailable("no_message", in_doubt=True)
        name = str(status.get("name"))
        if status["groupId"] not in _TAKEN and name != _DUPLICATE:
            raise _fault(status["groupId"], name)
        return TextTaken(str(one.get("messageId") or message.key)[:100], name[:40])

    async def check(self) -> None:
        """See `SmsService.check`."""
        answer = await self._http.ask("GET", "/account/1/balance")
        if not answer.good:
            raise _refusal(answer)
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("balance"), int | float):
            raise VendorUnavailable("no_account")

    def read_reports(
        self, raw: bytes, headers: Mapping[str, str], query: str, now_ms: int
    ) -> list[TextReport]:
        """See `SmsService.read_reports`: whoever knows the address is believed."""
        del headers, query, now_ms
        told = Answer(200, {}, raw).json()
        results = told.get("results") if isinstance(told, dict) else None
        if not isinstance(results, list) or len(results) > _REPORTS_MOST:
            raise Forged("unreadable")
        return [report for report in map(_report, results) if report is not None]


def _report(result: Any) -> TextReport | None:
    if not isinstance(result, dict) or not isinstance(result.get("status"), dict):
        return None
    key, status = result.get("messageId"), result["status"]
    group = status.get("groupId")
    state = _STATES.get(group) if isinstance(group, int) else None
    if not isinstance(key, str) or state is None:
        return None
    return TextReport(key, state, str(status.get("name", ""))[:40])


def _only(told: Any) -> dict[str, Any]:
    messages = told.get("messages") if isinstance(told, dict) else None
    if isinstance(messages, list) and len(messages) == 1 and isinstance(messages[0], dict):
        return messages[0]
    return {}


def _refusal(answer: Answer) -> VendorFault:
    if answer.status in {401, 403, 429}:
        return fault_of_status(answer.status, retry_after_s=answer.retry_after_s)
    # A request that it does not understand is our fault or a new version's: never the recipient's.
    return VendorUnavailable(f"http_{answer.status}", in_doubt=answer.status >= 500)  # noqa: PLR2004


def _fault(group: int, name: str) -> VendorFault:
    if name in _CLOSED:
        return AccountClosed(name)
    if name in _REJECTED:
        return Rejected(name)
    if name in _THROTTLED:
        return VendorThrottled(name)
    return VendorUnavailable(name if group >= _UNDELIVERABLE else "no_message")
