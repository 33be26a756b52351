"""`[[vendors]]` blocks of DATA/venire.toml: whom this site depends on, of each kind, in order.

    [[vendors]]
    kind = "sms"
    adapter = "twilio"
    name = "first"
    owner = "Twilio Inc."
    country = "US"
    secret_file = "keys/sms-first.secret"
    options = { account = "AC...", from = "+15005550006" }

A block without an adapter is in the register all the same: the bank, the registrar, counsel. The
order of the blocks is the order in which vendors of one kind are asked.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vendors import Listed
from venire.server.vendor_options import OPTIONS, check_options

Kind = Literal[
    "hosting",
    "registrar",
    "dns",
    "certificates",
    "transit",
    "sms",
    "mail",
    "payments",
    "payouts",
    "bank",
    "objects",
    "database",
    "chat",
    "push",
    "app_store",
    "identity",
    "code_hosting",
    "counsel",
]
_SPOKEN: Final = frozenset({"certificates", "chat", "dns", "mail", "payments", "payouts", "sms"})
"""Kinds that adapters of this program speak to."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_MOST_DAYS: Final = 10_000
_OPTIONS: Final = 32
_CHARACTERS: Final = 2_000
_SECRET_BYTES: Final = 64 * 1024


class VendorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One vendor. `country` is ISO 3166-1 alpha-2; `name` is ours and appears in logs.

    `notice_days`: how long before it leaves it has to say so, by contract. `lead_days`: how long
    until what replaces it works. `agrees_to_be_named`: else only its kind and country are told.
    """

    kind: Kind
    name: str
    adapter: str = ""
    owner: str = ""
    country: str = ""
    notice_days: int | None = None
    lead_days: int | None = None
    data_held: str = ""
    replacement: str = ""
    agrees_to_be_named: bool = False
    secret_file: str = ""
    options: dict[str, str] = {}

    @property
    def listed(self) -> Listed:
        """As the register lists it."""
        return Listed(
            kind=self.kind,
            name=self.name,
            owner=self.owner,
            country=self.country,
            notice_days=self.notice_days,
            lead_days=self.lead_days,
            data_held=self.data_held,
            replacement=self.replacement,
            usable=bool(self.adapter),
            public=self.agrees_to_be_named,
        )


def check_vendors(vendors: Sequence[VendorSettings]) -> None:
    """Refuse blocks that cannot be meant, naming the block.

    Invalid `settings_invalid`, `vendor_option_unknown`.
    """
    seen: set[tuple[str, str]] = set()
    for vendor in vendors:
        place = f"vendors: {vendor.kind} {vendor.name!r}"
        if not _NAME.fullmatch(vendor.name):
            raise Invalid("settings_invalid", f"{place}: name: small letters, digits, hyphens")
        if (vendor.kind, vendor.name) in seen:
            raise Invalid("settings_invalid", f"{place}: there are two of this name")
        seen.add((vendor.kind, vendor.name))
        if vendor.adapter and vendor.kind not in _SPOKEN:
            # Nobody would speak to it, and the register would wait for it to work.
            stores = vendor.kind == "objects"
            why = "a [[stores]] block is what is used" if stores else "there is none of this kind"
            raise Invalid("settings_invalid", f"{place}: adapter: {why}")
        if vendor.country and not _COUNTRY.fullmatch(vendor.country):
            raise Invalid("settings_invalid", f"{place}: country: two capital letters, as ID")
        for days in (vendor.notice_days, vendor.lead_days):
            if days is not None and not 0 <= days <= _MOST_DAYS:
                raise Invalid(
                    "settings_invalid", f"{place}: notice_days, lead_days: 0 to {_MOST_DAYS}"
                )
        sizes = [len(value) for value in vendor.options.values()]
        if len(sizes) > _OPTIONS or any(size > _CHARACTERS for size in sizes):
            raise Invalid("settings_invalid", f"{place}: options: too many or too long")
        check_options(vendor.kind, vendor.adapter, vendor.name, vendor.options)


def of_kind(vendors: Sequence[VendorSettings], kind: Kind) -> list[VendorSettings]:
    """Those of a kind that can be used, in the order in which they are asked."""
    return [one for one in vendors if one.kind == kind and one.adapter]


def secret_of(folder: Path, vendor: VendorSettings) -> str:
    """What a vendor knows us by, without a line's end. Unavailable `vendor_secret_missing`."""
    if not vendor.secret_file:
        return ""
    try:
        with (folder / vendor.secret_file).open("rb") as file:
            held = file.read(_SECRET_BYTES)
        return held.decode().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            "vendor_secret_missing",
            f"{vendor.secret_file} cannot be read: put the secret of {vendor.kind}"
            f" {vendor.name!r} there, readable by the site alone",
        ) from error


def refusal(vendor: VendorSettings, why: str) -> Invalid:
    """What is wrong with a vendor's block, said with the block that it is about."""
    return Invalid("settings_invalid", f"vendors: {vendor.kind} {vendor.name!r}: {why}")


def unknown_adapter(vendor: VendorSettings, registry: Iterable[str]) -> Invalid:
    """An adapter that its kind does not have; `registry`: those that it has."""
    return refusal(vendor, f"adapter: {', '.join(registry)}")


@contextlib.contextmanager
def placed(vendor: VendorSettings) -> Iterator[None]:
    """Say of what is refused inside which block it is about: there may be a dozen."""
    try:
        yield
    except Invalid as problem:
        if problem.hint.startswith("vendors: "):
            raise
        hint = f"vendors: {vendor.kind} {vendor.name!r}: {problem.hint}"
        raise Invalid(problem.code, hint) from problem


def option(vendor: VendorSettings, name: str, default: str | None = None) -> str:
    """An option of a vendor's block. Invalid `settings_invalid` where one is needed and missing."""
    known = OPTIONS.get((vendor.kind, vendor.adapter))
    if known is not None and name not in known:
        # Ours, not the operator's: whoever sets it would be refused.
        raise LookupError(f"{vendor.kind} {vendor.adapter}: {name} is not in vendor_options.py")
    value = vendor.options.get(name, default)
    if value is None:
        raise refusal(vendor, f"options: {name} is needed")
    return value
