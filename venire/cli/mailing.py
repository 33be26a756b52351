"""`venire mail bounce`: what a mail server pipes a letter to that came back.

    bounce: "|venire mail bounce --url http://127.0.0.1:8000 --secret-file FILE"

Ends with 0 for what was taken in and for what nobody can use (a mail server must not answer a
bounce by another one), and with 75 (EX_TEMPFAIL, sysexits) where the site does not answer: the
server tries again.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from email import message_from_bytes, policy
from pathlib import Path

import click
import httpx

from venire.kernel.errors import Invalid
from venire.people.bounces import MESSAGE_BYTES
from venire.server.settings import load_settings

_TEMPORARY = 75
_SERVER = 500
_TOO_MANY = 429
_UNKNOWN = 401
_TIMEOUT_S = 30.0
_HEADERS = ("Delivered-To", "X-Original-To", "To")
_ADDRESS = re.compile(r"bounce\+[a-z2-7]{1,60}@[a-z0-9.-]{1,255}", re.IGNORECASE)
_DOOR = "/api/v1/mail/bounces"


@click.group()
def mail() -> None:
    """Letters by e-mail."""


@mail.command()
@click.option("--data", type=click.Path(file_okay=False), default=None, help="The data folder.")
@click.option("--url", default=None, help="Where the site listens; else as its settings say.")
@click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="keys/bounce.key, or a copy that the mail server may read.",
)
@click.option("--recipient", default="", help="The address it came to; else from its headers.")
def bounce(data: str | None, url: str | None, secret_file: Path | None, recipient: str) -> None:
    """Take in a letter that came back, from standard input."""
    # A report stands before the letter that it brings back: of a long one the beginning will do.
    message = sys.stdin.buffer.read(MESSAGE_BYTES)
    settings = load_settings({"data": data})
    path = secret_file or settings.folder / "keys" / "bounce.key"
    try:
        secret = path.read_bytes().hex()
    except OSError as error:
        click.echo(f"{path}: {error.strerror}", err=True)
        sys.exit(_TEMPORARY)
    address = recipient or os.environ.get("ORIGINAL_RECIPIENT", "") or _from_headers(message)
    base = url or f"http://{_host(settings.host)}:{settings.port}"
    sent = {"recipient": address, "message": base64.b64encode(message).decode()}
    try:
        with httpx.Client(base_url=base, timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = client.post(_DOOR, json=sent, headers={"Authorization": f"Bearer {secret}"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        click.echo(f"{base} does not answer: {type(error).__name__}", err=True)
        sys.exit(_TEMPORARY)
    if answer.status_code >= _SERVER or answer.status_code in {_TOO_MANY, _UNKNOWN}:
        click.echo(f"the site answers {answer.status_code}", err=True)
        sys.exit(_TEMPORARY)
    click.echo(answer.json().get("outcome", "refused"))


def _host(host: str) -> str:
    bare = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where it listens
    return f"[{bare}]" if ":" in bare else bare


def _from_headers(message: bytes) -> str:
    """Where a message was sent to, as a mail server noted it. Invalid `recipient_unknown`."""
    read = message_from_bytes(message[: 64 * 1024], policy=policy.compat32)
    for name in _HEADERS:
        for value in read.get_all(name, [])[:10]:
            found = _ADDRESS.search(str(value)[:2_000])
            if found is not None:
                return found[0]
    raise Invalid("recipient_unknown", "no address of ours in the headers: give --recipient")


COMMANDS = (mail,)
