"""`venire init`: from an empty machine to a site that can be started; later, what is asked for.

Keys are made once and never written over. Whatever is prompted for is also a flag.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from venire.cli.founding.checks import (
    Check,
    check_letters,
    check_machine,
    check_mail,
    lines_of,
)
from venire.cli.founding.founder import Founded, Wishes, found, owns_site
from venire.cli.founding.presets import PRESETS, SMALL
from venire.cli.options import data_option, json_option, on_house, print_result
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Problem, Unavailable
from venire.people.rules import check_email, check_username
from venire.server.settings import Settings, load_settings
from venire.server.wiring import House

_CHOICE = click.Choice
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@data_option
@click.option("--domain", default=None, help="Its domain; with --base-url, what handles end with.")
@click.option("--base-url", default=None, help="Where people reach it (https://DOMAIN).")
@click.option(
    "--tls",
    type=_CHOICE(["caddy", "own", "none"]),
    default=None,
    help="Who speaks TLS in front of it: Caddy, a proxy of your own, nobody.",
)
@click.option("--host", default=None, help="Address to listen on (127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Port (8000).")
@click.option("--title", default=None, help="The site's name.")
@click.option("--contact", default=None, help="An address for everybody; it is published.")
@click.option("--language", type=_CHOICE(["en", "id"]), default=None)
@click.option("--preset", type=_CHOICE(sorted(PRESETS)), default=None, help="small: a village.")
@click.option("--registrations", type=_CHOICE(["open", "approval", "closed"]), default=None)
@click.option("--policy", type=_FILE, default=None, help="A policy of your own; it is copied.")
@click.option("--mail", default=None, metavar="smtp://USER@HOST:587", help="Or smtps://; or ''.")
@click.option("--mail-from", default=None, help="Where letters come from (no-reply@DOMAIN).")
@click.option("--mail-password-file", type=_FILE, default=None, help="It is copied to the keys.")
@click.option("--admin", default=None, help="An admin: made, or given a new link.")
@click.option("--admin-email", default=None)
@click.option("--test-mail", default="", metavar="ADDRESS", help="Send a letter to see it come.")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; only look.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not said is as usual.")
@json_option
def init(
    data: str | None,
    test_mail: str,
    json_to: str | None,
    *,
    only_check: bool,
    yes: bool,
    **given: Any,
) -> None:
    """Make a site, step by step, or change one; then look whether this machine can carry it."""
    folder = load_settings({"data": data}).folder
    if only_check:
        _only_check(folder, test_mail, json_to)
        return
    wishes = Wishes(data=folder, **{name: value for name, value in given.items() if value != ""})
    if given["mail"] == "":
        wishes = msgspec.structs.replace(wishes, mail="")
    fresh = not owns_site(folder)
    if not yes and json_to != "-" and sys.stdin.isatty():
        wishes = _asked(wishes, fresh=fresh)
    _refuse_missing(wishes, fresh=fresh)
    made = found(wishes, SystemChance())
    settings = load_settings({"data": str(folder)})
    checks = _checks(settings, test_mail)
    result = {**msgspec.to_builtins(made), "checks": msgspec.to_builtins(checks)}
    print_result(result, json_to, "\n".join(_told(made, settings, checks)))


def _only_check(folder: Path, test_mail: str, json_to: str | None) -> None:
    checks = _checks(load_settings({"data": str(folder)}), test_mail)
    print_result({"checks": msgspec.to_builtins(checks)}, json_to, "\n".join(lines_of(checks)))
    wrong = [check.name for check in checks if check.state == "wrong"]
    if wrong:
        raise Unavailable("machine_unfit", f"look at: {', '.join(wrong)}")


def _checks(settings: Settings, test_mail: str) -> list[Check]:
    clock = SystemClock()
    checks = [*check_machine(settings, clock), check_mail(settings, test_mail, clock)]
    if owns_site(settings.folder):
        try:
            checks.append(on_house(_letters, data=str(settings.folder)))
        except Problem as problem:
            checks.append(Check("site", "wrong", problem.code, problem.hint))
    return checks


async def _letters(house: House) -> Check:
    return await check_letters(house)


def _asked(wishes: Wishes, *, fresh: bool) -> Wishes:
    """Ask for what was not said; of a site that is there, nothing."""
    if not fresh:
        return wishes
    answers: dict[str, Any] = {}

    def ask(name: str, question: str, default: str | None, choices: list[str] | None = None) -> str:
        said = getattr(wishes, name)
        if said is None:
            kind = click.Choice(choices) if choices else None
            said = click.prompt(question, default=default, type=kind, err=True)
            answers[name] = said
        return str(said)

    domain = ask("domain", "Domain of the site (handles end with it)", None)
    ask("tls", "TLS by Caddy, by a proxy of your own, or none", "caddy", ["caddy", "own", "none"])
    ask("preset", "How large will it be", SMALL, sorted(PRESETS))
    ask("title", "Name of the site", domain)
    ask("language", "Language of its letters", "en", ["en", "id"])
    ask("admin", "Username of the first admin", "admin")
    email = ask("admin_email", "Their e-mail address", None)
    ask("contact", "Contact address, published", email)
    mail = ask("mail", "Mail server, smtp://user@host:587 (empty: none)", "")
    if mail and wishes.mail_password_file is None and "@" in mail.rpartition("/")[2]:
        password = click.prompt("Its password", hide_input=True, err=True)
        answers["mail_password"] = password
    return msgspec.structs.replace(wishes, **answers)


def _refuse_missing(wishes: Wishes, *, fresh: bool) -> None:
    if fresh and wishes.domain is None and wishes.base_url is None:
        raise click.UsageError("a new site needs --domain (or --base-url)")
    if fresh and (wishes.admin is None or wishes.admin_email is None):
        raise click.UsageError("a new site needs --admin NAME --admin-email ADDRESS")
    faults = check_username(wishes.admin, operator=True) if wishes.admin else []
    faults += check_email(wishes.admin_email) if wishes.admin_email else []
    if faults:
        raise click.UsageError(f"--admin: {faults[0].field} {faults[0].description}")


def _told(made: Founded, settings: Settings, checks: list[Check]) -> list[str]:
    lines = [f"The site {settings.title} at {settings.url}, in {made.data}", ""]
    lines += [f"  wrote   {name}" for name in made.written]
    lines += [f"  kept    {name}" for name in made.kept]
    if made.changed:
        lines += ["", "Settings:", *(f"  {n} = {v}" for n, v in sorted(made.changed.items()))]
    lines += ["", "This machine:", *lines_of(checks), "", "Next:"]
    lines += [f"  {number}. {step}" for number, step in enumerate(made.next_steps, 1)]
    return lines


COMMANDS = (init,)
