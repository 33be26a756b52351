"""Records of the domain name system, as they are set at name servers. Pure nouns and checks.

Source: RFC 1035, RFC 2181 (a name and a kind have one set of values), RFC 8659 (CAA).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from venire.kernel.errors import Invalid

RecordKind = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT"]
KINDS: Final[tuple[RecordKind, ...]] = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT")
SHORTEST_TTL_S: Final = 60
LONGEST_TTL_S: Final = 86_400
_MOST_VALUES: Final = 32
_VALUE_CHARACTERS: Final = 1_000
_TEXT_BYTES: Final = 255
"""One character string of RFC 1035: more is not needed for anything that we prove."""
_NAME_CHARACTERS: Final = 253
_LABEL = re.compile(r"_?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|\*")
_MX = re.compile(r"(\d{1,5}) (\S+?)\.?", re.ASCII)
_CAA = re.compile(r'(?P<flags>\d{1,3}) (?P<tag>[a-z0-9]{1,15}) "(?P<value>[^"]*)"')


class DnsRecord(msgspec.Struct, frozen=True):
    """All values of one kind at one name; without values there are none of it.

    `name`: whole, in lower case, without the last dot. `values`: as in a zone file, but the text of
    a TXT record as it is, at most 255 bytes of ASCII.
    """

    name: str
    kind: RecordKind
    values: tuple[str, ...]
    ttl_s: int = 300


def zone_of(name: str, zones: Iterable[str]) -> str:
    """The zone that a name lies in, the longest of those given. Invalid `dns_zone_unknown`."""
    fitting = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    if not fitting:
        raise Invalid("dns_zone_unknown", f"{name[:100]} lies in no zone that is kept here")
    return max(fitting, key=len)


def check_records(records: Sequence[DnsRecord]) -> None:
    """Refuse what no name server should be asked to hold. Invalid `dns_record_invalid`."""
    seen: set[tuple[str, str]] = set()
    for record in records:
        if (record.name, record.kind) in seen:
            raise _refusal(record, "is set twice")
        seen.add((record.name, record.kind))
        if not is_name(record.name):
            raise _refusal(record, "is no name in lower case")
        if not SHORTEST_TTL_S <= record.ttl_s <= LONGEST_TTL_S:
            raise _refusal(record, f"ttl: {SHORTEST_TTL_S} to {LONGEST_TTL_S} seconds")
        if len(record.values) > _MOST_VALUES or len(set(record.values)) < len(record.values):
            raise _refusal(record, "too many values, or one of them twice")
        if not all(_is_value(record.kind, value) for value in record.values):
            raise _refusal(record, f"a value that is none of kind {record.kind}")


def is_name(text: str) -> bool:
    """Whether this is a whole name of at least two labels, in lower case."""
    labels = text.split(".")
    fits = len(text) <= _NAME_CHARACTERS and len(labels) > 1
    star = "*" in labels[1:] or text == "*"
    return fits and not star and all(_LABEL.fullmatch(label) for label in labels)


def issuers(values: Iterable[str], *, wildcard: bool = False) -> frozenset[str] | None:
    """The authorities that CAA records let issue, by their domain; None: anybody may.

    A `;` alone lets nobody. A critical property that is not known lets nobody, too (RFC 8659).
    """
    found = [match for value in values if (match := _CAA.fullmatch(value))]
    if any(
        match["tag"] not in {"issue", "issuewild", "iodef"} and int(match["flags"]) & 128
        for match in found
    ):
        return frozenset()
    tags = {match["tag"] for match in found}
    tag = "issuewild" if wildcard and "issuewild" in tags else "issue"
    if tag not in tags:
        return None
    named = (match["value"].partition(";")[0].strip() for match in found if match["tag"] == tag)
    return frozenset(name for name in named if name)


def _is_value(kind: RecordKind, value: str) -> bool:
    whole = 0 < len(value) <= _VALUE_CHARACTERS
    return whole and value.isascii() and value.isprintable() and _VALUES[kind](value)


def _is_text(value: str) -> bool:
    return len(value) <= _TEXT_BYTES and '"' not in value and "\\" not in value


def _is_caa(value: str) -> bool:
    match = _CAA.fullmatch(value)
    return match is not None and int(match["flags"]) < 1 << 8


def _is_exchange(value: str) -> bool:
    match = _MX.fullmatch(value)
    return match is not None and int(match[1]) < 1 << 16 and is_name(match[2])


def _is_target(value: str) -> bool:
    return is_name(value.removesuffix("."))


def _is_address(value: str, version: int) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address.version == version and str(address) == value


_VALUES: Final[Mapping[RecordKind, Callable[[str], bool]]] = {
    "A": lambda value: _is_address(value, 4),
    "AAAA": lambda value: _is_address(value, 6),
    "CAA": _is_caa,
    "CNAME": _is_target,
    "MX": _is_exchange,
    "NS": _is_target,
    "TXT": _is_text,
}


def _refusal(record: DnsRecord, why: str) -> Invalid:
    return Invalid("dns_record_invalid", f"{record.kind} {record.name[:100]!r}: {why}")
