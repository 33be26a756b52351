"""Zones at a name server that takes signed updates. Source: RFC 2136 (UPDATE), RFC 8945 (TSIG).

Implements `kernel.ports.DnsService` with dnspython, over TCP. An update of one zone is done whole
or not at all. Nothing is believed that the server has not signed.
"""

from __future__ import annotations

import asyncio
import binascii
import re
import struct
from collections.abc import Sequence
from typing import Final

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update
import msgspec
from dns.rdtypes.txtbase import TXTBase

from venire.kernel.errors import Invalid
from venire.kernel.vendors import AccountClosed, Rejected, VendorFault, VendorUnavailable
from venire.kernel.zones import DnsRecord, RecordKind, check_records, is_name, zone_of

_WHOLE_S: Final = 5.0
_PORT: Final = 53
_KEY = re.compile(r"(hmac-sha(?:256|384|512)):([a-z0-9][a-z0-9.-]{0,62}):([A-Za-z0-9+/]{22,172}=*)")
_SHORTEST_SECRET: Final = 16
_CLOSED: Final = frozenset({dns.rcode.REFUSED, dns.rcode.NOTAUTH})
_WRONG: Final = frozenset({dns.rcode.FORMERR, dns.rcode.NOTZONE, dns.rcode.YXDOMAIN})
_GOOD: Final = frozenset({dns.rcode.NOERROR})
_NONE_THERE: Final = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


class UpdateKey(msgspec.Struct, frozen=True):
    """What an update is signed with (RFC 8945); `secret` is base64. Never shown."""

    algorithm: str
    name: str
    secret: str

    def __repr__(self) -> str:
        return f"UpdateKey({self.name!r})"


def read_key(text: str) -> UpdateKey:
    """Read `hmac-sha256:NAME:SECRET`, as BIND's tools print it. Invalid `dns_key_invalid`."""
    refusal = Invalid("dns_key_invalid", "a key is hmac-sha256:NAME:SECRET")
    match = _KEY.fullmatch(text.strip())
    if match is None:
        raise refusal
    try:
        secret = binascii.a2b_base64(match[3], strict_mode=True)
    except ValueError:
        raise refusal from None
    if len(secret) < _SHORTEST_SECRET:
        raise refusal
    return UpdateKey(match[1], match[2], match[3])


class Rfc2136:
    """Implements `kernel.ports.DnsService`. `server`: an IP address, reached at `port` by TCP."""

    def __init__(
        self,
        server: str,
        key: UpdateKey,
        zones: Sequence[str],
        *,
        port: int = _PORT,
        whole_s: float = _WHOLE_S,
    ) -> None:
        for zone in zones:
            if not is_name(zone):
                raise Invalid("dns_zone_invalid", f"no zone: {zone[:100]!r}")
        self.zones = tuple(zones)
        self._server = server
        self._port = port
        self._whole_s = whole_s
        self._ring = dns.tsigkeyring.from_text({key.name: key.secret})
        self._key_name = dns.name.from_text(key.name)
        self._algorithm = dns.name.from_text(key.algorithm)

    async def replace(self, records: Sequence[DnsRecord]) -> None:
        """See `DnsService.replace`."""
        check_records(records)
        by_zone: dict[str, list[DnsRecord]] = {}
        for record in records:
            by_zone.setdefault(zone_of(record.name, self.zones), []).append(record)
        for zone, ours in by_zone.items():
            update = dns.update.UpdateMessage(zone)
            for record in ours:
                name = dns.name.from_text(record.name)
                update.delete(name, record.kind)
                for value in record.values:
                    _add(update, name, record, value)
            await self._update(update, zone)

    async def look(self, name: str, kind: RecordKind) -> tuple[str, ...]:
        """See `DnsService.look`."""
        zone_of(name, self.zones)
        question = dns.message.make_query(name, kind)
        question.flags &= ~dns.flags.RD
        answer = await self._ask(question, done=_NONE_THERE)
        wanted = dns.rdatatype.from_text(kind)
        found = [
            value
            for each in answer.answer
            if each.rdtype == wanted and each.name == question.question[0].name
            for value in each
        ]
        return tuple(sorted(_read(value) for value in found))

    async def check(self) -> None:
        """See `DnsService.check`: every zone is there, and this key signs for it."""
        for zone in self.zones:
            await self._check(zone)

    async def _check(self, zone: str) -> None:
        # A prerequisite and nothing to do: the server looks at the key and changes nothing.
        update = dns.update.UpdateMessage(zone)
        update.present(dns.name.from_text(zone), "SOA")
        await self._ask(update, done=_GOOD)

    async def _update(self, update: dns.update.UpdateMessage, zone: str) -> None:
        try:
            await self._ask(update, done=_GOOD)
        except AccountClosed as fault:
            # BIND refuses some records for what they say (an MX to a host without address) by the
            # same word as a key that may not: whoever may still sign is not put out.
            if fault.said != _said(dns.rcode.REFUSED):
                raise
            await self._check(zone)
            raise Rejected(fault.said) from None

    async def _ask(
        self, message: dns.message.Message, done: frozenset[dns.rcode.Rcode]
    ) -> dns.message.Message:
        message.use_tsig(self._ring, self._key_name, algorithm=self._algorithm)
        update = isinstance(message, dns.update.UpdateMessage)
        try:
            # Its own timeout is `asyncio.wait_for`, which up to Python 3.11 loses a cancellation
            # that comes together with an answer: a worker told to stop would sleep on.
            async with asyncio.timeout(self._whole_s):
                answer = await dns.asyncquery.tcp(message, self._server, port=self._port)
        except (dns.tsig.PeerBadKey, dns.tsig.PeerBadSignature) as error:
            raise AccountClosed(type(error).__name__.lower()) from None
        except ConnectionError as error:
            raise VendorUnavailable(type(error).__name__.lower()) from None
        except (TimeoutError, dns.exception.DNSException, OSError, EOFError, ValueError) as error:
            raise VendorUnavailable(type(error).__name__.lower(), in_doubt=update) from None
        code = answer.rcode()
        if code not in done:
            raise _fault(code)
        if not answer.had_tsig:
            raise VendorUnavailable("answer_unsigned", in_doubt=update)
        return answer


def _add(
    update: dns.update.UpdateMessage, name: dns.name.Name, record: DnsRecord, value: str
) -> None:
    try:
        update.add(name, record.ttl_s, record.kind, _written(record.kind, value))
    except (dns.exception.DNSException, struct.error, ValueError) as error:
        hint = f"{record.kind} {record.name[:100]!r}: a value that is none of this kind"
        raise Invalid("dns_record_invalid", hint) from error


def _fault(code: dns.rcode.Rcode) -> VendorFault:
    if code in _CLOSED:
        return AccountClosed(_said(code))
    return Rejected(_said(code)) if code in _WRONG else VendorUnavailable(_said(code))


def _said(code: dns.rcode.Rcode) -> str:
    return f"rcode_{dns.rcode.to_text(code).lower()}"


def _written(kind: RecordKind, value: str) -> str:
    """As in a zone file, with names whole."""
    if kind == "TXT":
        return f'"{value}"'
    if kind in {"CNAME", "NS", "MX"} and not value.endswith("."):
        return f"{value}."
    return value


def _read(value: dns.rdata.Rdata) -> str:
    if isinstance(value, TXTBase):
        return b"".join(value.strings).decode("ascii", "replace")
    return value.to_text()
