"""Where mail goes, as name servers say it: hosts by preference, none, or no answer at all."""

from __future__ import annotations

from types import SimpleNamespace

import dns.exception
import dns.name
import dns.resolver
import pytest

from venire.adapters.name_servers import NameServers

pytestmark = pytest.mark.anyio


class Zone:
    """A resolver of dnspython's shape that knows a few answers by kind."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers

    async def resolve(self, _domain: str, kind: str, *, lifetime: float):
        assert lifetime <= 5
        answer = self.answers.get(kind, dns.resolver.NoAnswer())
        if isinstance(answer, Exception):
            raise answer
        return answer


def mx(*hosts: tuple[int, str]):
    return [
        SimpleNamespace(preference=rank, exchange=dns.name.from_text(host)) for rank, host in hosts
    ]


@pytest.mark.parametrize(
    ("zone", "hosts"),
    [
        (Zone(MX=mx((20, "b.example."), (10, "A.example."))), ["a.example", "b.example"]),
        (Zone(MX=mx((0, "."))), []),
        (Zone(MX=dns.resolver.NXDOMAIN()), []),
        (Zone(A=["192.0.2.1"]), ["post.example"]),
        (Zone(AAAA=["2001:db8::1"]), ["post.example"]),
        (Zone(), []),
        (Zone(MX=dns.exception.Timeout()), None),
        (Zone(MX=dns.resolver.NoNameservers()), None),
        (Zone(MX=OSError()), None),
        (Zone(A=dns.exception.Timeout()), None),
    ],
)
async def test_what_name_servers_say_of_a_domain(zone, hosts):
    assert await NameServers(zone).mail_hosts("post.example") == hosts
