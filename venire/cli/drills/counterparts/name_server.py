"""A stand-in of a host of names: a primary name server that takes signed updates, over TCP.

It answers from its own memory (RFC 1035, 2136), believes one key (RFC 8945) and signs what it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import dns.update

KEY_NAME: Final = "venire-drill"
SECRET: Final = "ZHJpbGwgZHJpbGwgZHJpbGwgZHJpbGw="  # noqa: S105 - of a stand-in
KEY: Final = f"hmac-sha256:{KEY_NAME}:{SECRET}"
_MOST_BYTES: Final = 65_535
_TTL_S: Final = 60


class NameServer:
    """One host. `closed`: the key is taken no more. `silent`: nothing is said."""

    def __init__(self, *zones: str) -> None:
        self.url = ""
        self.closed = False
        self.silent = False
        self.updates = 0
        self._ring = dns.tsigkeyring.from_text({KEY_NAME: SECRET})
        self._zones = [dns.name.from_text(zone) for zone in zones]
        self._held: dict[tuple[dns.name.Name, int], dns.rrset.RRset] = {}
        for zone in self._zones:
            said = f"ns.{zone} hostmaster.{zone} 1 3600 600 86400 60"
            self._held[zone, dns.rdatatype.SOA] = dns.rrset.from_text(
                zone, _TTL_S, "IN", "SOA", said
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def lose(self, zone: str) -> None:
        """The registrar has taken a zone away: nobody is told anything of it, from anywhere."""
        lost = dns.name.from_text(zone)
        self._zones.remove(lost)
        self._held = {
            where: found for where, found in self._held.items() if not where[0].is_subdomain(lost)
        }

    def values(self, name: str, kind: str) -> list[str]:
        """What it holds, as anybody would be told."""
        found = self._held.get((dns.name.from_text(name), dns.rdatatype.from_text(kind)))
        return [] if found is None else sorted(value.to_text() for value in found)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        try:
            with contextlib.suppress(OSError, EOFError):
                while answer := await self._answered(reader):
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
                writer.close()
                await writer.wait_closed()
        except asyncio.CancelledError:
            # It ends, and so does this: asyncio would log a task that was only told to stop.
            return
        finally:
            # Cut off while it waits, a connection still has to be let go.
            writer.transport.abort()

    async def _answered(self, reader: asyncio.StreamReader) -> bytes:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        wire = await reader.readexactly(size)
        if self.silent:
            await asyncio.sleep(3600)
        return self._answer(wire)

    def _answer(self, wire: bytes) -> bytes:
        try:
            asked = dns.message.from_wire(wire, keyring=self._ring)
        except dns.exception.DNSException:
            return b""
        if asked.opcode() == dns.opcode.UPDATE:
            return self._updated(asked)
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.AA
        question = asked.question[0]
        found = self._held.get((question.name, question.rdtype))
        if found is not None:
            answer.answer.append(found)
        return answer.to_wire(max_size=_MOST_BYTES)

    def _updated(self, asked: dns.message.Message) -> bytes:
        answer = dns.message.make_response(asked)
        zone = asked.question[0].name
        if self.closed or not asked.had_tsig:
            answer.set_rcode(dns.rcode.NOTAUTH)
        elif zone not in self._zones:
            answer.set_rcode(dns.rcode.NOTZONE)
        else:
            self.updates += 1
            for change in asked.authority:
                self._apply(change)
        return answer.to_wire()

    def _apply(self, change: dns.rrset.RRset) -> None:
        where = change.name, change.rdtype
        if change.deleting is not None:
            self._held.pop(where, None)
            return
        held = self._held.setdefault(
            where, dns.rrset.RRset(change.name, dns.rdataclass.IN, change.rdtype)
        )
        for value in change:
            held.add(value, change.ttl)
