"""`venire mirror`: a read-only mirror of another site's public media and record."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from venire.cli.verifying import read_key
from venire.kernel.errors import Invalid
from venire.record.note import parse_verifier_key
from venire.server.mirror_site import MirrorSettings, serve_mirror

_GIGABYTE = 1 << 30


@click.command("mirror")
@click.argument("url")
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The site's verifier key (record.pub), had from elsewhere than the site.",
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("mirror"))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@click.option("--room", type=click.IntRange(1), default=20, help="Gigabytes for media (20).")
def mirror(url: str, key_file: Path, data: Path, host: str, port: int, room: int) -> None:
    """Serve a read-only mirror of the public media and the record of the site at URL.

    It follows the site's signed list of what may not be shown, each minute, and shows no media
    while that list is an hour old.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise Invalid("url_malformed", "the address of a site, as https://example.org")
    settings = MirrorSettings(
        url=url.rstrip("/"),
        key=parse_verifier_key(read_key(key_file)),
        folder=data,
        host=host,
        port=port,
        room=room * _GIGABYTE,
    )
    sys.stderr.write(f"Mirror of {settings.url} at http://{host}:{port}\n")
    sys.stderr.flush()
    asyncio.run(serve_mirror(settings))


COMMANDS = (mirror,)
