"""Text messages straight to a carrier or an aggregator, by SMPP 3.4 (the specification of 1999).

No company's website lies between: one connection, kept, bound as a transceiver, so that delivery
receipts come back on it. Receipts are matched by the carrier's message id; what was sent before a
restart has none, and is counted as unheard of.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import smpp34

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

_log = logging.getLogger(__name__)

Heard = Callable[[TextReport], Awaitable[None]]
_STEP_S: Final = 5.0
_REMEMBERED: Final = 10_000
_EARLY: Final = 1_000
_INTERNATIONAL: Final = 1
_ISDN: Final = 1
_ALPHANUMERIC: Final = 5
_UCS2: Final = 8
_SHORT_BYTES: Final = 140
_RECEIPT_ASKED: Final = 1
_RECEIPT: Final = 0x04
_CLOSED: Final = frozenset({0x04, 0x05, 0x0D, 0x0E, 0x0F})
"""Bind failed, wrong password, wrong system id, not bound as one that may send (section 5.1.3)."""
_THROTTLED: Final = frozenset({0x14, 0x58})
_REJECTED: Final = frozenset({0x0B, 0x50, 0x51})
_IN_DOUBT: Final = frozenset({0x08, 0xFE, 0xFF})
_BIND: Final = 0x00000009
_RECEIPTED: Final = 0x001E
_PAYLOAD: Final = 0x0424
_HEAD: Final = struct.Struct(">IIII")
_STATES: Final[Mapping[str, TextState]] = {
    "DELIVRD": "delivered",
    "ACCEPTD": "sent",
    "ENROUTE": "sent",
    "EXPIRED": "failed",
    "DELETED": "failed",
    "UNDELIV": "failed",
    "REJECTD": "failed",
}
_ID = re.compile(rb"\bid:([!-~]{1,64})")
_STAT = re.compile(rb"\bstat:([A-Z]{5,7})\b")
_ERROR = re.compile(rb"\berr:([0-9A-Za-z]{1,6})\b")
_PLAIN: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n!\"#%&'()*+,-./:;<=>?"
)
"""Where the GSM alphabet and ASCII agree: whatever a carrier takes the default alphabet to be."""


class Smpp:
    """One account at one carrier. `heard`: told of every receipt that can be matched.

    `tls` may be off on this machine itself, or where the operator says that the line is private.
    """

    def __init__(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        *,
        sender: str,
        tls: bool = True,
        heard: Heard | None = None,
        step_s: float = _STEP_S,
    ) -> None:
        if not host or not system_id or not password or not sender or not 0 < port < 1 << 16:
            raise Invalid(
                "settings_invalid", "smpp: host, port, system_id, from, and a secret file"
            )
        self._host, self._port, self._tls = host, port, tls
        self._system_id, self._password = system_id, password
        self._sender = sender
        self._heard = heard
        self._step_s = step_s
        self._client: smpp34.Client | None = None
        self._session: smpp34.Smsc | None = None
        self._listening: asyncio.Task[None] | None = None
        self._binding = asyncio.Lock()
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._early: OrderedDict[str, tuple[TextState, str]] = OrderedDict()

    def __repr__(self) -> str:
        """Nothing of the password."""
        return f"Smpp({self._host}:{self._port})"

    async def close(self) -> None:
        """Unbind, and end the connection."""
        listening, self._listening = self._listening, None
        session, self._session = self._session, None
        client, self._client = self._client, None
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        with contextlib.suppress(smpp34.SmppError, TimeoutError, OSError):
            async with asyncio.timeout(self._step_s):
                if session is not None:
                    await session.unbind()
                if client is not None:
                    await client.stop()

    async def send(self, message: TextMessage) -> TextTaken:
        """See `SmsService.send`. SMPP knows no key of ours: asked twice, it sends twice."""
        session = await self._bound()
        plain = _PLAIN.issuperset(message.text)
        content = message.text.encode("ascii" if plain else "utf-16-be")
        short = len(content) <= _SHORT_BYTES
        payload = [] if short else [smpp34.Tlv(_PAYLOAD, content)]
        digits = self._sender.lstrip("+").isdigit()
        try:
            async with asyncio.timeout(self._step_s):
                answer = await session.submit_sm(
                    message.to.lstrip("+"),
                    content if short else b"",
                    source_addr=self._sender.lstrip("+"),
                    source_addr_ton=_INTERNATIONAL if digits else _ALPHANUMERIC,
                    source_addr_npi=_ISDN if digits else 0,
                    dest_addr_ton=_INTERNATIONAL,
                    dest_addr_npi=_ISDN,
                    data_coding=0 if plain else _UCS2,
                    validity_period=_lasting(message.valid_s),
                    registered_delivery=_RECEIPT_ASKED,
                    tlvs=payload,
                )
        except TimeoutError:
            await self._let_go(session)
            raise VendorUnavailable("timeout", in_doubt=True) from None
        except (smpp34.SmppError, OSError):
            await self._let_go(session)
            raise VendorUnavailable("connection", in_doubt=True) from None
        if not answer.is_success:
            if answer.command_status in _CLOSED:
                await self._let_go(session)
            raise _fault(answer.command_status)
        reference = answer.message_id or ""
        if not reference:
            raise VendorUnavailable("no_message", in_doubt=True)
        self._keys[reference] = message.key
        while len(self._keys) > _REMEMBERED:
            self._keys.popitem(last=False)
        early = self._early.pop(reference, None)
        if early is not None:
            await self._tell(TextReport(message.key, *early))
        return TextTaken(reference, "accepted")

    async def check(self) -> None:
        """See `SmsService.check`: bound is served."""
        await self._bound()

    def read_reports(
        self, raw: bytes, headers: Mapping[str, str], query: str, now_ms: int
    ) -> list[TextReport]:
        """See `SmsService.read_reports`: none comes this way, so whatever does is forged."""
        del raw, headers, query, now_ms
        raise Forged("no_receipts_by_http")

    async def _bound(self) -> smpp34.Smsc:
        async with self._binding:
            client, session = self._client, self._session
            if client is not None and session is not None and await client.is_alive():
                return session
            await self.close()
            client = smpp34.Client(
                self._host,
                self._port,
                self._system_id,
                self._password,
                bind_type="TRX",
                tls=self._tls,
                connect_timeout_ms=round(self._step_s * 1_000),
            )
            try:
                async with asyncio.timeout(self._step_s):
                    session = await client.connect()
            except (TimeoutError, smpp34.SmppError, OSError, ValueError):
                with contextlib.suppress(Exception):
                    await client.stop()
                # The library does not say why: a refusal looks like silence to it.
                raise await self._why() from None
            self._client, self._session = client, session
            self._listening = asyncio.create_task(self._listen(session), name="smpp-receipts")
            return session

    async def _let_go(self, session: smpp34.Smsc) -> None:
        if self._session is session:
            await self.close()

    async def _listen(self, session: smpp34.Smsc) -> None:
        while True:
            try:
                event = await session.next()
            except (smpp34.SmppError, OSError):
                return
            if not isinstance(event, smpp34.DeliverSmEvent):
                return
            report = self._report(event)
            if report is not None:
                await self._tell(report)

    async def _tell(self, report: TextReport) -> None:
        """Hand a receipt on: what goes wrong there must end neither a text nor the listening."""
        if self._heard is None:
            return
        try:
            await self._heard(report)
        except Exception:  # noqa: BLE001 - whatever it is, the carrier has done its part
            _log.exception("receipt_not_noted")

    def _report(self, event: smpp34.DeliverSmEvent) -> TextReport | None:
        """A receipt (appendix B), by its parameters or else by its text."""
        if not event.esm_class & _RECEIPT:
            return None
        text = event.short_message
        named = {tlv.tag: tlv for tlv in event.tlvs}
        told = named.get(_RECEIPTED)
        found = _ID.search(text)
        reference = (told.as_string() or "") if told is not None else ""
        if not reference and found is not None:
            reference = found[1].decode("ascii")
        key = self._keys.get(reference)
        said = _STAT.search(text)
        state = _STATES.get(said[1].decode("ascii")) if said is not None else None
        if not reference or state is None:
            return None
        error = _ERROR.search(text)
        told_why = "" if error is None else error[1].decode("ascii")
        if key is None:
            # A carrier's receipt may be here before whoever sent has looked at its answer.
            self._early[reference] = (state, told_why)
            while len(self._early) > _EARLY:
                self._early.popitem(last=False)
            return None
        return TextReport(key, state, told_why)

    async def _why(self) -> VendorFault:
        """Bind once by hand, to read the status that a refusal carries (section 4.1.6)."""
        secure = True if self._tls else None
        writer = None
        try:
            async with asyncio.timeout(self._step_s):
                reader, writer = await asyncio.open_connection(self._host, self._port, ssl=secure)
                writer.write(_bind(self._system_id, self._password))
                await writer.drain()
                status = _HEAD.unpack(await reader.readexactly(_HEAD.size))[2]
        except (OSError, EOFError, TimeoutError, struct.error):
            return VendorUnavailable("no_bind")
        finally:
            if writer is not None:
                writer.close()
        return _fault(status) if status else VendorUnavailable("no_bind")


def _bind(system_id: str, password: str) -> bytes:
    strings = b"".join(part.encode() + b"\0" for part in (system_id, password, ""))
    body = strings + bytes([0x34, 0, 0]) + b"\0"
    return _HEAD.pack(_HEAD.size + len(body), _BIND, 0, 1) + body


def _lasting(seconds: int) -> str:
    """How long a message is worth delivering, as a relative time (section 7.1.1)."""
    minutes, rest = divmod(max(1, min(seconds, 86_399)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"000000{hours:02}{minutes:02}{rest:02}000R"


def _fault(status: int) -> VendorFault:
    said = f"smpp_{status:#04x}"
    if status in _CLOSED:
        return AccountClosed(said)
    if status in _THROTTLED:
        return VendorThrottled(said)
    if status in _REJECTED:
        return Rejected(said)
    return VendorUnavailable(said, in_doubt=status in _IN_DOUBT)
