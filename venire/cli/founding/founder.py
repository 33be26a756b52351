"""Writes what a site needs to start: settings, policy, keys, an admin, files for the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from venire.adapters.mail.submission import read_server
from venire.cases.policy import load_policy
from venire.cli.founding.machine import caddyfile, nginx_site, service_user, systemd_unit
from venire.cli.founding.presets import PRESETS, SMALL, small_policy
from venire.cli.options import on_house
from venire.kernel.chance import Chance
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Invalid
from venire.kernel.own_names import form_of
from venire.people import actions as people
from venire.people import letters
from venire.people.model import ADMIN
from venire.people.store import find_by_handle, load_account, staff
from venire.server.settings import Settings, load_settings
from venire.server.settings_file import (
    NAME,
    check_changes,
    read_written,
    replace_file,
    with_changes,
    write,
)
from venire.server.wiring import House

LINK_MS = 3 * DAY_MS
"""How long an admin has to choose a password."""
_POLICY = "policy.toml"
_PASSWORD = "keys/mail.password"  # noqa: S105 - where it lies, not what it is
_BEHIND_PROXY = ("127.0.0.1", "::1")
_HEAD = """\
# Settings of this site: docs/operators.md says what each means. Change them here or by
# `venire init`; they are in force from the next start on.
"""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator said; None where they said nothing."""

    data: Path
    domain: str | None = None
    base_url: str | None = None
    tls: str | None = None
    host: str | None = None
    port: int | None = None
    title: str | None = None
    contact: str | None = None
    language: str | None = None
    preset: str | None = None
    registrations: str | None = None
    policy: Path | None = None
    mail: str | None = None
    mail_from: str | None = None
    mail_password_file: Path | None = None
    mail_password: str | None = None
    admin: str | None = None
    admin_email: str | None = None


class Admin(msgspec.Struct, frozen=True):
    """An admin, and the link by which they choose a password and are signed in: shown once."""

    username: str
    email: str
    link: str
    made: bool


class Founded(msgspec.Struct, frozen=True):
    """What was done, and what is left to do."""

    data: str
    url: str
    changed: dict[str, Any]
    written: tuple[str, ...]
    kept: tuple[str, ...]
    admin: Admin | None
    next_steps: tuple[str, ...]


def owns_site(folder: Path) -> bool:
    """Whether a site was made in this folder."""
    return (folder / "venire.db").exists()


def found(wishes: Wishes, chance: Chance) -> Founded:
    """Make a site, or change one that is there.

    Raises Invalid `settings_invalid`, `mail_invalid`, `policy_invalid`, `folder_unfit`, Conflict
    `settings_not_changeable`, `not_an_admin`.
    """
    folder = wishes.data
    before = read_written(folder)
    changes = _changes(wishes, before)
    # Everything is looked at before anything is written.
    check_changes(folder, changes)
    policy = _policy_text(wishes, folder, changes)
    secret = _secret(wishes, folder, changes)
    old = (folder / NAME).read_text(encoding="utf-8") if before else _HEAD
    text = with_changes(old, changes) if changes else old
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written, kept = [], []
    if policy is not None:
        replace_file(folder / _POLICY, policy.encode(), 0o600, chance)
        written.append(_POLICY)
    if changes:
        write(folder, text, chance)
        written.append(NAME)
    if secret is not None:
        (folder / "keys").mkdir(mode=0o700, exist_ok=True)
        replace_file(folder / _PASSWORD, f"{secret}\n".encode(), 0o600, chance)
        written.append(_PASSWORD)
    settings = load_settings({"data": str(folder)})
    kept += [f"keys/{path.name}" for path in _keys(folder)]
    admin, admins = on_house(_admin_maker(wishes), data=str(folder), begin=True)
    written += [f"keys/{path.name}" for path in _keys(folder) if f"keys/{path.name}" not in kept]
    made, left = _for_the_machine(wishes, settings, chance)
    return Founded(
        data=str(folder.resolve()),
        url=settings.url,
        changed=changes,
        written=tuple(dict.fromkeys([*written, *made])),
        kept=tuple(name for name in (*kept, *left) if name not in written),
        admin=admin,
        next_steps=tuple(_next_steps(settings, admin, admins=admins)),
    )


def _keys(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "keys").glob("*") if not path.name.startswith("."))


def _changes(wishes: Wishes, before: dict[str, Any]) -> dict[str, Any]:
    """The settings that are to be other than they are."""
    wanted: dict[str, Any] = {}
    preset = wishes.preset or (None if before else SMALL)
    if preset is not None:
        wanted |= PRESETS[preset]
    for name in ("host", "port", "title", "contact", "language", "registrations", "mail_from"):
        said = getattr(wishes, name)
        if said is not None:
            wanted[name] = said
    if wishes.mail is not None:
        if wishes.mail:
            read_server(wishes.mail)
        wanted["mail"] = wishes.mail
    tls = wishes.tls or (None if before else "caddy")
    if tls is not None:
        wanted["trusted_proxies"] = () if tls == "none" else _BEHIND_PROXY
    url = wishes.base_url or _url(wishes, before, tls)
    if url is not None:
        wanted["base_url"] = url
    if wishes.domain and wishes.base_url and _differ(wishes.domain, wishes.base_url):
        wanted["handle_domain"] = wishes.domain
    if wishes.policy is not None or (preset == SMALL and not before.get("policy")):
        wanted["policy"] = _POLICY
    return {
        name: value
        for name, value in wanted.items()
        if before.get(name) != (list(value) if isinstance(value, tuple) else value)
    }


def _differ(domain: str, base_url: str) -> bool:
    return form_of(domain) != form_of(urlsplit(base_url).netloc)


def _url(wishes: Wishes, before: dict[str, Any], tls: str | None) -> str | None:
    old = urlsplit(str(before.get("base_url", "")))
    domain = wishes.domain or (old.netloc if wishes.tls else "")
    if not domain:
        return None
    secure = tls != "none" if tls else old.scheme == "https"
    if secure:
        return f"https://{domain}"
    port = wishes.port or int(before.get("port", Settings().port))
    return f"http://{domain}" if ":" in domain or port == 80 else f"http://{domain}:{port}"  # noqa: PLR2004 - the usual one


def _policy_text(wishes: Wishes, folder: Path, changes: dict[str, Any]) -> str | None:
    """The policy to be written: the operator's own, or that of a small site, once."""
    if wishes.policy is not None:
        load_policy(wishes.policy)
        return wishes.policy.read_text(encoding="utf-8")
    if changes.get("policy") == _POLICY and not (folder / _POLICY).exists():
        return small_policy()
    return None


def _secret(wishes: Wishes, folder: Path, changes: dict[str, Any]) -> str | None:
    """The mail password to be kept, if another one was given. Invalid `mail_password_invalid`."""
    secret = wishes.mail_password
    if wishes.mail_password_file is not None:
        secret = wishes.mail_password_file.read_text(encoding="utf-8").strip("\r\n")
    mail = str(changes.get("mail", ""))
    needed = bool(mail) and bool(read_server(mail).username)
    missing = secret is None and needed and not (folder / _PASSWORD).exists()
    if missing or (secret is not None and (not secret or "\n" in secret)):
        raise Invalid(
            "mail_password_invalid",
            "the password of the mail server, one line in a file: --mail-password-file FILE",
        )
    return secret


def _admin_maker(wishes: Wishes) -> Callable[[House], Any]:
    async def act(house: House) -> tuple[Admin | None, int]:
        world = house.world
        made = None
        if wishes.admin is not None:
            account = await find_by_handle(world, wishes.admin)
            is_new = account is None
            if account is None:
                if wishes.admin_email is None:
                    raise Invalid(
                        "admin_email_missing", f"there is no @{wishes.admin}: --admin-email ADDRESS"
                    )
                created = await people.create_account(
                    world, wishes.admin, wishes.admin_email, role=ADMIN
                )
                account = await load_account(world, int(created.id))
            if account is None or account.role != ADMIN:
                raise Conflict(
                    "not_an_admin", f"@{wishes.admin} is a member: an admin can make them one"
                )
            link = await letters.link_by_hand(world, account, letters.RESET, lasts_ms=LINK_MS)
            made = Admin(account.username, wishes.admin_email or "", link, is_new)
        return made, sum(row.role == ADMIN for row in await staff(world))

    return act


def _for_the_machine(
    wishes: Wishes, settings: Settings, chance: Chance
) -> tuple[list[str], list[str]]:
    """Files to be put in place by hand; what an operator changed is not written over."""
    folder = settings.folder / "deploy"
    files = {"venire.service": systemd_unit(settings)}
    if wishes.tls == "caddy" or (wishes.tls is None and settings.trusted_proxies):
        files["Caddyfile"] = caddyfile(settings)
    if wishes.tls == "own" or (folder / "nginx.conf").exists():
        files["nginx.conf"] = nginx_site(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    written, kept = [], []
    for name, text in files.items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            kept.append(f"deploy/{name}")
            continue
        target = path if not path.exists() else path.with_name(f"{name}.new")
        replace_file(target, text.encode(), 0o644, chance)
        written.append(f"deploy/{target.name}")
    return written, kept


def _next_steps(settings: Settings, admin: Admin | None, *, admins: int) -> list[str]:
    data = settings.folder.resolve()
    deploy = data / "deploy"
    user = service_user(data)
    serves = f"it runs as {user}; without systemd: venire run --data {data}"
    steps = [
        f"sudo install -m 644 {deploy}/venire.service /etc/systemd/system/venire.service",
        f"sudo systemctl daemon-reload && sudo systemctl enable --now venire   ({serves})",
    ]
    if (deploy / "Caddyfile").exists():
        steps.append(
            f"sudo install -m 644 {deploy}/Caddyfile /etc/caddy/Caddyfile &&"
            " sudo systemctl reload caddy   (it gets the certificate)"
        )
    if (deploy / "nginx.conf").exists():
        steps.append(f"put {deploy}/nginx.conf where nginx looks, with your certificate; reload it")
    if admin is not None:
        steps.append(
            f"open {admin.link} and choose a password for @{admin.username}"
            f" (once, within {LINK_MS // DAY_MS} days; a new one: venire init --data {data}"
            f" --admin {admin.username})"
        )
    elif not admins:
        steps.append(f"nobody is admin: venire init --data {data} --admin NAME --admin-email ADDR")
    steps.append(f"keep copies of {data}/keys apart, and publish {data}/record.pub: docs/keys.md")
    steps.append(f"each night: venire snapshot --data {data} --to ELSEWHERE")
    return steps
