"""Where the mail of a domain goes, asked of the machine's name servers by dnspython."""

from __future__ import annotations

import dns.asyncresolver
import dns.exception
import dns.resolver

_WAIT_S = 3.0
_MOST = 20


class NameServers:
    """Implements `kernel.ports.MailHosts`. `resolver`: one of dnspython's, else the machine's."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver

    async def mail_hosts(self, domain: str) -> list[str] | None:
        """See the port. A null MX (RFC 7505) takes no mail; without MX the domain itself does."""
        try:
            resolver = self._resolver or dns.asyncresolver.Resolver()
            found = await resolver.resolve(domain, "MX", lifetime=_WAIT_S)
        except dns.resolver.NXDOMAIN:
            return []
        except dns.resolver.NoAnswer:
            return await self._itself(domain)
        except (dns.exception.DNSException, OSError):
            return None
        ranked = sorted((record.preference, str(record.exchange)) for record in found)
        return [host.rstrip(".").lower() for _, host in ranked if host != "."][:_MOST]

    async def _itself(self, domain: str) -> list[str] | None:
        unanswered = 0
        for kind in ("A", "AAAA"):
            try:
                resolver = self._resolver or dns.asyncresolver.Resolver()
                await resolver.resolve(domain, kind, lifetime=_WAIT_S)
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                continue
            except (dns.exception.DNSException, OSError):
                unanswered += 1
                continue
            return [domain]
        return None if unanswered else []
