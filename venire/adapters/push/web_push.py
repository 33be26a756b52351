"""Sends messages to push services. Source: RFC 8030 (Generic Event Delivery Using HTTP Push).

Implements `kernel.ports.PushService`. No redirect is followed, little is read of an answer, nobody
is waited for long: the address is a stranger's choice (`addresses.py`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from venire.adapters.push.addresses import Gate, NotAllowed, Target
from venire.adapters.push.connections import Connections
from venire.adapters.push.encryption import (
    PLAIN_MOST,
    SALT_BYTES,
    point_of,
    seal,
    seal_draft,
    url_safe,
)
from venire.adapters.push.vapid import Vapid
from venire.kernel.chance import Chance
from venire.kernel.errors import Invalid, Refused
from venire.kernel.ports import PushMessage, PushOutcome

_log = logging.getLogger(__name__)
_WHOLE_S: Final = 10.0
_STEP_S: Final = 5.0
_ANSWER_BYTES: Final = 4_096
_AT_ONCE: Final = 64
_GONE = frozenset({404, 410})
_LATER = frozenset({408, 425, 429})


class WebPush:
    """Push services, reached over HTTP."""

    def __init__(self, vapid: Vapid, chance: Chance, gate: Gate) -> None:
        self.public_key = vapid.public_key
        self._vapid = vapid
        self._chance = chance
        self._gate = gate
        self._connections = Connections(_STEP_S, _AT_ONCE)

    async def close(self) -> None:
        """End the connections that are open."""
        await self._connections.close()

    async def send(self, message: PushMessage) -> PushOutcome:
        """See the port."""
        if len(message.payload) > PLAIN_MOST:
            raise Refused("push_too_large", limit=PLAIN_MOST)
        try:
            async with asyncio.timeout(_WHOLE_S):
                target = await self._gate.target(message.endpoint)
                status = await self._post(target, message)
        except (NotAllowed, UnicodeError, httpx.InvalidURL):
            return "refused"
        except (OSError, TimeoutError, httpx.HTTPError) as error:
            _log.info("push_unanswered", extra={"error": type(error).__name__})
            return "later"
        except Invalid:
            # A key that is no key: nothing can ever be sent to that device.
            return "gone"
        return _outcome(status)

    async def _post(self, target: Target, message: PushMessage) -> int:
        headers, body = self._sealed(message)
        response = await self._connections.send("POST", target, headers, body)
        try:
            read = 0
            async for part in response.aiter_raw():
                read += len(part)
                if read > _ANSWER_BYTES:
                    break
        finally:
            await response.aclose()
        return response.status_code

    def _sealed(self, message: PushMessage) -> tuple[dict[str, str], bytes]:
        sender = ec.generate_private_key(ec.SECP256R1())
        salt = self._chance.token(SALT_BYTES)
        token = self._vapid.token(message.endpoint)
        headers = {
            "TTL": str(message.ttl_s),
            "Urgency": message.urgency,
            "Content-Type": "application/octet-stream",
            "User-Agent": "Venire",
        }
        write = seal if message.standard else seal_draft
        body = write(
            message.payload, device=message.p256dh, auth=message.auth, sender=sender, salt=salt
        )
        if message.standard:
            headers["Content-Encoding"] = "aes128gcm"
            headers["Authorization"] = f"vapid t={token}, k={self.public_key}"
        else:
            ours = url_safe(point_of(sender.public_key()))
            headers["Content-Encoding"] = "aesgcm"
            headers["Encryption"] = f"salt={url_safe(salt)}"
            headers["Crypto-Key"] = f"dh={ours};p256ecdsa={self.public_key}"
            headers["Authorization"] = f"WebPush {token}"
        return headers, body


def _outcome(status: int) -> PushOutcome:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP
        return "sent"
    if status in _GONE:
        return "gone"
    if status in _LATER or status >= 500:  # noqa: PLR2004 - HTTP
        return "later"
    return "refused"
