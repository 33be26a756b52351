"""One typed tree of settings: file < environment < flags; refused at start when it cannot be.

The file is DATA/venire.toml. Environment variables are `VENIRE_` and the name in capitals. Secrets
are files under DATA/keys, never settings.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from venire.continuity.names.beacon import SIGNERS, is_site
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid
from venire.kernel.own_names import is_lasting
from venire.kernel.zones import is_name
from venire.record.note import parse_verifier_key
from venire.server.near_names import of_unknown_field
from venire.server.store_settings import StoreSettings, check_stores
from venire.server.vendor_settings import VendorSettings, check_vendors, of_kind
from venire.treasury.membership_rules import Price, prices_of

Profile = Literal["default", "acceptance"]
_HIGHEST_PORT = 65535
_MOST_BEACONS = 5
_LISTS = frozenset(
    {
        "backup_recipients",
        "beacon",
        "beacon_signers",
        "certificate_names",
        "passkey_domains",
        "phone_countries",
        "trusted_proxies",
    }
)
"""Settings of several values: with commas in the environment."""
_BLOCKS = frozenset({"vendors", "stores", "prices"})
"""Settings that are blocks of the file, and nowhere else."""
_MOST_PROCESSES = 16
_LEAST_SHIP_MS, _MOST_SHIP_MS = 50, 5_000
"""Oftener than the first, a store has not answered yet; a move waits ten seconds for its last."""
_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?")
"""What handles and every link begin with: no name, no path, no letter a browser would rewrite."""
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_MOST_DOMAINS = 10
_ORIGIN = re.compile(r"[!-*,-~]{1,255}")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operator decides about a site. `data` is the folder that holds everything."""

    data: str = "data"
    host: str = "127.0.0.1"
    port: int = 8000
    profile: Profile = "default"
    base_url: str = ""
    handle_domain: str = ""
    title: str = "Venire"
    description: str = ""
    language: Literal["en", "id"] = "en"
    contact: str = ""
    record_origin: str = ""
    registrations: Literal["open", "approval", "closed"] = "open"
    minimum_age: int = 16
    ages: str = ""
    sign_up_challenge: bool = False
    check_mail_hosts: bool = True
    sign_ups_per_network: int = 10
    policy: str = ""
    beacon: tuple[str, ...] = ()
    beacon_signers: tuple[str, ...] = ()
    beacon_site: str = ""
    trusted_proxies: tuple[str, ...] = ()
    country_header: str = ""
    ocr_workers: int = 2
    media_workers: int = 1
    workers: int = 0
    mail: str = ""
    mail_from: str = ""
    mail_password_file: str = "keys/mail.password"  # noqa: S105 - where it lies, not what it is
    mail_per_hour: int = 300
    phone_countries: tuple[str, ...] = ()
    texts_per_day: int = 500
    text_cost: int = 10
    text_budget: int = 2_000
    mail_bounces: str = ""
    passkey_domains: tuple[str, ...] = ()
    signed_out_before: str = ""
    certificate_names: tuple[str, ...] = ()
    auto_upgrade: bool = True
    backups_kept: int = 3
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    vendors: tuple[VendorSettings, ...] = ()
    prices: tuple[Price, ...] = ()
    membership_grace_days: int = 14
    stores: tuple[StoreSettings, ...] = ()
    backup_recipients: tuple[str, ...] = ()
    when_stores_fail: Literal["go_on", "refuse"] = "go_on"
    durable: Literal["local", "remote"] = "local"
    store_patience_s: int = 10
    store_given_up_days: int = 7
    ship_every_ms: int = 100

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data)

    @property
    def acceptance(self) -> bool:
        """Whether this is a server for test suites and drills, never for people."""
        return self.profile == "acceptance"

    @property
    def signed_out_before_ms(self) -> int:
        """Before which moment nobody's sign-in counts any more; 0: there is none."""
        return parse_iso_ms(self.signed_out_before) if self.signed_out_before else 0

    @property
    def letters(self) -> bool:
        """Whether letters by e-mail are sent; tests and drills write to nobody."""
        named = bool(self.mail) or bool(of_kind(self.vendors, "mail"))
        return named and not self.acceptance

    @property
    def mail_sender(self) -> str:
        """The address that letters come from."""
        host = self.domain if self.domain.startswith("[") else self.domain.partition(":")[0]
        return self.mail_from or f"no-reply@{host}"

    @property
    def url(self) -> str:
        """Where the site is reached, without a trailing slash, as browsers write it.

        Clients' own test suites look for `localhost`, which is both addresses of this machine.
        """
        host = "localhost" if self.acceptance else _host_text(self.host)
        # They compare it letter by letter with where a form or a passkey comes from.
        base_url = self.base_url.lower()
        usual = ":443" if base_url.startswith("https://") else ":80"
        return base_url.removesuffix(usual) or f"http://{host}:{self.port}"

    @property
    def domain(self) -> str:
        """The host (and port, if it is not the usual one) at which the site is reached."""
        return urlsplit(self.url).netloc


def _host_text(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def load_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Settings:
    """Merge file, environment and flags. Raises Invalid `settings_invalid`, naming the place."""
    environment = os.environ if environment is None else environment
    given = {name: value for name, value in flags.items() if value is not None}
    spoken = _from_environment(environment)
    folder = Path(given.get("data") or spoken.get("data") or "data")
    written = _from_file(folder / "venire.toml")
    for place, said in (("venire.toml", written), ("environment", spoken), ("flags", given)):
        try:
            msgspec.convert(said, Settings, strict=False)
        except msgspec.ValidationError as error:
            why = of_unknown_field(str(error), _fields())
            raise Invalid("settings_invalid", f"{place}: {why}") from error
    settings = msgspec.convert(
        {**written, **spoken, **given, "data": str(folder)}, Settings, strict=False
    )
    check_settings(settings)
    return settings


def _fields() -> dict[str, list[str]]:
    """What may be named in the file and in each block of it."""
    known: dict[str, type[msgspec.Struct]]
    known = {"": Settings, "vendors": VendorSettings, "stores": StoreSettings, "prices": Price}
    return {place: [one.name for one in msgspec.structs.fields(of)] for place, of in known.items()}


def _from_file(file: Path) -> dict[str, Any]:
    try:
        written = msgspec.toml.decode(file.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Invalid("settings_invalid", f"{file.name}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid("settings_invalid", f"{file.name}: {error}") from error
    return dict(written)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    spoken: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name in _BLOCKS:
            continue
        text = environment.get(f"VENIRE_{field.name.upper()}")
        if text is not None:
            spoken[field.name] = _listed(text) if field.name in _LISTS else text
    return spoken


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def check_settings(settings: Settings) -> None:
    """Refuse values that do not fit together. Invalid `settings_invalid`."""
    if not 0 <= settings.port <= _HIGHEST_PORT:
        raise Invalid("settings_invalid", "port: 0 to 65535")
    found = _URL.fullmatch(settings.url)
    if found is None or int(found["port"] or 0) > _HIGHEST_PORT:
        raise Invalid("settings_invalid", "base_url: scheme and host only, as https://example.org")
    if settings.record_origin and not _ORIGIN.fullmatch(settings.record_origin):
        raise Invalid(
            "settings_invalid",
            "record_origin: a name without spaces or plus, as example.org/record",
        )
    if not 0 <= settings.workers <= _MOST_PROCESSES:
        raise Invalid("settings_invalid", f"workers: 0 (as the machine has) to {_MOST_PROCESSES}")
    if settings.mail_per_hour < 1:
        raise Invalid("settings_invalid", "mail_per_hour: 1 or more")
    if settings.backups_kept < 1:
        raise Invalid("settings_invalid", "backups_kept: 1 or more")
    if settings.acceptance and settings.host not in {"127.0.0.1", "::1", "localhost"}:
        raise Invalid("settings_invalid", "host: the acceptance profile binds loopback only")
    if settings.acceptance and settings.trusted_proxies:
        raise Invalid("settings_invalid", "trusted_proxies: refused in the acceptance profile")
    if settings.country_header and not settings.trusted_proxies:
        # From anybody, it would be whatever the caller wants to be.
        raise Invalid("settings_invalid", "country_header: only with trusted_proxies")
    _check_proxies(settings.trusted_proxies)
    _check_beacon(settings)
    _check_signers(settings.beacon_signers)
    _check_beacon_site(settings.beacon_site)
    check_vendors(settings.vendors)
    prices_of(settings.prices, settings.membership_grace_days)
    check_stores(settings.stores, settings.backup_recipients)
    _check_listed(settings)
    _check_patience(settings)
    _check_domains(settings)


def _check_listed(settings: Settings) -> None:
    """A store is in the register under its name: a block of that name would be shown as it does."""
    named = {one.name for one in settings.vendors if one.kind == "objects"}
    for store in settings.stores:
        if store.name in named:
            hint = f"vendors: objects {store.name!r}: the [[stores]] block of this name is listed"
            raise Invalid("settings_invalid", hint)


def _check_domains(settings: Settings) -> None:
    name = settings.handle_domain
    if name and not (is_lasting(name) and name == name.partition(":")[0]):
        hint = "handle_domain: a name in small letters, as example.org (xn--... in other scripts)"
        raise Invalid("settings_invalid", hint)
    if settings.mail_bounces and not _DOMAIN.fullmatch(settings.mail_bounces):
        raise Invalid("settings_invalid", "mail_bounces: a domain, as bounces.example.org")
    domains = settings.passkey_domains
    if len(domains) > _MOST_DOMAINS or not all(_DOMAIN.fullmatch(one) for one in domains):
        hint = f"passkey_domains: {_MOST_DOMAINS} at most, as standby.example.net"
        raise Invalid("settings_invalid", hint)
    try:
        settings.signed_out_before_ms  # noqa: B018 - whether it can be read
    except (ValueError, OverflowError) as error:
        hint = "signed_out_before: a moment, as 2026-11-21T10:00:00Z"
        raise Invalid("settings_invalid", hint) from error
    if not all(is_name(one) for one in settings.certificate_names):
        hint = "certificate_names: names, as example.org or *.example.org"
        raise Invalid("settings_invalid", hint)


def _check_patience(settings: Settings) -> None:
    if settings.durable == "remote" and not settings.stores:
        # Nothing outside would have what members are told is safe there.
        raise Invalid("settings_invalid", "durable: remote needs a [[stores]] block")
    if settings.store_patience_s < 1 or settings.store_given_up_days < 1:
        raise Invalid("settings_invalid", "store_patience_s, store_given_up_days: 1 or more")
    if not _LEAST_SHIP_MS <= settings.ship_every_ms <= _MOST_SHIP_MS:
        hint = f"ship_every_ms: {_LEAST_SHIP_MS} to {_MOST_SHIP_MS}"
        raise Invalid("settings_invalid", hint)


def _check_proxies(proxies: tuple[str, ...]) -> None:
    for proxy in proxies:
        # Taken as it stands, one that is no network would trust nobody, and `*` everybody: then
        # every caller chooses the address that they are counted and barred by.
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            hint = "trusted_proxies: addresses or networks, as 10.0.0.0/8"
            raise Invalid("settings_invalid", hint) from error


def _check_signers(keys: tuple[str, ...]) -> None:
    if keys and (len(keys) != SIGNERS or len(set(keys)) != len(keys)):
        raise Invalid("settings_invalid", f"beacon_signers: {SIGNERS} different keys, or none")
    known = set()
    for key in keys:
        try:
            known.add(parse_verifier_key(key).public_key)
        except Invalid as error:
            hint = "beacon_signers: keys as `venire beacon key` prints them, name+id+base64"
            raise Invalid("settings_invalid", hint) from error
    if len(known) < len(keys):
        # One key under two names is one signer, whose loss would leave nobody able to speak.
        raise Invalid("settings_invalid", "beacon_signers: one key stands there under two names")


def _check_beacon_site(name: str) -> None:
    if name and not is_site(name):
        # Noticed on the day of the move, it could be signed for and shown by nobody.
        raise Invalid("settings_invalid", "beacon_site: small letters, as example.org")


def _check_beacon(settings: Settings) -> None:
    if len(settings.beacon) > _MOST_BEACONS:
        raise Invalid("settings_invalid", f"beacon: {_MOST_BEACONS} addresses at most")
    for address in settings.beacon:
        parts = urlsplit(address)
        # Signatures prove themselves, so plain http would do but for who learns that we ask.
        secure = parts.scheme == "https" or (parts.scheme == "http" and settings.acceptance)
        if not secure or not parts.hostname or parts.query or parts.fragment or parts.username:
            hint = "beacon: addresses of drand relays, as https://api.drand.sh"
            raise Invalid("settings_invalid", hint)
