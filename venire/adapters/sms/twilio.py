"""Text messages by Twilio. Source: Twilio docs, Messages resource, Webhooks Security, Errors.

One call; its answer is believed only as far as its codes are known. Only what is the recipient's
own fault ends the matter: an error nobody here knows goes on to the next vendor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from venire.adapters.http import Answer, VendorHttp, basic, segment
from venire.kernel.errors import Invalid
from venire.kernel.messages import TextMessage, TextReport, TextState, TextTaken
from venire.kernel.money import Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

ADDRESS: Final = "https://api.twilio.com"
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_MESSAGE = re.compile(r"(SM|MM)[0-9a-f]{32}")
_CLOSED = frozenset({10001, 20003, 20005, 20006, 20008, 20403, 30002, 90010})
"""Not signed in, not active, suspended, access denied."""
_REJECTED = frozenset({21211, 21217, 21610, 21614, 30005, 30006})
"""No number, none that takes texts, or whoever has it wants none from us."""
_THROTTLED = frozenset({14107, 20429, 21611, 30001, 30022})
_STATES: Final[Mapping[str, TextState]] = {
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}
_LOST = frozenset({"failed", "undelivered", "canceled"})
_LONGEST_S: Final = 36_000
_FORM_FIELDS: Final = 100


class Twilio:
    """One account. `sender`: a number of ours, or a messaging service (`MG...`).

    `token`: the account's; it also signs receipts. `reports_at`: where receipts are to come.
    """

    def __init__(
        self,
        account: str,
        token: str,
        *,
        sender: str,
        reports_at: str = "",
        address: str = ADDRESS,
        loopback: bool = False,
    ) -> None:
        if not _ACCOUNT.fullmatch(account) or not token or not sender:
            raise Invalid("settings_invalid", "twilio: account AC..., from, and a secret file")
        self._token = token.encode()
        self._sender = sender
        self._reports_at = reports_at
        self._at = f"/2010-04-01/Accounts/{segment(account)}"
        self._http = VendorHttp(address, headers=basic(account, token), loopback=loopback)

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    async def send(self, message: TextMessage) -> TextTaken:
        """See `SmsService.send`. Twilio knows no key of ours: asked twice, it sends twice."""
        service = bool(_SERVICE.fullmatch(self._sender))
        form = {
            "To": message.to,
            "MessagingServiceSid" if service else "From": self._sender,
            "Body": message.text,
            "ValidityPeriod": str(min(_LONGEST_S, max(1, message.valid_s))),
        }
        if self._reports_at:
            # The key comes back in the address, which Twilio signs with the rest.
            form["StatusCallback"] = f"{self._reports_at}?{urlencode({'key': message.key})}"
        answer = await self._http.ask("POST", f"{self._at}/Messages.json", form=form)
        told = _told(answer)
        if not answer.good:
            raise _refusal(answer, told)
        reference = told.get("sid")
        if not isinstance(reference, str) or not _MESSAGE.fullmatch(reference):
            raise VendorUnavailable("no_message", in_doubt=True)
        code = told.get("error_code")
        if isinstance(code, int) and code:
            raise _fault(code)
        status = str(told.get("status"))
        if status in _LOST:
            raise VendorUnavailable(f"status_{status}")
        return TextTaken(reference, status[:20])

    async def check(self) -> None:
        """See `SmsService.check`: an account answers, and says inside that it is suspended."""
        answer = await self._http.ask("GET", f"{self._at}.json")
        told = _told(answer)
        if not answer.good:
            raise _refusal(answer, told)
        status = told.get("status")
        if status in {"suspended", "closed"}:
            raise AccountClosed(f"account_{status}")
        if status != "active":
            raise VendorUnavailable("no_account")

    def read_reports(
        self, raw: bytes, headers: Mapping[str, str], query: str, now_ms: int
    ) -> list[TextReport]:
        """See `SmsService.read_reports`. Nothing in it has a time: repeats must not matter."""
        del now_ms
        try:
            fields = parse_qsl(
                raw.decode(), keep_blank_values=True, max_num_fields=_FORM_FIELDS, errors="strict"
            )
            key = dict(parse_qsl(query, max_num_fields=_FORM_FIELDS)).get("key", "")
        except ValueError:
            raise Forged("unreadable") from None
        where = f"{self._reports_at}?{query}" if query else self._reports_at
        expected = self.signature(where, fields)
        if not hmac.compare_digest(expected, headers.get("x-twilio-signature", "").encode()):
            raise Forged("signature")
        form = dict(fields)
        state = _STATES.get(form.get("MessageStatus", ""))
        if state is None or not key:
            return []
        code = form.get("ErrorCode", "")
        return [TextReport(key, state, code if code.isdigit() and len(code) < 7 else "")]  # noqa: PLR2004

    def signature(self, where: str, fields: list[tuple[str, str]]) -> bytes:
        """What Twilio signs a call to an address with: its fields by name, appended."""
        said = where + "".join(name + value for name, value in sorted(set(fields)))
        return base64.b64encode(hmac.digest(self._token, said.encode(), hashlib.sha1))


def _told(answer: Answer) -> dict[str, Any]:
    told = answer.json()
    return told if isinstance(told, dict) else {}


def _refusal(answer: Answer, told: dict[str, Any]) -> VendorFault:
    code = told.get("code")
    if isinstance(code, int):
        return _fault(code, answer)
    if answer.status in {401, 403}:
        return AccountClosed(f"http_{answer.status}")
    if answer.status == 429:  # noqa: PLR2004 - HTTP
        return VendorThrottled("http_429", answer.retry_after_s)
    return VendorUnavailable(f"http_{answer.status}", in_doubt=answer.status >= 500)  # noqa: PLR2004


def _fault(code: int, answer: Answer | None = None) -> VendorFault:
    said = str(code)
    status = 0 if answer is None else answer.status
    if code in _REJECTED:
        return Rejected(said)
    if code in _THROTTLED or status == 429:  # noqa: PLR2004 - HTTP
        return VendorThrottled(said, None if answer is None else answer.retry_after_s)
    if code in _CLOSED or status in {401, 403}:
        return AccountClosed(said)
    return VendorUnavailable(said, in_doubt=status >= 500)  # noqa: PLR2004 - HTTP
