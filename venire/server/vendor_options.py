"""The options that each adapter of a `[[vendors]]` block reads: another one is refused at start.

A key that nobody reads is a wish that nobody fulfils: `adress` would send texts to the vendor's
own host, `curencies` would take every currency. A new option is a line here; the list in
docs/map/vendor-options.md is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from venire.kernel.errors import Invalid
from venire.server.near_names import meant, nearest


class Option(NamedTuple):
    """One option: what it says; whether the block is refused without it."""

    says: str
    needed: bool = False


def _needed(says: str) -> Option:
    return Option(says, needed=True)


_ADDRESS = Option("where it answers, if not at the vendor's own address")
_OWN_ADDRESS = _needed("where it answers")
_SENDER = _needed("whom texts are from: a number or a name that it lets us use")
_CURRENCIES = Option("those that it is asked for, as `IDR,PHP`; else all that it can")
_ZONES = _needed("zones that it serves, with spaces between")
_SETTLE = Option("seconds until its secondaries tell what it was told; 100 at most")
_OPERATORS = Option("the operators' own address there, for alerts about other vendors")
_CHAT = MappingProxyType({"address": _OWN_ADDRESS, "operators": _OPERATORS})
_CHAT_OF_VENDOR = MappingProxyType({"address": _ADDRESS, "operators": _OPERATORS})

OPTIONS: Final[Mapping[tuple[str, str], Mapping[str, Option]]] = MappingProxyType(
    {
        ("sms", "smpp"): {
            "host": _needed("the carrier's name or address"),
            "port": Option("2775, unless it says another"),
            "system_id": _needed("whom we are there"),
            "from": _SENDER,
            "tls": Option("`no` on a private line alone"),
        },
        ("sms", "twilio"): {
            "account": _needed("the account's SID, `AC…`"),
            "from": _SENDER,
            "address": _ADDRESS,
        },
        ("sms", "infobip"): {"address": _OWN_ADDRESS, "from": _SENDER},
        ("sms", "android"): {
            "address": _OWN_ADDRESS,
            "username": _needed("that the phone's program shows"),
            "path": Option("`/messages`, unless its server is another"),
        },
        ("chat", "ntfy"): _CHAT,
        ("chat", "matrix"): _CHAT,
        ("chat", "telegram"): _CHAT_OF_VENDOR,
        ("chat", "slack"): _CHAT_OF_VENDOR,
        ("chat", "signal"): {**_CHAT, "from": _needed("the number that alerts are from")},
        ("mail", "smtp"): {
            "url": _needed("as the setting `mail`"),
            "from": Option("as the setting `mail_from`, which it is otherwise"),
        },
        ("payments", "stripe"): {"address": _ADDRESS, "currencies": _CURRENCIES},
        ("payments", "xendit"): {"address": _ADDRESS, "currencies": _CURRENCIES},
        ("payments", "btcpay"): {
            "address": _OWN_ADDRESS,
            "store": _needed("the store's id there"),
            "currencies": _CURRENCIES,
        },
        ("payouts", "stripe-connect"): {"address": _ADDRESS},
        ("payouts", "xendit"): {"address": _ADDRESS, "currencies": _CURRENCIES},
        ("payouts", "bank-file"): {
            "name": _needed("of the account's holder"),
            "form": Option("`pain.001.001.09` or `pain.001.001.03`"),
            "iban": Option("of our account"),
            "account": Option("its number, where there is no IBAN"),
            "bic": Option("of our bank"),
            "sepa": Option("`yes` for EUR by SEPA"),
            "title": Option("what the payees read"),
            "currencies": Option("those that the file is for; IDR"),
        },
        ("dns", "rfc2136"): {
            "server": _needed("an IP address"),
            "port": Option("53"),
            "zones": _ZONES,
            "settle_s": _SETTLE,
        },
        ("dns", "octodns"): {
            "folder": _needed("of its zone files"),
            "command": _needed("how it is run"),
            "zones": _ZONES,
            "settle_s": _SETTLE,
        },
        ("certificates", "acme"): {
            "directory": _needed("where the authority begins"),
            "terms_agreed": Option("`yes`: you have read its terms"),
            "contact": Option("of who runs the site; the setting `contact`"),
            "trusted_file": Option("who vouches for the authority's own TLS"),
        },
    }
)
"""Kind and adapter -> its options by name."""


def check_options(kind: str, adapter: str, name: str, given: Mapping[str, str]) -> None:
    """Refuse an option that nobody reads. Invalid `vendor_option_unknown`, naming the block.

    An adapter that there is not is not judged here: its registry says which there are.
    """
    known = OPTIONS.get((kind, adapter)) if adapter else {}
    if known is None:
        return
    for option in given:
        if option not in known:
            raise Invalid(
                "vendor_option_unknown",
                f"vendors: {kind} {name!r}: options: nobody reads {option[:40]!r}:"
                f" {meant(option, known)}",
                option=option[:40],
                nearest=nearest(option, known),
            )
