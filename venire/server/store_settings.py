"""`[[stores]]` blocks of DATA/venire.toml: where the journal and the snapshots go, besides here.

    backup_recipients = ["age1..."]

    [[stores]]
    name = "first"
    url = "s3://bucket/venire"
    endpoint = "https://s3.example.net"
    region = "eu-1"
    owner = "Example SA"
    country = "CH"
    key_id = "AK..."
    secret_file = "keys/store-first.secret"

Schemes: s3 (and whatever speaks it), gs (`secret_file` is a service account's JSON), az (`key_id`
is the account's name), file (another disk, or another machine's). `allow_http` is for loopback.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from venire.continuity.journal.identities import read_recipient
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vendors import Listed

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_PREFIX = re.compile(r"(/[A-Za-z0-9._-]+)*/?")
_SECRET_BYTES: Final = 64 * 1024
MOST_STORES: Final = 8


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One store. `country` is ISO 3166-1 alpha-2; `name` is ours and never changes once used."""

    name: str
    url: str
    endpoint: str = ""
    region: str = ""
    owner: str = ""
    country: str = ""
    key_id: str = ""
    secret_file: str = ""
    allow_http: bool = False

    @property
    def listed(self) -> Listed:
        """As the vendor register lists it."""
        return Listed(
            kind="objects", name=self.name, owner=self.owner, country=self.country, usable=True
        )


def check_stores(stores: Sequence[StoreSettings], recipients: Sequence[str]) -> None:
    """Refuse blocks that cannot be meant. Invalid `settings_invalid`, naming the block."""
    if len(stores) > MOST_STORES:
        raise Invalid("settings_invalid", f"stores: {MOST_STORES} at most")
    for text in recipients:
        try:
            read_recipient(text)
        except Invalid as problem:
            raise Invalid("settings_invalid", f"backup_recipients: {problem.hint}") from problem
    if stores and not recipients:
        # Without one everything would be sealed to keys that burn with the host.
        raise Invalid(
            "settings_invalid",
            "backup_recipients: stores need an age public key whose other half lies elsewhere"
            " (age-keygen prints both)",
        )
    seen: set[str] = set()
    for store in stores:
        place = f"stores: {store.name!r}"
        if not _NAME.fullmatch(store.name):
            raise Invalid("settings_invalid", f"{place}: name: small letters, digits, hyphens")
        if store.name in seen:
            raise Invalid("settings_invalid", f"{place}: there are two of this name")
        seen.add(store.name)
        if store.country and not _COUNTRY.fullmatch(store.country):
            raise Invalid("settings_invalid", f"{place}: country: two capital letters, as ID")
        _check_url(store, place)


def check_store(store: StoreSettings) -> None:
    """Refuse one store that cannot be meant. Invalid `settings_invalid`."""
    _check_url(store, f"store {store.name!r}")


def _check_url(store: StoreSettings, place: str) -> None:
    parts = urlsplit(store.url)
    strange = parts.query or parts.fragment or "@" in parts.netloc
    if strange or ".." in parts.path or not _PREFIX.fullmatch(parts.path):
        raise Invalid("settings_invalid", f"{place}: url: scheme, bucket and prefix only")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.strip("/"):
            raise Invalid("settings_invalid", f"{place}: url: a whole path, as file:///mnt/venire")
        return
    if parts.scheme not in {"s3", "gs", "az"}:
        raise Invalid("settings_invalid", f"{place}: url: s3://, gs://, az:// or file:///")
    if not _BUCKET.fullmatch(parts.netloc):
        raise Invalid("settings_invalid", f"{place}: url: a bucket, as {parts.scheme}://bucket")
    if not store.secret_file or (parts.scheme != "gs" and not store.key_id):
        # What lies in the environment of a process belongs to whoever started it.
        raise Invalid("settings_invalid", f"{place}: key_id and secret_file are needed")
    if store.endpoint:
        _check_endpoint(urlsplit(store.endpoint), place, allow_http=store.allow_http)


def _check_endpoint(parts: SplitResult, place: str, *, allow_http: bool) -> None:
    if (
        not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
        or parts.path.strip("/")
    ):
        raise Invalid("settings_invalid", f"{place}: endpoint: as https://s3.example.net")
    plain = parts.scheme == "http" and allow_http and _is_loopback(parts.hostname)
    if parts.scheme != "https" and not plain:
        hint = "https, or http to this machine alone with allow_http"
        raise Invalid("settings_invalid", f"{place}: endpoint: {hint}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def store_secret(folder: Path, store: StoreSettings) -> str:
    """What a store knows us by. Unavailable `store_secret_missing`."""
    if not store.secret_file:
        return ""
    try:
        with (folder / store.secret_file).open("rb") as file:
            return file.read(_SECRET_BYTES).decode().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            "store_secret_missing",
            f"{store.secret_file} cannot be read: put the secret of the store {store.name!r}"
            " there, readable by the site alone",
        ) from error
