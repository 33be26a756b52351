"""Which mail addresses may join: blocked domains and boxes, throw-away services, dead domains."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

from venire.kernel.errors import Invalid
from venire.kernel.ports import MailHosts
from venire.people.rules import Fault, normal_email
from venire.people.site_rules import CANONICAL_EMAIL, EMAIL_DOMAIN, find_rule
from venire.storage.world import World

BLOCKED = Fault("email", "ERR_BLOCKED", "uses a forbidden e-mail provider")
UNREACHABLE = Fault("email", "ERR_UNREACHABLE", "does not seem to exist")
_DISPOSABLE = Path(__file__).with_name("disposable.txt")
_LONGEST = 253
_HOSTS_MOST = 20


def canonical_email(email: str) -> str:
    """The box behind an address: no dots, nothing from `+` on, lower case.

    As Mastodon counts, so that its lists of hashes can be used here.
    """
    name, _, domain = normal_email(email).rpartition("@")
    return f"{name.partition('+')[0].replace('.', '')}@{domain}"


def canonical_hash(email: str) -> str:
    """SHA-256 of the box behind an address, in hex."""
    return hashlib.sha256(canonical_email(email).encode(errors="replace")).hexdigest()


def parse_domain(text: str) -> str:
    """A domain in ASCII and lower case. Invalid `domain_invalid`."""
    name = text.strip().strip(".").lower().removeprefix("@")
    try:
        plain = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError as error:
        raise _no_domain() from error
    labels = plain.split(".")
    letters = plain.replace("-", "").replace(".", "").replace("_", "")
    if (
        len(plain) > _LONGEST
        or len(labels) < 2  # noqa: PLR2004 - a name and its top level
        or not all(0 < len(label) < 64 for label in labels)  # noqa: PLR2004 - RFC 1035
        or not letters.isalnum()
    ):
        raise _no_domain()
    return plain


def _no_domain() -> Invalid:
    return Invalid("domain_invalid", "Validation failed: Domain is not a valid domain name")


@functools.cache
def disposable_domains() -> frozenset[str]:
    """Services of throw-away addresses."""
    lines = _DISPOSABLE.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def domains_above(domain: str) -> Iterator[str]:
    """A domain and those that it lies in, without the top level."""
    labels = domain.split(".")
    for place in range(max(1, len(labels) - 1)):
        yield ".".join(labels[place:])


async def domain_blocked(world: World, domain: str) -> bool:
    """Whether operators blocked a mail domain, or one that it lies in."""
    for name in domains_above(domain.strip(".").lower()):
        if await find_rule(world, EMAIL_DOMAIN, name) is not None:
            return True
    return False


async def email_faults(world: World, email: str) -> list[Fault]:
    """What the site's lists have against an address that is well formed."""
    domain = normal_email(email).rpartition("@")[2]
    if await find_rule(world, CANONICAL_EMAIL, canonical_hash(email)) is not None:
        return [BLOCKED]
    if not disposable_domains().isdisjoint(domains_above(domain)):
        return [BLOCKED]
    return [BLOCKED] if await domain_blocked(world, domain) else []


async def host_faults(world: World, email: str, resolver: MailHosts) -> tuple[list[Fault], bool]:
    """What the domain's mail hosts have against an address, and whether they could be asked.

    A resolver that does not answer refuses nobody: such a sign-up waits for a person instead.
    """
    hosts = await resolver.mail_hosts(normal_email(email).rpartition("@")[2])
    if hosts is None:
        return [], False
    if not hosts:
        return [UNREACHABLE], True
    for host in hosts[:_HOSTS_MOST]:
        if await domain_blocked(world, host):
            return [BLOCKED], True
    return [], True
