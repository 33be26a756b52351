"""Which names are our own, however somebody writes them. Pure.

A name is compared as browsers read it (UTS #46, without its tables of what is forbidden): case,
compatibility forms, the last dot and the usual ports make no difference, and `xn--` labels are what
they stand for (RFC 3492). It is only ever compared with names that an operator chose, so a text
that is no name at all is simply not one of ours.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from venire.kernel.zones import is_name

_LONGEST: Final = 1_000
"""A name has 253 characters; one in another script is shorter than its `xn--` form."""
_USUAL: Final = frozenset({80, 443})
_HIGHEST_PORT: Final = 65_535
_ADDRESS: Final = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PLACE: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?")
_LINK: Final = re.compile(r'href="(https?://[^/?#"]*)(/[^"]*)?"', re.IGNORECASE)
_NO_HOST: Final = re.compile(r"[\s\x00-\x20\x7f@/\\?#%<>\"'`^|:]")
_DOTS: Final = str.maketrans("\u3002\uff0e\uff61", "...")
_ACE: Final = "xn--"


class OwnNames:
    """The hosts that are this site, with their ports where those are not the usual ones."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(name for name in names if name))
        self._known = frozenset(form for name in self.names if (form := form_of(name)))

    def has(self, name: str) -> bool:
        """Whether a host (and port) is ours."""
        return form_of(name) in self._known

    def path(self, address: str) -> str | None:
        """What follows our name in an address of ours (`/@ann?page=2`); None for any other."""
        found = _ADDRESS.fullmatch(address)
        return found[2] if found is not None and self.has(found[1]) else None

    def led_to(self, html: str, base_url: str) -> str:
        """Markup whose links to any of our names lead to one address; empty: to where one is."""

        def lead(link: re.Match[str]) -> str:
            path = link[2] or "/"
            # Two slashes, of whichever kind, would lead to another site where `base_url` is empty.
            own = self.path(link[1]) is not None and path[1:2] not in {"/", "\\"}
            return f'href="{base_url}{path}"' if own else link[0]

        return _LINK.sub(lead, html)


def form_of(name: str) -> str:
    """The form in which a host and port is compared; empty for what is none."""
    found = _PLACE.fullmatch(name) if 0 < len(name) <= _LONGEST else None
    if found is None:
        return ""
    host = found[1].lower() if found[1].startswith("[") else _host(found[1])
    port = int(found[2] or 443)
    if not host or port > _HIGHEST_PORT:
        return ""
    return host if port in _USUAL else f"{host}:{port}"


def is_lasting(name: str) -> bool:
    """Whether handles may end with a name for good: no address, and no name of one machine."""
    host = name.rpartition(":")[0] if _has_port(name) else name
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return is_name(host) and "*" not in host and not host.endswith(".localhost")
    return False


def _has_port(name: str) -> bool:
    return not name.endswith("]") and name.rpartition(":")[2].isdecimal()


def _host(text: str) -> str:
    labels = _folded(text.translate(_DOTS)).removesuffix(".").split(".")
    host = ".".join(_label(label) for label in labels)
    return "" if _NO_HOST.search(host) or not all(labels) else host


def _label(label: str) -> str:
    """What a label stands for; one that stands for nothing properly stays as it is written."""
    if not label.startswith(_ACE):
        return label
    try:
        meant = label.removeprefix(_ACE).encode("ascii").decode("punycode")
        again = meant.encode("punycode").decode("ascii")
    except (UnicodeError, ValueError, OverflowError):
        return label
    whole = not meant.isascii() and again == label.removeprefix(_ACE)
    return meant if whole and "." not in meant and _folded(meant) == meant else label


def _folded(text: str) -> str:
    """Each letter by itself: a sigma at the end of a word is a sigma to a browser."""
    plain = unicodedata.normalize("NFKC", text)
    return unicodedata.normalize("NFKC", "".join(letter.lower() for letter in plain))
